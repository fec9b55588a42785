/** Where a button of a definition may lead: this origin, or https elsewhere. Never a script, never a data URL. */

export interface Link {
  href: string;
  /** Leaves the customer's product: opens beside it. */
  outside: boolean;
}

export function safeLink(url: string | undefined, base: string = location.href): Link | undefined {
  if (!url) return undefined;
  try {
    const { href, origin, protocol } = new URL(url, base);
    const outside = origin !== new URL(base).origin;
    return /^https?:$/.test(protocol) && (!outside || protocol === 'https:') ? { href, outside } : undefined;
  } catch {
    return undefined;
  }
}
