/** The frame of every page of somebody who is signed in. */
import type { ComponentChildren } from "preact";
import type { Route } from "../router";
import type { User } from "../session";
import { Flag } from "./flag";

interface Props {
  readonly user: User;
  readonly page: Route["page"];
  /** What has just been done; read out by screen readers. */
  readonly notice: string | null;
  readonly onSignOut: () => void;
  readonly children: ComponentChildren;
}

const PLACES = [
  { id: "nav-overview", href: "/overview", label: "Overview", pages: ["overview"] },
  { id: "nav-invoices", href: "/invoices", label: "Invoices", pages: ["invoices", "invoice", "new-invoice"] },
  { id: "nav-customers", href: "/customers", label: "Customers", pages: ["customers"] },
] as const satisfies ReadonlyArray<{ id: string; href: string; label: string; pages: readonly Route["page"][] }>;

export function Brand() {
  return (
    <span class="brand">
      <Flag name="Harbour" size={22} />
      Harbour
    </span>
  );
}

export function Shell({ user, page, notice, onSignOut, children }: Props) {
  return (
    <>
      <a class="skip" href="#main">
        Skip to content
      </a>
      <header class="bar">
        <div class="bar-inner">
          <a class="home" href="/overview">
            <Brand />
          </a>
          <nav aria-label="Main">
            {PLACES.map((place) => (
              <a
                key={place.id}
                id={place.id}
                href={place.href}
                aria-current={(place.pages as readonly string[]).includes(page) ? "page" : undefined}
              >
                {place.label}
              </a>
            ))}
          </nav>
          <div class="who">
            <span class="who-text">
              <strong id="user-name">{user.name}</strong>
              <span>{user.company.name}</span>
            </span>
            <button type="button" id="sign-out" class="on-bar" onClick={onSignOut}>
              Sign out
            </button>
          </div>
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        <div role="status" class="notice-place">
          {notice !== null && <p class="notice">{notice}</p>}
        </div>
        {children}
      </main>
      <footer>
        <span class="demo-hint">demo</span> Invoices here live in this tab only, and nothing is mailed to anybody.
      </footer>
    </>
  );
}

export function PageHead(props: {
  readonly title: string;
  readonly lead: string;
  readonly children?: ComponentChildren;
}) {
  return (
    <div class="page-head">
      <div>
        <h1 tabIndex={-1}>{props.title}</h1>
        <p class="lead">{props.lead}</p>
      </div>
      {props.children}
    </div>
  );
}
