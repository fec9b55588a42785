/** Whom one bills, and what each of them owes. */
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { count, money } from "../format";
import { type Book, newCustomer } from "../model/book";
import { type Customer, type Day, gross, statusOf } from "../model/invoice";
import { Flag } from "../ui/flag";
import { PageHead } from "../ui/shell";

interface Props {
  readonly book: Book;
  readonly today: Day;
  readonly onAdd: (customer: Customer) => void;
}

export function CustomersPage({ book, today, onAdd }: Props) {
  const [adding, setAdding] = useState(false);
  const opener = useRef<HTMLButtonElement>(null);

  function close() {
    setAdding(false);
    opener.current?.focus();
  }

  return (
    <>
      <PageHead title="Customers" lead={`${count(book.customers.length, "customer")}, and what each of them owes you.`}>
        <button
          type="button"
          id="add-customer"
          class="primary"
          ref={opener}
          aria-expanded={adding}
          onClick={() => setAdding(!adding)}
        >
          Add customer
        </button>
      </PageHead>
      {adding && (
        <CustomerForm
          onCancel={close}
          onSave={(name, email, city) => {
            onAdd(newCustomer(book, name, email, city));
            close();
          }}
        />
      )}
      <CustomerTable book={book} today={today} />
    </>
  );
}

function CustomerTable({ book, today }: { readonly book: Book; readonly today: Day }) {
  return (
    <table class="table" aria-label="Customers">
      <thead>
        <tr>
          <th scope="col">Customer</th>
          <th scope="col" class="wide">
            E-mail
          </th>
          <th scope="col" class="wide">
            City
          </th>
          <th scope="col" class="amount">
            Invoices
          </th>
          <th scope="col" class="amount">
            Owes
          </th>
        </tr>
      </thead>
      <tbody>
        {book.customers.map((customer) => {
          const theirs = book.invoices.filter((invoice) => invoice.customerId === customer.id);
          const open = theirs.filter((invoice) => ["sent", "overdue"].includes(statusOf(invoice, today)));
          const owes = open.reduce((sum, invoice) => sum + gross(invoice), 0);
          return (
            <tr key={customer.id} data-customer={customer.id}>
              <td>
                <span class="with-flag">
                  <Flag name={customer.name} />
                  {customer.name}
                </span>
              </td>
              <td class="wide">{customer.email}</td>
              <td class="wide">{customer.city}</td>
              <td class="amount figure">{theirs.length}</td>
              <td class="amount figure">{owes > 0 ? money(owes) : "–"}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

interface FormProps {
  readonly onSave: (name: string, email: string, city: string) => void;
  readonly onCancel: () => void;
}

function CustomerForm({ onSave, onCancel }: FormProps) {
  const first = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => first.current?.focus(), []);
  return (
    <form
      class="panel inline-form"
      aria-label="New customer"
      onKeyDown={(event) => {
        if (event.key === "Escape") onCancel();
      }}
      onSubmit={(event) => {
        event.preventDefault();
        const fields = new FormData(event.currentTarget);
        const read = (name: string) => String(fields.get(name) ?? "").trim();
        onSave(read("name"), read("email"), read("city"));
      }}
    >
      <label class="grow">
        Name
        <input id="customer-name" name="name" required maxLength={80} pattern=".*\S.*" ref={first} />
      </label>
      <label class="grow">
        E-mail
        <input id="customer-email" name="email" type="email" required maxLength={120} />
      </label>
      <label>
        City
        <input id="customer-city" name="city" maxLength={60} />
      </label>
      <div class="row actions">
        <button type="submit" id="save-customer" class="primary">
          Save customer
        </button>
        <button type="button" onClick={onCancel}>
          Cancel
        </button>
      </div>
    </form>
  );
}
