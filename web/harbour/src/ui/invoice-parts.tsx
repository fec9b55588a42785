/** Pieces that several pages show of an invoice: its status, its row in a table, and the paper itself. */
import { count, date, money } from "../format";
import { type Book, customerOf } from "../model/book";
import {
  type Customer,
  type Day,
  daysBetween,
  gross,
  type Invoice,
  lineTotal,
  type Status,
  statusOf,
  totals,
  VAT_PERCENT,
} from "../model/invoice";
import { Flag } from "./flag";

const LABELS: Readonly<Record<Status, string>> = { draft: "Draft", sent: "Sent", overdue: "Late", paid: "Paid" };

export function StatusChip({ status }: { readonly status: Status }) {
  return <span class={`chip chip-${status}`}>{LABELS[status]}</span>;
}

/** When money comes or came, in words. */
function dueText(invoice: Invoice, today: Day): string {
  if (invoice.paid !== null) return `Paid ${date(invoice.paid)}`;
  const left = daysBetween(today, invoice.due);
  if (invoice.sent === null) return "Not sent yet";
  if (left < 0) return `${count(-left, "day")} late`;
  return left === 0 ? "Due today" : `Due in ${count(left, "day")}`;
}

interface TableProps {
  readonly book: Book;
  readonly invoices: readonly Invoice[];
  readonly today: Day;
  readonly label: string;
}

export function InvoiceTable({ book, invoices, today, label }: TableProps) {
  return (
    <table class="table" aria-label={label}>
      <thead>
        <tr>
          <th scope="col">Customer</th>
          <th scope="col" class="wide">
            Number
          </th>
          <th scope="col" class="wide">
            Issued
          </th>
          <th scope="col">Status</th>
          <th scope="col" class="amount">
            Amount
          </th>
        </tr>
      </thead>
      <tbody>
        {invoices.map((invoice) => {
          const name = customerOf(book, invoice)?.name ?? "Unknown customer";
          return (
            <tr key={invoice.number} data-invoice={invoice.number} data-status={statusOf(invoice, today)}>
              <td>
                <span class="with-flag">
                  <Flag name={name} />
                  <span>
                    <a href={`/invoices/${invoice.number}`} aria-label={`${name}, invoice ${invoice.number}`}>
                      {name}
                    </a>
                    <small>{dueText(invoice, today)}</small>
                  </span>
                </span>
              </td>
              <td class="wide figure">{invoice.number}</td>
              <td class="wide">{date(invoice.issued)}</td>
              <td>
                <StatusChip status={statusOf(invoice, today)} />
              </td>
              <td class="amount figure">{money(gross(invoice))}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

interface PaperProps {
  readonly invoice: Invoice;
  readonly customer: Customer | undefined;
  readonly from: string;
}

/** The invoice as the customer will see it. */
export function Paper({ invoice, customer, from }: PaperProps) {
  const sum = totals(invoice.lines);
  return (
    <section class="paper" aria-label={`Invoice ${invoice.number} as the customer sees it`}>
      <div class="paper-head">
        <p class="paper-from">{from}</p>
        <p class="figure">No. {invoice.number}</p>
      </div>
      <dl class="paper-facts">
        <div>
          <dt>Billed to</dt>
          <dd>
            {customer?.name ?? "Choose a customer"}
            {customer !== undefined && <small>{customer.city}</small>}
          </dd>
        </div>
        <div>
          <dt>Issued</dt>
          <dd>{date(invoice.issued)}</dd>
        </div>
        <div>
          <dt>Due</dt>
          <dd>{date(invoice.due)}</dd>
        </div>
      </dl>
      <ul class="paper-lines">
        {invoice.lines.map((line, index) => (
          <li key={index}>
            <span>
              {line.description || "Untitled line"}
              <small>
                {line.quantity} × {money(line.price)}
              </small>
            </span>
            <span class="figure">{money(lineTotal(line))}</span>
          </li>
        ))}
      </ul>
      <dl class="paper-totals">
        <div>
          <dt>Net</dt>
          <dd class="figure">{money(sum.net)}</dd>
        </div>
        <div>
          <dt>VAT {VAT_PERCENT}%</dt>
          <dd class="figure">{money(sum.vat)}</dd>
        </div>
        <div class="paper-total">
          <dt>To pay</dt>
          <dd class="figure">{money(sum.gross)}</dd>
        </div>
      </dl>
    </section>
  );
}
