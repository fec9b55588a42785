/**
 * What an invoice is. Amounts are whole cents, dates are ISO days (`2026-11-22`), so that nothing here
 * depends on a clock, a zone or floating point.
 */

export type Day = string;

export interface Line {
  readonly description: string;
  readonly quantity: number;
  /** Price of one, in cents, before VAT. */
  readonly price: number;
}

export interface Customer {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly city: string;
  /** What this customer is usually billed for: a new invoice begins with it. */
  readonly usual: Line;
}

export interface Invoice {
  readonly number: number;
  readonly customerId: string;
  readonly lines: readonly Line[];
  readonly issued: Day;
  readonly due: Day;
  readonly sent: Day | null;
  readonly paid: Day | null;
}

export type Status = "draft" | "sent" | "overdue" | "paid";

export const CURRENCY = "EUR";
export const VAT_PERCENT = 20;

export function addDays(day: Day, count: number): Day {
  const date = new Date(`${day}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() + count);
  return date.toISOString().slice(0, 10);
}

export function daysBetween(from: Day, to: Day): number {
  return Math.round((Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / 86_400_000);
}

/** The calendar day of `now` where the reader is. */
export function dayOf(now: Date): Day {
  const two = (value: number) => String(value).padStart(2, "0");
  return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
}

export interface Totals {
  readonly net: number;
  readonly vat: number;
  readonly gross: number;
}

export function lineTotal(line: Line): number {
  return Math.round(line.quantity * line.price);
}

export function totals(lines: readonly Line[]): Totals {
  const net = lines.reduce((sum, line) => sum + lineTotal(line), 0);
  const vat = Math.round((net * VAT_PERCENT) / 100);
  return { net, vat, gross: net + vat };
}

export function gross(invoice: Invoice): number {
  return totals(invoice.lines).gross;
}

export function statusOf(invoice: Invoice, today: Day): Status {
  if (invoice.paid !== null) return "paid";
  if (invoice.sent === null) return "draft";
  return invoice.due < today ? "overdue" : "sent";
}
