/** Who are you? A demo person in one click, or somebody new. */
import { useState } from "preact/hooks";
import { type Session, type SignIn, signIn, type User } from "../session";
import { Flag } from "../ui/flag";
import { Brand } from "../ui/shell";

interface Props {
  readonly users: readonly User[];
  readonly onSignedIn: (session: Session) => void;
}

const FLEET = ["H", "A", "R", "B", "O", "U", "R"];

export function SignInPage({ users, onSignedIn }: Props) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);

  async function enter(request: SignIn) {
    if (busy) return;
    setBusy(true);
    setProblem(null);
    try {
      onSignedIn(await signIn(request));
    } catch {
      setProblem("Harbour could not sign you in. Nothing was lost; please try again in a moment.");
      setBusy(false);
    }
  }

  return (
    <main class="sign-in" id="main">
      <div class="sign-in-brand">
        <Brand />
        <p class="slogan">Invoices that come&nbsp;home.</p>
        <div class="hoist">
          {FLEET.map((letter, index) => (
            <Flag key={index} name={letter} size={44} />
          ))}
        </div>
      </div>
      <div class="sign-in-form">
        <h1 tabIndex={-1}>Sign in</h1>
        <p class="lead">
          <span class="demo-hint">demo</span> Pick somebody, or be somebody new.
        </p>
        {problem !== null && (
          <p class="problem" role="alert">
            {problem}
          </p>
        )}
        <ul class="people">
          {users.map((user) => (
            <li key={user.id}>
              <button
                type="button"
                class="person"
                data-user={user.id}
                disabled={busy}
                onClick={() => enter({ user: user.id })}
              >
                <Flag name={user.name} size={32} />
                <span>
                  <strong>{user.name}</strong>
                  <small>{user.company.name}</small>
                </span>
                <span class="plan">{user.plan}</span>
              </button>
            </li>
          ))}
        </ul>
        <NewcomerForm busy={busy} enter={enter} />
      </div>
    </main>
  );
}

function NewcomerForm({ busy, enter }: { readonly busy: boolean; readonly enter: (request: SignIn) => void }) {
  const [name, setName] = useState("");
  const [email, setEmail] = useState("");
  const [company, setCompany] = useState("");
  return (
    <form
      id="sign-in-new"
      class="newcomer"
      onSubmit={(event) => {
        event.preventDefault();
        enter({
          user: "new",
          name: name.trim(),
          email: email.trim(),
          company: company.trim() || `${name.trim()} & Co.`,
        });
      }}
    >
      <h2>Sign in as somebody new</h2>
      <label>
        Your name
        <input
          id="new-name"
          autocomplete="name"
          required
          maxLength={80}
          pattern=".*\S.*"
          value={name}
          onInput={(event) => setName(event.currentTarget.value)}
        />
      </label>
      <label>
        E-mail
        <input
          id="new-email"
          type="email"
          autocomplete="email"
          required
          maxLength={120}
          value={email}
          onInput={(event) => setEmail(event.currentTarget.value)}
        />
      </label>
      <label>
        <span>
          Company <span class="optional">optional</span>
        </span>
        <input
          id="new-company"
          autocomplete="organization"
          maxLength={80}
          value={company}
          onInput={(event) => setCompany(event.currentTarget.value)}
        />
      </label>
      <button type="submit" id="sign-in-submit" class="primary" disabled={busy}>
        Start a free trial
      </button>
    </form>
  );
}
