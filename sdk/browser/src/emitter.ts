/** Events for the customer's code. A handler that throws harms neither the others nor us. */
import type { EventName, Events, Handler } from './types';

export interface Emitter {
  on<E extends EventName>(event: E, handler: Handler<E>): void;
  off<E extends EventName>(event: E, handler: Handler<E>): void;
  emit<E extends EventName>(event: E, detail: Events[E]): void;
}

type Any = Handler<EventName>;

export function createEmitter(): Emitter {
  const handlers = new Map<EventName, Set<Any>>();
  /** `ready` happens once: who comes late is told at once. */
  let ready: Events['ready'] | undefined;
  const call = (handler: Any, detail: Events[EventName]): void => {
    try {
      handler(detail as never);
    } catch (error) {
      // theirs, not ours: shown where they look for it, and stopped here
      console.error(error);
    }
  };
  return {
    on(event, handler) {
      const set = handlers.get(event) ?? new Set();
      handlers.set(event, set.add(handler as Any));
      if (event === 'ready' && ready) call(handler as Any, ready);
    },
    off(event, handler) {
      handlers.get(event)?.delete(handler as Any);
    },
    emit(event, detail) {
      if (event === 'ready') ready = detail as Events['ready'];
      for (const handler of [...(handlers.get(event) ?? [])]) call(handler, detail);
    },
  };
}
