/**
 * A new invoice, beside the paper that it becomes. It begins with the customer who is next to be billed and
 * what they are usually billed for, so that sending it is one click.
 */
import { useState } from "preact/hooks";
import { type Book, nextNumber, nextToBill } from "../model/book";
import { addDays, type Day, type Invoice, type Line, totals } from "../model/invoice";
import type { User } from "../session";
import { Paper } from "../ui/invoice-parts";
import { PageHead } from "../ui/shell";

interface Props {
  readonly book: Book;
  readonly today: Day;
  readonly user: User;
  readonly onDraft: (invoice: Invoice) => void;
  readonly onSend: (invoice: Invoice) => void;
}

const TERMS = [7, 14, 30, 60];
const EMPTY: Line = { description: "", quantity: 1, price: 0 };

export function NewInvoicePage({ book, today, user, onDraft, onSend }: Props) {
  const [customer, setCustomer] = useState(() => nextToBill(book));
  const [lines, setLines] = useState<readonly Line[]>(() => [customer?.usual ?? EMPTY]);
  const [touched, setTouched] = useState(false);
  const [terms, setTerms] = useState(14);
  const [problem, setProblem] = useState<string | null>(null);

  const invoice: Invoice = {
    number: nextNumber(book),
    customerId: customer?.id ?? "",
    lines,
    issued: today,
    due: addDays(today, terms),
    sent: null,
    paid: null,
  };

  function choose(id: string) {
    const chosen = book.customers.find((one) => one.id === id);
    setCustomer(chosen);
    if (!touched && chosen !== undefined) setLines([chosen.usual]);
  }

  function edit(next: readonly Line[]) {
    setTouched(true);
    setProblem(null);
    setLines(next);
  }

  function finish(how: (invoice: Invoice) => void) {
    if (totals(lines).net > 0 && lines.every((line) => line.description.trim() !== "")) how(invoice);
    else setProblem("Every line needs a description, and the sum has to be more than zero.");
  }

  return (
    <>
      <PageHead title="New invoice" lead="What your customer will open takes shape as you type." />
      <div class="halves compose">
        <form
          class="panel"
          onSubmit={(event) => {
            event.preventDefault();
            finish(onSend);
          }}
        >
          <div class="row">
            <label class="grow">
              Customer
              <select
                id="invoice-customer"
                value={customer?.id ?? ""}
                onChange={(event) => choose(event.currentTarget.value)}
              >
                {book.customers.map((one) => (
                  <option key={one.id} value={one.id}>
                    {one.name}
                  </option>
                ))}
              </select>
            </label>
            <label>
              Payable within
              <select
                id="invoice-terms"
                value={String(terms)}
                onChange={(event) => setTerms(Number(event.currentTarget.value))}
              >
                {TERMS.map((days) => (
                  <option key={days} value={String(days)}>
                    {days} days
                  </option>
                ))}
              </select>
            </label>
          </div>
          <LineFields lines={lines} onChange={edit} />
          {problem !== null && (
            <p class="problem" role="alert">
              {problem}
            </p>
          )}
          <div class="row actions">
            <button type="submit" id="send-invoice" class="primary">
              Send invoice
            </button>
            <button type="button" id="save-draft" onClick={() => finish(onDraft)}>
              Save draft
            </button>
          </div>
        </form>
        <Paper invoice={invoice} customer={customer} from={user.company.name} />
      </div>
    </>
  );
}

function LineFields({
  lines,
  onChange,
}: {
  readonly lines: readonly Line[];
  readonly onChange: (lines: readonly Line[]) => void;
}) {
  const set = (index: number, part: Partial<Line>) =>
    onChange(lines.with(index, { ...(lines[index] ?? EMPTY), ...part }));
  return (
    <fieldset>
      <legend>Lines</legend>
      {lines.map((line, index) => (
        <div class="line" key={index}>
          <label class="line-description">
            Description
            <input
              value={line.description}
              maxLength={120}
              onInput={(event) => set(index, { description: event.currentTarget.value })}
            />
          </label>
          <label>
            Quantity
            <input
              type="number"
              min="0"
              step="any"
              value={line.quantity}
              onInput={(event) => set(index, { quantity: Math.max(0, event.currentTarget.valueAsNumber || 0) })}
            />
          </label>
          <label>
            Price, €
            <input
              type="number"
              min="0"
              step="any"
              value={line.price / 100}
              onInput={(event) =>
                set(index, { price: Math.max(0, Math.round((event.currentTarget.valueAsNumber || 0) * 100)) })
              }
            />
          </label>
          <button
            type="button"
            class="quiet"
            aria-label={`Remove line ${index + 1}`}
            disabled={lines.length === 1}
            onClick={() => onChange(lines.toSpliced(index, 1))}
          >
            ×
          </button>
        </div>
      ))}
      <button type="button" class="quiet" id="add-line" onClick={() => onChange([...lines, EMPTY])}>
        Add a line
      </button>
    </fieldset>
  );
}
