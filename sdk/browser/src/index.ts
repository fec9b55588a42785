/**
 * The tag: `<script async src="…/pilotfish.js" integrity="…" crossorigin nonce="…" data-key="pfe_…">`. Takes over the
 * function queue that the page may have made before, keeps that object's identity, and starts by itself when the tag
 * names a key.
 */
import { createApi, type Pilotfish } from './api';

type Call = [name: keyof Pilotfish, ...args: unknown[]];
interface Stub extends Partial<Pilotfish> {
  q?: Call[] | { push(call: Call): void };
}

function start(): void {
  const script = document.currentScript as HTMLScriptElement | null;
  const found = (window as { pilotfish?: Stub }).pilotfish;
  // a second copy of the tag; an element with id="pilotfish" also answers to that name, and has no queue
  const calls = Array.isArray(found?.q) ? found.q : undefined;
  if (found?.init && !calls) return;
  const api = createApi({ src: script?.src, nonce: script?.nonce });
  const stub: Stub = calls && found ? found : {};
  const run = ([name, ...args]: Call): void => (api[name] as ((...args: unknown[]) => void) | undefined)?.(...args);
  Object.assign(window, { pilotfish: Object.assign(stub, api, { q: { push: run } }) });
  const { key, edge } = script?.dataset ?? {};
  if (key) api.init(key, edge ? { edge } : {});
  for (const call of calls ?? []) run(call);
}

try {
  start();
} catch (error) {
  console.warn('pilotfish could not start', error);
}
