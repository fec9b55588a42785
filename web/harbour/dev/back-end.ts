/**
 * A stand-in for Harbour's back end, for development and the browser tests. The real one is the demo server,
 * which signs identities; this one's tokens are empty words.
 */
import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { parseUser, type Session, type User } from "../src/session.ts";

const file = new URL("../content/users.json", import.meta.url);

export function demoUsers(): readonly User[] {
  const users: unknown = JSON.parse(readFileSync(file, "utf8"));
  if (!Array.isArray(users)) throw new TypeError("users.json is not a list");
  return users.map(parseUser);
}

export function sessionFor(request: Readonly<Record<string, string>>): Session | null {
  const token = "not-a-signed-token";
  if (request.user !== "new") {
    const user = demoUsers().find((one) => one.id === request.user);
    return user === undefined ? null : { user, token };
  }
  const { name = "", email = "", company = "" } = request;
  const user = { id: `usr_${email}`, name, email, plan: "trial", role: "owner" };
  return { user: { ...user, company: { id: `co_${email}`, name: company, plan: "trial", size: 1 } }, token };
}

/** Fills in what `index.html` leaves open. `<` is escaped, so that no name can end the script element. */
export function fillIn(html: string, tag: string, nonce: string): string {
  const config = JSON.stringify({ users: demoUsers() }).replaceAll("<", "\\u003c");
  return html
    .replace("__HARBOUR_CONFIG__", () => config)
    .replace("__PILOTFISH_TAG__", () => tag)
    .replaceAll("__CSP_NONCE__", nonce);
}

/** `POST /session`. */
export async function answerSession(request: IncomingMessage, response: ServerResponse): Promise<void> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  const session = sessionFor(JSON.parse(text) as Record<string, string>);
  response.writeHead(session === null ? 404 : 200, { "content-type": "application/json", "cache-control": "no-store" });
  response.end(JSON.stringify(session));
}
