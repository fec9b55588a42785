/**
 * Builds everything that is served or published. The renderer first: its hash is compiled into the core. Same sources,
 * same bytes, every time.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build, transform } from 'esbuild';
import { minify } from 'terser';

const root = fileURLToPath(new URL('..', import.meta.url));
const { version } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));

/** Style sheets become minified strings. */
const css = {
  name: 'css',
  setup({ onLoad }) {
    onLoad({ filter: /\.css$/ }, async ({ path }) => {
      const { code } = await transform(readFileSync(path, 'utf8'), {
        loader: 'css',
        minify: true,
        target: 'chrome110',
      });
      return { contents: code.trim(), loader: 'text' };
    });
  },
};

async function bundle(entry, format, integrity) {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [`src/${entry}`],
    bundle: true,
    write: false,
    format,
    target: 'es2020',
    charset: 'utf8',
    legalComments: 'none',
    jsxFactory: 'h',
    define: { __VERSION__: JSON.stringify(version), __RENDERER_INTEGRITY__: JSON.stringify(integrity) },
    plugins: [css],
  });
  const { code } = await minify(outputFiles[0].text, {
    ecma: 2020,
    module: format === 'esm',
    compress: { passes: 4, unsafe_arrows: true, unsafe_methods: true, pure_getters: true, keep_fargs: false },
    format: { ascii_only: false },
  });
  return `${code}\n`;
}

const sha384 = (text) => `sha384-${createHash('sha384').update(text).digest('base64')}`;

/** `--out DIR` builds beside, for comparison. */
const [, , flag, dir] = process.argv;
const out = flag === '--out' && dir ? dir : `${root}dist`;
rmSync(out, { recursive: true, force: true });
mkdirSync(`${out}/esm`, { recursive: true });

const renderer = await bundle('renderer.ts', 'iife', '');
const core = await bundle('index.ts', 'iife', sha384(renderer));
writeFileSync(`${out}/renderer.js`, renderer);
writeFileSync(`${out}/pilotfish.js`, core);
const integrity = {
  '/sdk/pilotfish.js': sha384(core),
  [`/sdk/${version}/pilotfish.js`]: sha384(core),
  [`/sdk/${version}/renderer.js`]: sha384(renderer),
};
writeFileSync(`${out}/integrity.json`, `${JSON.stringify(integrity, null, 2)}\n`);

writeFileSync(`${out}/esm/index.js`, await bundle('npm.ts', 'esm', sha384(renderer)));
writeFileSync(`${out}/esm/renderer.js`, await bundle('extensions.ts', 'esm', ''));
writeFileSync(`${out}/esm/preview.js`, await bundle('preview.ts', 'esm', ''));
