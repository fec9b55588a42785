/**
 * Who uses Harbour. The server plays Harbour's back end: it knows the demo people and signs each one's
 * identity. Nothing is stored in the browser: a reload asks again who one is.
 */

export interface Company {
  readonly id: string;
  readonly name: string;
  readonly plan: string;
  readonly size: number;
}

export interface User {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly plan: string;
  readonly role: string;
  readonly company: Company;
}

export interface Session {
  readonly user: User;
  readonly token: string;
}

export interface Config {
  readonly users: readonly User[];
}

export type SignIn =
  | { readonly user: string }
  | { readonly user: "new"; readonly name: string; readonly email: string; readonly company: string };

type Fields = Record<string, unknown>;

const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null;

function text(fields: Fields, name: string, otherwise?: string): string {
  const value = fields[name] ?? otherwise;
  if (typeof value !== "string") throw new TypeError(`${name} is not a text`);
  return value;
}

export function parseUser(value: unknown): User {
  if (!isFields(value) || !isFields(value.company)) throw new TypeError("not a user with a company");
  const plan = text(value, "plan");
  const size = value.company.size;
  return {
    id: text(value, "id"),
    name: text(value, "name"),
    email: text(value, "email"),
    plan,
    role: text(value, "role", "member"),
    company: {
      id: text(value.company, "id"),
      name: text(value.company, "name"),
      plan: text(value.company, "plan", plan),
      size: typeof size === "number" ? size : 1,
    },
  };
}

/** Reads the page's configuration; with none that can be read, one can still sign in as somebody new. */
export function parseConfig(json: string): Config {
  try {
    const value: unknown = JSON.parse(json);
    if (!isFields(value) || !Array.isArray(value.users)) return { users: [] };
    return { users: value.users.map(parseUser) };
  } catch {
    return { users: [] };
  }
}

export async function signIn(request: SignIn, post: typeof fetch = fetch): Promise<Session> {
  const response = await post("/session", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(request),
  });
  if (!response.ok) throw new Error(`sign-in answered ${response.status}`);
  const value: unknown = await response.json();
  if (!isFields(value)) throw new TypeError("sign-in answered something else");
  return { user: parseUser(value.user), token: text(value, "token") };
}
