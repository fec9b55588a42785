import { describe, expect, it } from "vitest";
import {
  apply,
  type Book,
  figures,
  listed,
  newCustomer,
  nextNumber,
  nextToBill,
  receivedByMonth,
} from "../src/model/book";
import { addDays, daysBetween, gross, type Invoice, statusOf, totals } from "../src/model/invoice";
import { seed } from "../src/model/seed";

const TODAY = "2026-11-22";

const invoice = (part: Partial<Invoice>): Invoice => ({
  number: 1,
  customerId: "a",
  lines: [{ description: "work", quantity: 1, price: 10_000 }],
  issued: TODAY,
  due: addDays(TODAY, 14),
  sent: null,
  paid: null,
  ...part,
});

const book = (...invoices: Invoice[]): Book => ({ ...seed(TODAY), invoices });

describe("days", () => {
  it("are added across months and leap days", () => {
    expect(addDays("2028-02-28", 1)).toBe("2028-02-29");
    expect(addDays("2026-12-31", 1)).toBe("2027-01-01");
    expect(daysBetween("2026-03-28", "2026-03-30")).toBe(2);
  });
});

describe("an invoice", () => {
  it("adds VAT to the rounded lines", () => {
    const lines = [
      { description: "a", quantity: 1.5, price: 333 },
      { description: "b", quantity: 2, price: 10_000 },
    ];
    expect(totals(lines)).toEqual({ net: 20_500, vat: 4_100, gross: 24_600 });
  });

  it("is late only from the day after it is due", () => {
    expect(statusOf(invoice({ sent: TODAY, due: TODAY }), TODAY)).toBe("sent");
    expect(statusOf(invoice({ sent: TODAY, due: TODAY }), addDays(TODAY, 1))).toBe("overdue");
    expect(statusOf(invoice({ due: "2026-01-01" }), TODAY)).toBe("draft");
    expect(statusOf(invoice({ sent: TODAY, paid: TODAY, due: "2026-01-01" }), TODAY)).toBe("paid");
  });
});

describe("the book", () => {
  it("sends an invoice once", () => {
    const sent = apply(book(invoice({})), { kind: "invoice-sent", number: 1, day: TODAY });
    const again = apply(sent, { kind: "invoice-sent", number: 1, day: "2027-01-01" });
    expect(again.invoices[0]?.sent).toBe(TODAY);
  });

  it("counts late invoices among those that wait for money", () => {
    const late = invoice({ number: 1, sent: "2026-10-01", due: "2026-10-15" });
    const open = invoice({ number: 2, sent: TODAY });
    const paid = invoice({ number: 3, sent: "2026-10-01", paid: addDays(TODAY, -30) });
    expect(figures(book(late, open, paid, invoice({ number: 4 })), TODAY)).toEqual({
      outstanding: 24_000,
      outstandingCount: 2,
      overdue: 12_000,
      overdueCount: 1,
      paidIn30Days: 0,
      paidCount: 0,
    });
    expect(listed(book(late, open, paid), "sent", TODAY).map(({ number }) => number)).toEqual([2, 1]);
  });

  it("proposes somebody else for the next invoice", () => {
    const start = seed(TODAY);
    const first = nextToBill(start);
    const billed = invoice({ number: nextNumber(start), customerId: first?.id ?? "" });
    const second = nextToBill(apply(start, { kind: "invoice-created", invoice: billed }));
    expect(second?.id).not.toBe(first?.id);
  });

  it("keeps two customers of one name apart", () => {
    const start = seed(TODAY);
    const one = newCustomer(start, "Quay", "a@quay.example", "");
    const two = newCustomer(apply(start, { kind: "customer-added", customer: one }), "Quay", "b@quay.example", "");
    expect(one.id).not.toBe(two.id);
  });

  it("sums what came in by calendar month, over a new year", () => {
    const january = invoice({ sent: "2026-12-20", paid: "2027-01-02" });
    expect(receivedByMonth(book(january), "2027-01-31", 2)).toEqual([
      { month: "2026-12", received: 0 },
      { month: "2027-01", received: 12_000 },
    ]);
  });
});

describe("the seed", () => {
  it("is the same every time, of every status, and never from the future", () => {
    const start = seed(TODAY);
    expect(start).toEqual(seed(TODAY));
    expect(new Set(start.invoices.map((one) => statusOf(one, TODAY)))).toEqual(
      new Set(["draft", "sent", "overdue", "paid"]),
    );
    for (const one of start.invoices) {
      expect(one.issued <= TODAY && (one.paid ?? "") <= TODAY).toBe(true);
      expect(gross(one)).toBeGreaterThan(0);
    }
  });
});
