/** Random names, from the browser's generator only. */

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** 128 random bits: the device credential. */
export function credential(): string {
  return hex(crypto.getRandomValues(new Uint8Array(16)));
}

/** UUID version 4. `crypto.randomUUID` is missing on plain-http pages, so it is made by hand. */
export function uuid(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] as number) & 15) | 64;
  bytes[8] = ((bytes[8] as number) & 63) | 128;
  return hex(bytes).replace(/(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
