/** What a customer copies: the calls, policy lines, identity tokens, and existing Segment clients. */

/** The key and the address that the Segment clients take. */
type Install = { key: string; edge: string };

/** The tag starts the SDK by itself; calls that come before it wait in a queue. */
export const CALLS = `<script nonce="YOUR_NONCE">
  window.pilotfish = window.pilotfish || { q: [] };
  for (const call of ["identify", "group", "track", "page", "on"])
    pilotfish[call] ||= (...args) => pilotfish.q.push([call, ...args]);

  pilotfish.identify("USER_ID", { plan: "team" }, {
    company: { id: "COMPANY_ID" },
    token: "TOKEN_FROM_YOUR_SERVER",
  });
</script>`;

/** The sources that the SDK needs, as they stand in a header. The nonce is the page's own. */
export function policySnippet(edge: string): string {
  return `script-src 'nonce-YOUR_NONCE'; connect-src ${edge}; img-src ${edge}`;
}

/** Origin of a URL; the URL itself where it cannot be read. */
export function originOf(url: string): string {
  try {
    return new URL(url).origin;
  } catch {
    return url;
  }
}

export type Language = { value: string; label: string; code: string };

/**
 * An identity token is a JWT, HS256, `sub` the user's id, `company_id` the company (or a list) that the user may speak for,
 * valid for at most 24 hours. Made on the server only.
 */
export const IDENTITY_TOKENS: Language[] = [
  {
    value: "node",
    label: "Node.js",
    code: `import jwt from "jsonwebtoken";

const token = jwt.sign({ company_id: user.companyId }, process.env.PILOTFISH_IDENTITY_SECRET, {
  algorithm: "HS256",
  subject: user.id,
  expiresIn: "1h",
});`,
  },
  {
    value: "python",
    label: "Python",
    code: `import os, time
import jwt  # PyJWT

token = jwt.encode(
    {"sub": user.id, "company_id": user.company_id, "exp": int(time.time()) + 3600},
    os.environ["PILOTFISH_IDENTITY_SECRET"],
    algorithm="HS256",
)`,
  },
  {
    value: "go",
    label: "Go",
    code: `import "github.com/golang-jwt/jwt/v5"

token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
	"sub":        user.ID,
	"company_id": user.CompanyID,
	"exp":        time.Now().Add(time.Hour).Unix(),
}).SignedString([]byte(os.Getenv("PILOTFISH_IDENTITY_SECRET")))`,
  },
];

export function segmentSnippets({ key, edge }: Install): Language[] {
  const host = new URL(edge).host;
  return [
    {
      value: "browser",
      label: "analytics-next",
      code: `AnalyticsBrowser.load(
  { writeKey: "${key}", cdnURL: "${edge}" },
  { integrations: { "Segment.io": { apiHost: "${host}/v1", protocol: "https" } } },
);`,
    },
    {
      value: "node",
      label: "analytics-node",
      code: `new Analytics({ writeKey: "YOUR_SERVER_KEY", host: "${edge}" });`,
    },
    {
      value: "python",
      label: "analytics-python",
      code: `analytics.write_key = "YOUR_SERVER_KEY"
analytics.host = "${edge}"`,
    },
  ];
}
