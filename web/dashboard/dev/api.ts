/**
 * An in-memory stand-in for the server, for development and for the browser tests only: nothing in `src/` knows it.
 * The cookie `dev_scenario` chooses a state: `empty`, `error`, `slow`, `setup`, or none for a full installation.
 */
import type { components } from "../src/api/schema";
import { flowResults, makeContent, surveyResults } from "./data/content";
import { makePeople, timelineOf } from "./data/people";
import { type Ask, ok, problem, type Reply, type Route } from "./http";
import { why } from "./why";

type Schema = components["schemas"];
type Stored = Schema["Survey"] | Schema["Flow"];

const STARTED = Date.now();
const { people, companies } = makePeople(STARTED);
const content = makeContent(STARTED);
const stored = new Map<string, Stored>([...content.surveys, ...content.flows].map((one) => [one.id, one]));
const deleted = new Map<string, Stored>();
let made = 0;

const me: Schema["Me"] = {
  member: { id: "mem_1", email: "ana@harbour.example", name: "Ana Okafor", role: "owner" },
  organisation: { id: "org_1", name: "Harbour" },
  apps: [
    {
      id: "app_1",
      name: "Harbour",
      environments: [
        { id: "env_prod", name: "production", browser_key: "pfe_9f2kq81mz0xv", identity_required: true },
        { id: "env_stag", name: "staging", browser_key: "pfe_1b7cw22naa4t", identity_required: false },
      ],
    },
  ],
  edge_url: "https://localhost:8443",
  api_url: "https://localhost:8445",
  demo: true,
  demo_site_url: "https://harbour.localhost:8446",
};

const empty = (ask: Ask) => ask.cookies.get("dev_scenario") === "empty";
const shown = ({ secrets: _secrets, ...person }: (typeof people)[number]): Schema["Person"] => person;
const page = <T>(ask: Ask, all: T[]): Reply => {
  const from = Number(ask.query.get("cursor") ?? 0);
  const limit = Number(ask.query.get("limit") ?? 25);
  const data = empty(ask) ? [] : all.slice(from, from + limit);
  return ok({ data, next_cursor: !empty(ask) && from + limit < all.length ? String(from + limit) : null });
};
const person = (id: string) => people.find((one) => [one.id, one.external_id].includes(decodeURIComponent(id)));
const missing = problem(404, "not_found", "there is no such thing here");

function counts(ask: Ask): Reply {
  if (empty(ask)) {
    return ok({ data: [] });
  }
  const names: [string, number][] = [
    ["Page Viewed", 900],
    ["Invoice Sent", 310],
    ["Customer Added", 84],
    ["$shown", 60],
  ];
  const data = Array.from({ length: 30 }, (_, back) => {
    const day = new Date(STARTED - (29 - back) * 86_400_000);
    const weekend = [0, 6].includes(day.getUTCDay()) ? 0.35 : 1;
    return names.map(([event, base]) => ({
      event,
      day: day.toISOString().slice(0, 10),
      count: Math.round(base * weekend * (0.8 + ((back * 37) % 17) / 40)),
    }));
  }).flat();
  return ok({ data });
}

function make(kind: "survey" | "flow", ask: Ask): Reply {
  made += 1;
  const now = new Date().toISOString();
  const base = { id: `${kind === "survey" ? "srv" : "flw"}_made${made}`, kind, name: ask.body.name, status: "draft" };
  const one = {
    ...base,
    draft: ask.body.definition,
    published: null,
    has_changes: true,
    created_at: now,
    updated_at: now,
  };
  stored.set(base.id, one as Stored);
  return { status: 201, body: one };
}

function save(id: string, ask: Ask): Reply {
  const one = stored.get(id);
  if (!one) {
    return missing;
  }
  const next = {
    ...one,
    name: ask.body.name,
    draft: ask.body.definition,
    has_changes: true,
    updated_at: new Date().toISOString(),
  };
  stored.set(id, next as Stored);
  return ok(next);
}

function publish(id: string): Reply {
  const one = stored.get(id);
  if (!one) {
    return missing;
  }
  const version = (one.published?.version ?? 0) + 1;
  if (one.kind === "survey" && one.draft.questions[0]?.text === "server says no") {
    return problem(422, "invalid_content", "the survey cannot be published yet", [
      { pointer: "/definition/questions/0/text", detail: "a question of this name is live already" },
    ]);
  }
  const next = {
    ...one,
    status: "live",
    has_changes: false,
    published: { version, at: new Date().toISOString(), definition: one.draft },
  };
  stored.set(id, next as Stored);
  return ok(next);
}

function setStatus(id: string, status: Schema["ContentStatus"]): Reply {
  const one = stored.get(id);
  if (!one) {
    return missing;
  }
  stored.set(id, { ...one, status });
  return ok({ ...one, status });
}

function move(id: string, from: Map<string, Stored>, to: Map<string, Stored>, reply: (one: Stored) => Reply): Reply {
  const one = from.get(id);
  if (!one) {
    return missing;
  }
  from.delete(id);
  to.set(id, one);
  return reply(one);
}

const list = (kind: "survey" | "flow") => (ask: Ask) =>
  ok({ data: empty(ask) ? [] : [...stored.values()].filter((one) => one.kind === kind), next_cursor: null });

const session = { status: 201, cookie: "dev_session=1; Path=/; HttpOnly; SameSite=Strict" };
const KINDS = "(?:surveys|flows)";

const routes: Route[] = [
  ["GET", /^\/setup$/, (ask) => ok({ needed: ask.cookies.get("dev_scenario") === "setup" })],
  ["POST", /^\/setup$/, () => session],
  [
    "POST",
    /^\/sessions$/,
    (ask) => (ask.body.password === "wrong" ? problem(401, "invalid_credentials", "no") : session),
  ],
  ["DELETE", /^\/sessions\/current$/, () => ({ status: 204, cookie: "dev_session=; Path=/; Max-Age=0" })],
  ["GET", /^\/me$/, (ask) => ok({ ...me, demo: ask.cookies.get("dev_demo") !== "0" })],
  [
    "GET",
    /^\/installation$/,
    (ask) =>
      ok({
        tag: '<script src="https://localhost:8443/sdk/0.1.0/pilotfish.js"\n  integrity="sha384-oqVuAfXRKap7fdgcCY5uykM6+R9GqQ8K/uxy9rx7HNQlGYl1kPzQho1wx4JwY8wC"\n  crossorigin="anonymous" async></script>',
        integrity: "sha384-oqVuAfXRKap7fdgcCY5uykM6+R9GqQ8K/uxy9rx7HNQlGYl1kPzQho1wx4JwY8wC",
        sdk_url: "https://localhost:8443/sdk/0.1.0/pilotfish.js",
        first_seen_at: empty(ask) ? null : new Date(STARTED - 86_400_000 * 12).toISOString(),
        last_seen_at: empty(ask) ? null : new Date().toISOString(),
        origins: empty(ask) ? [] : ["https://harbour.localhost:8446"],
      }),
  ],
  ["POST", /^\/installation\/identity-secret\/reveal$/, () => ok({ identity_secret: "pfi_x3Qm0a9sD7vKc2LwT8hZ" })],
  ["GET", /^\/events\/counts$/, counts],
  ["GET", /^\/surveys$/, list("survey")],
  ["GET", /^\/flows$/, list("flow")],
  ["POST", /^\/surveys$/, (ask) => make("survey", ask)],
  ["POST", /^\/flows$/, (ask) => make("flow", ask)],
  ["GET", new RegExp(`^/${KINDS}/([^/]+)$`), (_ask, id) => (stored.has(id ?? "") ? ok(stored.get(id ?? "")) : missing)],
  ["PUT", new RegExp(`^/${KINDS}/([^/]+)$`), (ask, id) => save(id ?? "", ask)],
  ["DELETE", new RegExp(`^/${KINDS}/([^/]+)$`), (_ask, id) => move(id ?? "", stored, deleted, () => ({ status: 204 }))],
  ["POST", new RegExp(`^/${KINDS}/([^/]+)/restore$`), (_ask, id) => move(id ?? "", deleted, stored, ok)],
  ["POST", new RegExp(`^/${KINDS}/([^/]+)/publish$`), (_ask, id) => publish(id ?? "")],
  ["POST", new RegExp(`^/${KINDS}/([^/]+)/pause$`), (_ask, id) => setStatus(id ?? "", "paused")],
  [
    "GET",
    /^\/surveys\/([^/]+)\/results$/,
    (ask) =>
      ok(
        empty(ask)
          ? { shown: 0, started: 0, completed: 0, dismissed: 0, questions: [], answers: [] }
          : surveyResults(STARTED, Math.floor((Date.now() - STARTED) / 20_000)),
      ),
  ],
  ["POST", /^\/surveys\/([^/]+)\/results\/reveal$/, () => ok(surveyResults(STARTED, 0, true))],
  [
    "GET",
    /^\/flows\/([^/]+)\/results$/,
    (ask) => ok(empty(ask) ? { shown: 0, completed: 0, dismissed: 0, steps: [] } : flowResults()),
  ],
  [
    "GET",
    /^\/people$/,
    (ask) => {
      const [q, company] = [ask.query.get("q"), ask.query.get("company")];
      return page(
        ask,
        people
          .filter((one) => (!q || one.external_id?.startsWith(q)) && (!company || one.company === company))
          .map(shown),
      );
    },
  ],
  [
    "POST",
    /^\/people\/search$/,
    (ask) => ok({ data: people.filter((one) => one.secrets.email === ask.body.email).map(shown), next_cursor: null }),
  ],
  [
    "GET",
    /^\/people\/([^/]+)$/,
    (_ask, id) => {
      const one = person(id ?? "");
      return one ? ok(shown(one)) : missing;
    },
  ],
  [
    "POST",
    /^\/people\/([^/]+)\/reveal$/,
    (_ask, id) => {
      const one = person(id ?? "");
      return one ? ok({ attributes: one.secrets }) : missing;
    },
  ],
  [
    "GET",
    /^\/people\/([^/]+)\/events$/,
    (ask, id) => {
      const one = person(id ?? "");
      return one ? page(ask, timelineOf(one)) : missing;
    },
  ],
  ["GET", /^\/people\/[^/]+\/content\/([^/]+)\/why$/, (_ask, id) => ok(why(id ?? ""))],
  [
    "GET",
    /^\/companies$/,
    (ask) =>
      page(
        ask,
        companies.filter((one) => !ask.query.get("q") || one.external_id.startsWith(ask.query.get("q") ?? "")),
      ),
  ],
  [
    "GET",
    /^\/companies\/([^/]+)$/,
    (_ask, id) => {
      const one = companies.find((c) => c.external_id === id);
      return one ? ok(one) : missing;
    },
  ],
  [
    "POST",
    /^\/demo\/disk-search$/,
    (ask) =>
      ok({
        files: 214,
        bytes: 48_731_904,
        found: 0,
        control: { file: "disk-search-control.txt", found: 1 },
        opened:
          ask.body.text === "nothing"
            ? null
            : { field: "answer to “What is the main reason for your score?”", value: ask.body.text },
        took_ms: 412,
      }),
  ],
];

const PUBLIC = /^\/(setup|sessions)$/;

export function answer(ask: Ask): Reply {
  const path = ask.path.replace("/api/v1", "");
  if (!PUBLIC.test(path) && ask.cookies.get("dev_session") !== "1") {
    return problem(401, "unauthenticated", "sign in first");
  }
  if (ask.cookies.get("dev_scenario") === "error" && !["/me", "/setup"].includes(path)) {
    return problem(500, "internal", "something failed");
  }
  for (const [method, pattern, respond] of routes) {
    const match = method === ask.method ? pattern.exec(path) : null;
    if (match) {
      return respond(ask, ...match.slice(1));
    }
  }
  return missing;
}
