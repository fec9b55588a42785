/**
 * The public object. Calls before `init` wait for it, in order; no call ever throws, whatever it is given: what goes
 * wrong becomes an `error` event.
 */
import { type Client, createClient } from './client';
import { createEmitter } from './emitter';
import type { Extension } from './extension';
import { rendererUrl } from './loader';
import type { EventName, Guard, Handler, InitOptions } from './types';

/** What the tag said about itself. */
export interface Tag {
  src?: string | undefined;
  nonce?: string | undefined;
}

export interface Pilotfish extends Client {
  init(key: string, options?: InitOptions): void;
  on<E extends EventName>(event: E, handler: Handler<E>): void;
  off<E extends EventName>(event: E, handler: Handler<E>): void;
}

const CALLS = 'identify group track page screen anonymous reset show dismiss mute unmute debug use'.split(
  ' ',
) as (keyof Client)[];

export function createApi(tag: Tag = {}): Pilotfish {
  const emitter = createEmitter();
  const guard: Guard =
    (fn) =>
    (...args) => {
      try {
        fn(...args);
      } catch (error) {
        emitter.emit('error', { code: 'internal', message: `${error}` });
      }
    };
  let client: Client | undefined;
  const waiting: (() => void)[] = [];

  function init(key: string, options: InitOptions = {}): void {
    if (client) throw new Error('init was called already');
    if (!/^pfe_/.test(key)) throw new Error('init needs a browser key: pfe_…');
    const edge = options.edge ? new URL(options.edge).href.replace(/\/$/, '') : new URL(tag.src as string).origin;
    const renderer = rendererUrl(tag.src, edge);
    client = createClient({ nonce: tag.nonce, ...options, key, edge, renderer } as never, emitter, guard);
    for (const call of waiting.splice(0)) call();
  }

  const api = { init: guard(init), on: guard(emitter.on), off: guard(emitter.off) } as unknown as Pilotfish;
  for (const name of CALLS) {
    const call = guard((...args: unknown[]) => {
      if (client) (client[name] as (...args: unknown[]) => void)(...args);
      else waiting.push(() => call(...args));
    });
    Object.assign(api, { [name]: call });
  }
  return api;
}

export type { Extension };
