// Chromium's own WebAuthn with a virtual authenticator, against the server: a passkey is made, signs in without a password and
// proves who one is; a security key without a PIN is a second factor and no more.
//
// Environment: DASHBOARD, EMAIL, PASSWORD, HOME (with the authority in its NSS database). Prints one line per step; exits 1
// at the first that does not hold.
import assert from "node:assert/strict";
import { chromium } from "playwright-core";

const { DASHBOARD, EMAIL, PASSWORD } = process.env;

const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"],
});

/** A page of the dashboard with an authenticator of its own, and what it can do there. */
async function withAuthenticator(options) {
  const page = await (await browser.newContext()).newPage();
  // Not the sign-in page, which asks the browser for a passkey itself.
  await page.goto(`${DASHBOARD}/trust`);
  await page.bringToFront();
  const session = await page.context().newCDPSession(page);
  await session.send("WebAuthn.enable");
  const common = { protocol: "ctap2", hasResidentKey: true, automaticPresenceSimulation: true };
  await session.send("WebAuthn.addVirtualAuthenticator", { options: { ...common, ...options } });
  const call = (method, path, body) =>
    page.evaluate(
      async ([method, path, body]) => {
        const headers = body ? { "content-type": "application/json" } : {};
        const answer = await fetch(`/api/v1${path}`, { method, headers, body: body && JSON.stringify(body) });
        const text = await answer.text();
        return { status: answer.status, body: text ? JSON.parse(text) : null };
      },
      [method, path, body],
    );
  const make = (publicKey) =>
    page.evaluate(async (json) => {
      const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(json);
      return (await navigator.credentials.create({ publicKey })).toJSON();
    }, publicKey);
  const sign = (publicKey) =>
    page.evaluate(async (json) => {
      const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(json);
      return (await navigator.credentials.get({ publicKey })).toJSON();
    }, publicKey);
  return { call, make, sign };
}

function is(answer, status) {
  assert.equal(answer.status, status, JSON.stringify(answer.body));
  return answer.body;
}

async function addKey({ call, make }) {
  const { challenge, public_key } = is(await call("POST", "/account/passkeys/challenge"), 201);
  return is(await call("POST", "/account/passkeys", { challenge, credential: await make(public_key) }), 201);
}

async function prove({ call, sign }, path, body) {
  const ask = path === "/sessions" ? "/passkeys/challenge" : `${path}/challenge`;
  const { challenge, public_key } = is(await call("POST", ask), 201);
  return call("POST", path, body({ challenge, credential: await sign(public_key) }));
}

const mine = await withAuthenticator({ transport: "internal", hasUserVerification: true, isUserVerified: true });
is(await mine.call("POST", "/sessions", { email: EMAIL, password: PASSWORD }), 201);
const added = await addKey(mine);
assert.equal(added.passkey.kind, "passkey");
console.log("ok a passkey is made");

is(await mine.call("DELETE", "/sessions/current"), 204);
is(await mine.call("GET", "/me"), 401);
const signedIn = is(await prove(mine, "/sessions", (passkey) => ({ passkey })), 201);
assert.equal(signedIn.level, "phishing_resistant");
is(await mine.call("GET", "/me"), 200);
console.log("ok it signs in without a password");

is(await prove(mine, "/sessions/current/proofs", (signed) => ({ kind: "passkey", ...signed })), 200);
console.log("ok it proves who one is");

const other = await withAuthenticator({ transport: "usb", hasUserVerification: false, hasResidentKey: false });
const half = await other.call("POST", "/sessions", { email: EMAIL, password: PASSWORD });
assert.equal(is(half, 403).code, "mfa_required");
const code = added.recovery_codes[0];
is(await other.call("POST", "/sessions/current/proofs", { kind: "recovery_code", code }), 200);
assert.equal((await addKey(other)).passkey.kind, "security_key");
is(await other.call("DELETE", "/sessions/current"), 204);
is(await other.call("POST", "/sessions", { email: EMAIL, password: PASSWORD }), 403);
const proven = is(await prove(other, "/sessions/current/proofs", (signed) => ({ kind: "passkey", ...signed })), 200);
assert.equal(proven.level, "phishing_resistant");
console.log("ok a security key is a second factor");

await browser.close();
