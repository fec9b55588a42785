/** Which page is shown to whom, and what happens when something is done on it. */
import { useEffect, useReducer, useRef, useState } from "preact/hooks";
import { money } from "./format";
import { apply, type Book, customerOf } from "./model/book";
import { type Customer, type Day, gross, type Invoice } from "./model/invoice";
import { seed } from "./model/seed";
import { CustomersPage } from "./pages/customers";
import { InvoicePage, InvoicesPage } from "./pages/invoices";
import { NewInvoicePage } from "./pages/new-invoice";
import { OverviewPage } from "./pages/overview";
import { SignInPage } from "./pages/sign-in";
import * as pilotfish from "./pilotfish";
import { HOME, navigate, parse, type Route, useAddress } from "./router";
import type { Config, Session } from "./session";
import { PageHead, Shell } from "./ui/shell";

const TITLES: Readonly<Record<Route["page"], string>> = {
  "sign-in": "Sign in",
  overview: "Overview",
  invoices: "Invoices",
  invoice: "Invoice",
  "new-invoice": "New invoice",
  customers: "Customers",
  "not-found": "Not found",
};

export function App({ config, today }: { readonly config: Config; readonly today: Day }) {
  const address = useAddress();
  const route = parse(address);
  const [session, setSession] = useState<Session | null>(null);
  useHeadingFocus(address, TITLES[route.page]);

  useEffect(() => {
    if (session === null && route.page !== "sign-in")
      navigate(`/sign-in?next=${encodeURIComponent(address)}`, "replace");
    if (session !== null && route.page === "sign-in") navigate(route.next, "replace");
    if (session !== null && location.pathname === "/") navigate(HOME, "replace");
  });

  if (session === null) {
    return (
      <SignInPage
        users={config.users}
        onSignedIn={(entered) => {
          pilotfish.identify(entered);
          setSession(entered);
        }}
      />
    );
  }
  return (
    <Workspace
      key={session.user.id}
      session={session}
      route={route}
      address={address}
      today={today}
      onSignOut={() => {
        pilotfish.reset();
        setSession(null);
        navigate("/sign-in");
      }}
    />
  );
}

/** After a change of page the title is right and the keyboard is at its heading; not at the first page. */
function useHeadingFocus(address: string, title: string) {
  const before = useRef(address);
  useEffect(() => {
    document.title = `${title} · Harbour`;
    if (before.current === address) return;
    before.current = address;
    scrollTo(0, 0);
    document.querySelector<HTMLElement>("h1")?.focus({ preventScroll: true });
  }, [address, title]);
}

interface WorkspaceProps {
  readonly session: Session;
  readonly route: Route;
  readonly address: string;
  readonly today: Day;
  readonly onSignOut: () => void;
}

function Workspace({ session, route, address, today, onSignOut }: WorkspaceProps) {
  const [book, change] = useReducer(apply, today, seed);
  const [notice, setNotice] = useState<{ readonly text: string; readonly at: string } | null>(null);

  function tell(text: string, at: string) {
    setNotice({ text, at });
    navigate(at);
  }

  function create(invoice: Invoice) {
    change({ kind: "invoice-created", invoice });
    pilotfish.invoiceCreated(gross(invoice));
  }

  function send(invoice: Invoice) {
    change({ kind: "invoice-sent", number: invoice.number, day: today });
    pilotfish.invoiceSent(gross(invoice));
    const name = customerOf(book, invoice)?.name ?? "the customer";
    tell(`Invoice ${invoice.number} is on its way to ${name}: ${money(gross(invoice))}.`, "/invoices");
  }

  const actions: Actions = {
    send,
    draft(invoice) {
      create(invoice);
      tell(`Invoice ${invoice.number} is kept as a draft.`, "/invoices");
    },
    sendNew(invoice) {
      create(invoice);
      send(invoice);
    },
    paid(invoice) {
      change({ kind: "invoice-paid", number: invoice.number, day: today });
      tell(`Invoice ${invoice.number} is paid. ${money(gross(invoice))} came in.`, "/invoices");
    },
    addCustomer(customer) {
      change({ kind: "customer-added", customer });
      pilotfish.customerAdded();
      tell(`${customer.name} is on board.`, "/customers");
    },
  };

  return (
    <Shell
      user={session.user}
      page={route.page}
      notice={notice !== null && notice.at === address ? notice.text : null}
      onSignOut={onSignOut}
    >
      <Page route={route} book={book} session={session} today={today} actions={actions} />
    </Shell>
  );
}

interface Actions {
  readonly send: (invoice: Invoice) => void;
  readonly sendNew: (invoice: Invoice) => void;
  readonly draft: (invoice: Invoice) => void;
  readonly paid: (invoice: Invoice) => void;
  readonly addCustomer: (customer: Customer) => void;
}

interface PageProps {
  readonly route: Route;
  readonly book: Book;
  readonly session: Session;
  readonly today: Day;
  readonly actions: Actions;
}

function Page({ route, book, session: { user }, today, actions }: PageProps) {
  switch (route.page) {
    case "sign-in":
      return null;
    case "overview":
      return <OverviewPage book={book} today={today} user={user} />;
    case "invoices":
      return <InvoicesPage book={book} today={today} status={route.status} />;
    case "new-invoice":
      return <NewInvoicePage book={book} today={today} user={user} onDraft={actions.draft} onSend={actions.sendNew} />;
    case "customers":
      return <CustomersPage book={book} today={today} onAdd={actions.addCustomer} />;
    case "invoice": {
      const invoice = book.invoices.find((one) => one.number === route.number);
      if (invoice === undefined) return <NotFound />;
      const shared = { book, invoice, today, user };
      return <InvoicePage {...shared} onSend={actions.send} onPaid={actions.paid} />;
    }
    case "not-found":
      return <NotFound />;
  }
}

function NotFound() {
  return (
    <PageHead title="Nothing is moored here" lead="That address leads to no page or invoice of yours.">
      <a class="button primary" href={HOME}>
        Go to the overview
      </a>
    </PageHead>
  );
}
