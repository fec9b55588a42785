import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { integrity, VERSION } from './edge';

const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string) => readFileSync(path, 'utf8');
const sha384 = (text: string) => `sha384-${createHash('sha384').update(text).digest('base64')}`;

it('is the same bytes every time', () => {
  const other = join(mkdtempSync(join(tmpdir(), 'pilotfish-')), 'dist');
  execFileSync('node', [`${root}scripts/build.mjs`, '--out', other]);
  for (const name of [
    'pilotfish.js',
    'renderer.js',
    'integrity.json',
    ...readdirSync(`${other}/esm`).map((one) => `esm/${one}`),
  ]) {
    expect(read(`${other}/${name}`) === read(`${root}dist/${name}`), name).toBe(true);
  }
});

it('lists the hashes of what it made, and the core knows its renderer', () => {
  const core = read(`${root}dist/pilotfish.js`);
  const renderer = sha384(read(`${root}dist/renderer.js`));
  expect(integrity).toEqual({
    '/sdk/pilotfish.js': sha384(core),
    [`/sdk/${VERSION}/pilotfish.js`]: sha384(core),
    [`/sdk/${VERSION}/renderer.js`]: renderer,
  });
  expect(core).toContain(renderer);
});

it('has no way to run text as code, in any bundle that a page loads', () => {
  for (const name of ['pilotfish.js', 'renderer.js']) {
    const text = read(`${root}dist/${name}`);
    expect(text).not.toMatch(/\beval\(|new Function\b|\bimport\(|document\.write|insertAdjacentHTML|outerHTML/);
  }
});
