/** Prints what a visitor downloads, and fails when it is over budget. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';

const dist = fileURLToPath(new URL('../dist/', import.meta.url));
const KB = 1024;
const rows = [
  { name: 'core: pilotfish.js', files: ['pilotfish.js'], budget: 6 * KB },
  { name: 'renderer.js', files: ['renderer.js'] },
  { name: 'first flow or survey', files: ['pilotfish.js', 'renderer.js'], budget: 25 * KB },
];

let over = false;
console.log(
  `${'what'.padEnd(24)}${'raw'.padStart(9)}${'gzip'.padStart(9)}${'brotli'.padStart(9)}${'budget'.padStart(9)}`,
);
for (const { name, files, budget } of rows) {
  const parts = files.map((file) => readFileSync(dist + file));
  const sum = (size) => parts.reduce((total, part) => total + size(part), 0);
  const gzip = sum((part) => gzipSync(part, { level: 9 }).length);
  const cells = [sum((part) => part.length), gzip, sum((part) => brotliCompressSync(part).length), budget ?? ''];
  console.log(name.padEnd(24) + cells.map((cell) => `${cell}`.padStart(9)).join(''));
  if (budget && gzip > budget) over = true;
}
if (over) {
  console.error('over budget (bytes of gzip)');
  process.exit(1);
}
