/**
 * `oidc-provider` on a port of this machine, for tests. It prints where it is, as JSON, and ends with its standard input.
 *
 *   NOW            what time it is there, in milliseconds since 1970
 *
 * Whoever comes is signed in at once, as the account that was last put to `/account`. `POST /rotate` has it sign with other keys.
 * For each algorithm there is a client of that name, once the only address where it may have people sent back to was put to
 * `/clients/ALGORITHM`.
 */
import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";

if (process.env.NOW) {
  const [real, began] = [Date.now, Date.now()];
  Date.now = () => Number(process.env.NOW) + real() - began;
}
// Whoever started this reads one line and no more.
console.log = console.info = console.warn = console.error;
const { default: Provider } = await import("oidc-provider");

const SECRET = "a secret of the provider, with: colons & more";
const ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"];
let account = { sub: "ana", email: "ana@acme.example", email_verified: true, name: "Ana Acme", groups: ["it"] };
const redirects = new Map();
let signedBy = 0;

/** A key of each kind, under names that no key had before. */
function keys() {
  signedBy += 1;
  const key = (kind, options, more) => ({
    ...generateKeyPairSync(kind, options).privateKey.export({ format: "jwk" }),
    ...more,
    use: "sig",
    kid: `${kind} ${signedBy}`,
  });
  return [key("rsa", { modulusLength: 2048 }), key("ec", { namedCurve: "P-256" }), key("ed25519", {})];
}

function provider(issuer, jwks) {
  const made = new Provider(issuer, {
    clients: [...redirects].map(([algorithm, redirect]) => ({
      client_id: algorithm,
      client_secret: SECRET,
      redirect_uris: [redirect],
      id_token_signed_response_alg: algorithm,
      token_endpoint_auth_method: algorithm === "ES256" ? "client_secret_post" : "client_secret_basic",
    })),
    jwks,
    enabledJWA: { idTokenSigningAlgValues: ALGORITHMS },
    cookies: { keys: ["of a test"] },
    claims: { openid: ["sub", "acr", "amr"], email: ["email", "email_verified"], profile: ["name"], groups: ["groups"] },
    features: { devInteractions: { enabled: false } },
    findAccount: (_context, id) => ({ accountId: id, claims: () => ({ ...account, sub: id }) }),
    loadExistingGrant: async ({ oidc }) => {
      const grant = new oidc.provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
      grant.addOIDCScope("openid email profile groups");
      await grant.save();
      return grant;
    },
  });
  made.on("server_error", (_context, error) => console.error(error));
  return made;
}

const server = createServer();
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  let jwks = { keys: keys() };
  let current;
  let handle;
  const begin = () => {
    current = provider(issuer, jwks);
    handle = current.callback();
  };
  const read = async (request) => {
    let text = "";
    for await (const part of request) {
      text += part;
    }
    return text;
  };
  begin();
  server.on("request", async (request, response) => {
    const { pathname } = new URL(request.url, issuer);
    if (pathname.startsWith("/interaction/")) {
      const { sub, acr, amr } = account;
      await current.interactionFinished(request, response, { login: { accountId: sub, acr, amr, remember: false } });
    } else if (pathname === "/account") {
      account = JSON.parse(await read(request));
      response.end();
    } else if (pathname.startsWith("/clients/")) {
      redirects.set(pathname.split("/").at(-1), await read(request));
      begin();
      response.end();
    } else if (pathname === "/rotate") {
      jwks = { keys: keys() };
      begin();
      response.end();
    } else {
      handle(request, response);
    }
  });
  process.stdout.write(`${JSON.stringify({ issuer, secret: SECRET })}\n`);
});
process.stdin.resume().on("end", () => process.exit(0));
