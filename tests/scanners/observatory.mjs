// MDN's HTTP Observatory on one host: prints its verdict as JSON. `node observatory.mjs localhost:8444`
import { existsSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const library = dirname(createRequire(import.meta.url).resolve("@mdn/mdn-http-observatory/package.json"));
// Its installer fetches Chromium's list of hosts that are known to be HTTPS only. Ours is not on it.
const preloaded = join(library, "conf/hsts-preload.json");
if (!existsSync(preloaded)) writeFileSync(preloaded, "{}");

const { scan } = await import(join(library, "src/scanner/index.js"));
const { scan: verdict, tests } = await scan(process.argv[2]);
const failed = Object.entries(tests).filter(([, test]) => !test.pass).map(([name, test]) => `${name}: ${test.result}`);
console.log(JSON.stringify({ score: verdict.score, tests: verdict.testsQuantity, failed }));
