/**
 * Harbour's only contact with Pilotfish: who somebody is, what they did, that they left. Calls made before
 * the SDK is there wait in a queue; if it never comes (blocked, offline), they wait for ever and Harbour
 * does not notice.
 */
import { CURRENCY } from "./model/invoice";
import type { Session } from "./session";

interface Sdk {
  identify(id: string, attributes: object, options: object): void;
  track(name: string, properties: object): void;
  reset(): void;
}

type Queued = [method: string, ...args: unknown[]];

declare global {
  interface Window {
    pilotfish?: Sdk;
  }
}

/** The function queue: `q` holds `[method, …arguments]` until the SDK takes this object over and runs them. */
export function queue(): Sdk & { readonly q: Queued[] } {
  const q: Queued[] = [];
  const later =
    (method: string) =>
    (...args: unknown[]) => {
      q.push([method, ...args]);
    };
  return { q, identify: later("identify"), track: later("track"), reset: later("reset") };
}

/** Looked up at each call: whoever came first, the SDK or this queue, has the name. */
function sdk(): Sdk {
  window.pilotfish ??= queue();
  return window.pilotfish;
}

export function identify({ user, token }: Session): void {
  const { name, email, plan, role } = user;
  const { id, ...attributes } = user.company;
  sdk().identify(user.id, { name, email, plan, role }, { company: { id, attributes }, token });
}

export function reset(): void {
  sdk().reset();
}

/** `cents` is what the customer is asked for; the event carries it in whole units of the currency. */
export function invoiceCreated(cents: number): void {
  sdk().track("Invoice Created", { amount: cents / 100, currency: CURRENCY });
}

export function invoiceSent(cents: number): void {
  sdk().track("Invoice Sent", { amount: cents / 100, currency: CURRENCY });
}

export function customerAdded(): void {
  sdk().track("Customer Added", {});
}
