/** The book: every customer and invoice of this tab, the changes that can be made to it and the figures read from it. */
import { type Customer, type Day, daysBetween, gross, type Invoice, type Line, type Status, statusOf } from "./invoice";

export interface Book {
  readonly customers: readonly Customer[];
  readonly invoices: readonly Invoice[];
}

export type Change =
  | { readonly kind: "invoice-created"; readonly invoice: Invoice }
  | { readonly kind: "invoice-sent"; readonly number: number; readonly day: Day }
  | { readonly kind: "invoice-paid"; readonly number: number; readonly day: Day }
  | { readonly kind: "customer-added"; readonly customer: Customer };

export function apply(book: Book, change: Change): Book {
  switch (change.kind) {
    case "invoice-created":
      return { ...book, invoices: [...book.invoices, change.invoice] };
    case "invoice-sent":
      return edit(book, change.number, (invoice) => ({ ...invoice, sent: invoice.sent ?? change.day }));
    case "invoice-paid":
      return edit(book, change.number, (invoice) => ({ ...invoice, paid: invoice.paid ?? change.day }));
    case "customer-added":
      return { ...book, customers: [...book.customers, change.customer] };
  }
}

function edit(book: Book, number: number, how: (invoice: Invoice) => Invoice): Book {
  return { ...book, invoices: book.invoices.map((invoice) => (invoice.number === number ? how(invoice) : invoice)) };
}

export function nextNumber(book: Book): number {
  return book.invoices.reduce((highest, invoice) => Math.max(highest, invoice.number), 1000) + 1;
}

export function customerOf(book: Book, invoice: Invoice): Customer | undefined {
  return book.customers.find((customer) => customer.id === invoice.customerId);
}

/** The customer who has waited longest for an invoice: whom a new invoice is probably for. */
export function nextToBill(book: Book): Customer | undefined {
  const last = new Map<string, number>();
  for (const invoice of book.invoices) last.set(invoice.customerId, invoice.number);
  return book.customers.reduce<Customer | undefined>((best, customer) => {
    if (best === undefined) return customer;
    return (last.get(customer.id) ?? 0) < (last.get(best.id) ?? 0) ? customer : best;
  }, undefined);
}

/** A new customer's id; the number keeps two of the same name apart. */
export function newCustomer(book: Book, name: string, email: string, city: string): Customer {
  const slug = name.toLowerCase().replace(/[^a-z0-9]+/g, "-");
  const usual: Line = { description: "Consulting, per day", quantity: 1, price: 50_000 };
  return { id: `${slug}-${book.customers.length + 1}`, name, email, city, usual };
}

/** Newest first, of one status or all; "sent" includes what is overdue: both wait for money. */
export function listed(book: Book, status: Status | null, today: Day): readonly Invoice[] {
  const wanted = book.invoices.filter((invoice) => {
    const is = statusOf(invoice, today);
    return status === null || is === status || (status === "sent" && is === "overdue");
  });
  return wanted.toSorted((a, b) => b.number - a.number);
}

export interface Figures {
  readonly outstanding: number;
  readonly outstandingCount: number;
  readonly overdue: number;
  readonly overdueCount: number;
  readonly paidIn30Days: number;
  readonly paidCount: number;
}

export function figures(book: Book, today: Day): Figures {
  const sum = (invoices: readonly Invoice[]) => invoices.reduce((total, invoice) => total + gross(invoice), 0);
  const open = listed(book, "sent", today);
  const late = listed(book, "overdue", today);
  const paid = book.invoices.filter((invoice) => invoice.paid !== null && daysBetween(invoice.paid, today) < 30);
  return {
    outstanding: sum(open),
    outstandingCount: open.length,
    overdue: sum(late),
    overdueCount: late.length,
    paidIn30Days: sum(paid),
    paidCount: paid.length,
  };
}

export interface Month {
  /** First seven characters of a day: `2026-11`. */
  readonly month: string;
  readonly received: number;
}

/** Money received in each of the last `count` calendar months, this one included, oldest first. */
export function receivedByMonth(book: Book, today: Day, count: number): readonly Month[] {
  const year = Number(today.slice(0, 4));
  const month = Number(today.slice(5, 7)) - 1;
  return Array.from({ length: count }, (_, index) => {
    const key = new Date(Date.UTC(year, month - (count - 1 - index), 1)).toISOString().slice(0, 7);
    const received = book.invoices
      .filter((invoice) => invoice.paid?.startsWith(key) === true)
      .reduce((total, invoice) => total + gross(invoice), 0);
    return { month: key, received };
  });
}
