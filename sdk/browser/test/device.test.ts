import { expect, it } from 'vitest';
import { credential, uuid } from '../src/random';
import { createDevice } from '../src/storage';

function fake(): Storage & { kept: Map<string, string> } {
  const kept = new Map<string, string>();
  return {
    kept,
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  } as never;
}

it('keeps one opaque credential of 128 bits, and finds it again', () => {
  const storage = fake();
  const id = createDevice(() => storage).id();
  expect(id).toMatch(/^[0-9a-f]{32}$/);
  expect([...storage.kept]).toEqual([['pilotfish_device', id]]);
  expect(createDevice(() => storage).id()).toBe(id);
});

it('replaces what is not a credential', () => {
  const storage = fake();
  storage.setItem('pilotfish_device', '"><script>');
  expect(createDevice(() => storage).id()).toMatch(/^[0-9a-f]{32}$/);
});

it('makes a new one at renewal', () => {
  const storage = fake();
  const device = createDevice(() => storage);
  const before = device.id();
  device.renew();
  expect(device.id()).not.toBe(before);
  expect(storage.kept.get('pilotfish_device')).toBe(device.id());
});

it('holds on to it in memory when storage throws, at the door or inside', () => {
  const broken = () => {
    throw new DOMException('denied');
  };
  for (const storage of [broken, () => ({ getItem: broken, setItem: broken }) as never]) {
    const device = createDevice(storage);
    const id = device.id();
    expect(id).toMatch(/^[0-9a-f]{32}$/);
    expect(device.id()).toBe(id);
    device.renew();
    expect(device.id()).not.toBe(id);
  }
});

it('makes version 4 UUIDs, and no two alike', () => {
  const made = Array.from({ length: 1000 }, uuid);
  for (const one of made) expect(one).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(new Set([...made, credential(), credential()]).size).toBe(1002);
});
