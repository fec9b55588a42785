/** All invoices, newest first, by status; and one invoice. */
import { count, date } from "../format";
import { type Book, customerOf, listed } from "../model/book";
import { type Day, type Invoice, type Status, statusOf } from "../model/invoice";
import type { User } from "../session";
import { InvoiceTable, Paper, StatusChip } from "../ui/invoice-parts";
import { PageHead } from "../ui/shell";

const FILTERS: ReadonlyArray<{ readonly status: Status | null; readonly label: string }> = [
  { status: null, label: "All" },
  { status: "draft", label: "Drafts" },
  { status: "sent", label: "Unpaid" },
  { status: "overdue", label: "Late" },
  { status: "paid", label: "Paid" },
];

interface ListProps {
  readonly book: Book;
  readonly today: Day;
  readonly status: Status | null;
}

export function InvoicesPage({ book, today, status }: ListProps) {
  const invoices = listed(book, status, today);
  return (
    <>
      <PageHead title="Invoices" lead="Everything you have billed, newest first.">
        <a id="new-invoice" class="button primary" href="/invoices/new">
          New invoice
        </a>
      </PageHead>
      <nav class="filters" aria-label="Invoices by status">
        {FILTERS.map((filter) => (
          <a
            key={filter.label}
            href={filter.status === null ? "/invoices" : `/invoices?status=${filter.status}`}
            aria-current={filter.status === status ? "true" : undefined}
          >
            {filter.label} <span class="figure">{listed(book, filter.status, today).length}</span>
          </a>
        ))}
      </nav>
      {invoices.length > 0 ? (
        <InvoiceTable
          book={book}
          invoices={invoices}
          today={today}
          label={`Invoices, ${count(invoices.length, "row")}`}
        />
      ) : (
        <p class="empty">Nothing here. That can be a good thing.</p>
      )}
    </>
  );
}

interface OneProps {
  readonly book: Book;
  readonly invoice: Invoice;
  readonly today: Day;
  readonly user: User;
  readonly onSend: (invoice: Invoice) => void;
  readonly onPaid: (invoice: Invoice) => void;
}

export function InvoicePage({ book, invoice, today, user, onSend, onPaid }: OneProps) {
  const customer = customerOf(book, invoice);
  const status = statusOf(invoice, today);
  return (
    <>
      <PageHead
        title={`Invoice ${invoice.number}`}
        lead={`${customer?.name ?? "Unknown customer"}, ${date(invoice.issued)}`}
      >
        {status === "draft" && (
          <button type="button" id="send-invoice" class="primary" onClick={() => onSend(invoice)}>
            Send invoice
          </button>
        )}
        {(status === "sent" || status === "overdue") && (
          <button type="button" id="mark-paid" class="primary" onClick={() => onPaid(invoice)}>
            Mark as paid
          </button>
        )}
        {status === "paid" && <StatusChip status={status} />}
      </PageHead>
      <div class="paper-alone">
        <Paper invoice={invoice} customer={customer} from={user.company.name} />
        <a class="more" href="/invoices">
          Back to invoices
        </a>
      </div>
    </>
  );
}
