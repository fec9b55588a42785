/** One's own account, and the organisation's security, of the stand-in. */
import { ok, type Route, route } from "./http";

const AT = "2026-11-02T09:00:00Z";

export const account: Route[] = [
  route("get", "/api/v1/account", () =>
    ok({
      id: "mem_1",
      email: "ana@harbour.example",
      name: "Ana Okafor",
      organisations: [{ id: "org_1", name: "Harbour", role: "owner" as const, current: true }],
      password_changed_at: AT,
      totp: { since: AT },
      passkeys: [],
      recovery_codes_left: 9,
      mail: true,
    }),
  ),
  route("get", "/api/v1/organisation/security", () =>
    ok({ require_mfa: "any" as const, grace_days: 7, grace_until: null, idle_minutes: 30, absolute_hours: 12 }),
  ),
  route("get", "/api/v1/organisation/sign-ins", () => ok({ data: [], next_cursor: null })),
];
