/**
 * The only thing we leave in a browser: one opaque random credential under one key. Where storage is missing or
 * throws (private modes, sandboxed frames, blocked cookies) it lives in memory for the life of the page.
 */
import { credential } from './random';

const KEY = 'pilotfish_device';

export interface Device {
  /** The credential, made at the first look. */
  id(): string;
  /** Forgets it and makes a new one. */
  renew(): void;
}

export function createDevice(storage: () => Storage = () => localStorage): Device {
  let current: string | undefined;
  const make = (): string => {
    current = credential();
    try {
      storage().setItem(KEY, current);
    } catch {
      // memory it is
    }
    return current;
  };
  const read = (): string | undefined => {
    try {
      const stored = storage().getItem(KEY);
      return stored && /^[0-9a-f]{32}$/.test(stored) ? stored : undefined;
    } catch {
      return undefined;
    }
  };
  return {
    id() {
      current ??= read();
      return current ?? make();
    },
    renew() {
      make();
    },
  };
}
