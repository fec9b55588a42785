/**
 * An in-memory stand-in for the server, for development and for the browser tests only: nothing in `src/` knows it.
 * The cookie `dev_scenario` chooses a state: `empty`, `error`, `slow`, `setup`, or none for a full installation.
 */
import type { Schema } from "../src/api/types";
import { account } from "./account";
import { analytics } from "./analytics";
import { flowResults, makeContent, surveyResults } from "./data/content";
import { makePeople, type StoredPerson, timelineOf } from "./data/people";
import { type Ask, ok, problem, type Reply, type Route, route } from "./http";
import { identityProviders } from "./identityProviders";
import { Shelf } from "./shelf";
import { why } from "./why";

const STARTED = Date.now();
const { people, companies } = makePeople(STARTED);
const content = makeContent(STARTED);
const surveys = new Shelf("survey", "srv", content.surveys);
const flows = new Shelf("flow", "flw", content.flows);

const me: Schema["Me"] = {
  member: { id: "mem_1", email: "ana@harbour.example", name: "Ana Okafor" },
  role: "owner",
  reads_personal: true,
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

/** What has happened of the demo's five minutes; the rest happens when it is done here. */
const happened: Schema["DemoChecklist"] = {
  met_at: new Date(STARTED).toISOString(),
  answered_at: new Date(STARTED).toISOString(),
  seen_at: null,
  searched_at: null,
};

const empty = (ask: Ask) => ask.cookies.get("dev_scenario") === "empty";
const shown = ({ secrets: _secrets, ...person }: StoredPerson): Schema["Person"] => person;
const missing = problem(404, "not_found", "there is no such thing here");

function page<T>(ask: Ask, all: T[]): { data: T[]; next_cursor: string | null } {
  const from = Number(ask.query.get("cursor") ?? 0);
  const limit = Number(ask.query.get("limit") ?? 25);
  const data = empty(ask) ? [] : all.slice(from, from + limit);
  return { data, next_cursor: !empty(ask) && from + limit < all.length ? String(from + limit) : null };
}

/** By the customer's id or by ours, as the server does. */
function named<T extends { id: string; external_id: string | null }>(all: T[], id = ""): T | undefined {
  return all.find((one) => [one.id, one.external_id].includes(decodeURIComponent(id)));
}

/** The query's `q` is a whole id. */
function asked<T extends { external_id: string | null }>(ask: Ask, all: T[]): T[] {
  const q = ask.query.get("q");
  return q ? all.filter((one) => one.external_id === q) : all;
}

/** The event with what is personal in it in clear. */
function opened(event: Schema["Event"]): Schema["Event"] {
  const clear = event.personal.map((name) => [name, "bo@customer.example"] as const);
  return { ...event, properties: { ...event.properties, ...Object.fromEntries(clear) } };
}

/** Counts nothing: the more conditions, the fewer people. */
function preview(ask: Ask): Schema["SegmentPreview"] {
  const conditions = JSON.stringify(ask.body.audience ?? null).match(/"op"/g)?.length ?? 0;
  const total = empty(ask) ? 0 : people.length;
  return {
    count: Math.round(total / (conditions + 1)),
    unknown: JSON.stringify(ask.body).includes('"page.') ? 12 : 0,
    total,
    looked_at: total,
    sampled: false,
  };
}

function counts(ask: Ask): Schema["EventCount"][] {
  const names: [string, number][] = [
    ["$page", 900],
    ["Invoice Sent", 310],
    ["Customer Added", 84],
    ["$shown", 60],
  ];
  return Array.from({ length: empty(ask) ? 0 : 30 }, (_, back) => {
    const day = new Date(STARTED - (29 - back) * 86_400_000);
    const weekend = [0, 6].includes(day.getUTCDay()) ? 0.35 : 1;
    return names.map(([event, base]) => ({
      event,
      day: day.toISOString().slice(0, 10),
      count: Math.round(base * weekend * (0.8 + ((back * 37) % 17) / 40)),
    }));
  }).flat();
}

const cookie = "dev_session=1; Path=/; HttpOnly; SameSite=Strict";
const current = (): Schema["CurrentSession"] => ({
  id: "ses_1",
  member: "mem_1",
  organisation: "org_1",
  identity_provider: null,
  level: "password",
  needs: null,
  next: ["password"],
  proven_at: new Date().toISOString(),
  ends_at: new Date(Date.now() + 12 * 3_600_000).toISOString(),
  idle_seconds: 1800,
  enrol_until: null,
});
const signedIn = () => ({ status: 201 as const, body: current(), cookie });
const INTEGRITY = "sha384-oqVuAfXRKap7fdgcCY5uykM6+R9GqQ8K/uxy9rx7HNQlGYl1kPzQho1wx4JwY8wC";
const SDK = "https://localhost:8443/sdk/0.1.0/pilotfish.js";

const session: Route[] = [
  route("get", "/api/v1/setup", (ask) => ok({ needed: ask.cookies.get("dev_scenario") === "setup" })),
  route("post", "/api/v1/setup", () => ({ status: 201, body: { member: "mem_1" }, cookie })),
  route("post", "/api/v1/sessions", (ask) =>
    ask.body.password === "wrong" ? problem(401, "invalid_credentials", "no") : signedIn(),
  ),
  route("get", "/api/v1/sessions/current", () => ok(current())),
  route("get", "/api/v1/sign-in", () => ok({ mail: true, identity_providers: [] })),
  ...identityProviders(empty),
  route("delete", "/api/v1/sessions/current", () => ({ status: 204, cookie: "dev_session=; Path=/; Max-Age=0" })),
  route("get", "/api/v1/me", (ask) => ok({ ...me, demo: ask.cookies.get("dev_demo") !== "0" })),
  route("get", "/api/v1/installation", (ask) =>
    ok({
      tag: `<script async src="${SDK}" integrity="${INTEGRITY}" crossorigin="anonymous" data-key="pfe_9f2kq81mz0xv"></script>`,
      integrity: INTEGRITY,
      sdk_url: SDK,
      first_seen_at: empty(ask) ? null : new Date(STARTED - 86_400_000 * 12).toISOString(),
      last_seen_at: empty(ask) ? null : new Date().toISOString(),
      origins: empty(ask) ? [] : ["https://harbour.localhost:8446"],
    }),
  ),
  route("post", "/api/v1/installation/identity-secret/reveal", () =>
    ok({ identity_secret: "pfi_x3Qm0a9sD7vKc2LwT8hZ" }),
  ),
];

const contents: Route[] = [
  route("get", "/api/v1/surveys", (ask) => ok({ data: empty(ask) ? [] : surveys.all(ask), next_cursor: null })),
  route("post", "/api/v1/surveys", (ask) => surveys.make(ask)),
  route("get", "/api/v1/surveys/{id}", (_ask, id) => surveys.read(id)),
  route("put", "/api/v1/surveys/{id}", (ask, id) => surveys.save(id, ask)),
  route("delete", "/api/v1/surveys/{id}", (_ask, id) => surveys.remove(id)),
  route("post", "/api/v1/surveys/{id}/restore", (_ask, id) => surveys.restore(id)),
  route("post", "/api/v1/surveys/{id}/pause", (_ask, id) => surveys.pause(id)),
  route("post", "/api/v1/surveys/{id}/publish", (_ask, id) =>
    surveys.one(id)?.draft.questions[0]?.text === "server says no"
      ? problem(422, "not_publishable", "the survey cannot be published yet", [
          { pointer: "/definition/questions/0/text", detail: "a question of this name is live already" },
        ])
      : surveys.publish(id),
  ),
  route("get", "/api/v1/surveys/{id}/results", (ask) => {
    if (empty(ask)) {
      return ok({ shown: 0, started: 0, completed: 0, dismissed: 0, questions: [], answers: [] });
    }
    happened.seen_at = new Date().toISOString();
    return ok(surveyResults(STARTED, Math.floor((Date.now() - STARTED) / 20_000)));
  }),
  route("post", "/api/v1/surveys/{id}/results/reveal", () => ok(surveyResults(STARTED, 0, true))),
  route("get", "/api/v1/flows", (ask) => ok({ data: empty(ask) ? [] : flows.all(ask), next_cursor: null })),
  route("post", "/api/v1/flows", (ask) => flows.make(ask)),
  route("get", "/api/v1/flows/{id}", (_ask, id) => flows.read(id)),
  route("put", "/api/v1/flows/{id}", (ask, id) => flows.save(id, ask)),
  route("delete", "/api/v1/flows/{id}", (_ask, id) => flows.remove(id)),
  route("post", "/api/v1/flows/{id}/restore", (_ask, id) => flows.restore(id)),
  route("post", "/api/v1/flows/{id}/pause", (_ask, id) => flows.pause(id)),
  route("post", "/api/v1/flows/{id}/publish", (_ask, id) => flows.publish(id)),
  route("get", "/api/v1/flows/{id}/results", (ask) =>
    ok(empty(ask) ? { shown: 0, completed: 0, dismissed: 0, steps: [] } : flowResults()),
  ),
];

const known: Route[] = [
  route("get", "/api/v1/events/counts", (ask) => ok({ data: counts(ask) })),
  route("get", "/api/v1/people", (ask) => ok(page(ask, asked(ask, people).map(shown)))),
  route("post", "/api/v1/people/search", (ask) =>
    ok({ data: people.filter((one) => one.secrets.email === ask.body.email).map(shown), next_cursor: null }),
  ),
  route("get", "/api/v1/people/{external_id}", (_ask, id) => {
    const one = named(people, id);
    return one ? ok(shown(one)) : missing;
  }),
  route("post", "/api/v1/people/{external_id}/reveal", (_ask, id) => {
    const one = named(people, id);
    return one ? ok({ attributes: one.secrets }) : missing;
  }),
  route("get", "/api/v1/people/{external_id}/events", (ask, id) => {
    const one = named(people, id);
    return one ? ok(page(ask, timelineOf(one))) : missing;
  }),
  route("post", "/api/v1/people/{external_id}/events/reveal", (ask, id) => {
    const one = named(people, id);
    return one ? ok(page(ask, timelineOf(one).map(opened))) : missing;
  }),
  route("post", "/api/v1/segments/preview", (ask) => ok(preview(ask))),
  route("get", "/api/v1/people/{external_id}/content/{id}/why", (_ask, _person, id) => ok(why(id ?? ""))),
  route("get", "/api/v1/companies", (ask) => ok(page(ask, asked(ask, companies)))),
  route("get", "/api/v1/companies/{external_id}", (_ask, id) => {
    const one = named(companies, id);
    return one ? ok(one) : missing;
  }),
  route("get", "/api/v1/companies/{external_id}/people", (ask, id) => {
    const one = named(companies, id);
    return one ? ok(page(ask, people.filter(({ company }) => company?.id === one.id).map(shown))) : missing;
  }),
  route("get", "/api/v1/demo/checklist", () => ok(happened)),
  route("post", "/api/v1/demo/disk-search", (ask) => {
    happened.searched_at = new Date().toISOString();
    return ok({
      files: 214,
      bytes: 48_731_904,
      found: 0,
      control: { file: "disk-search-control.txt", found: 1 },
      opened:
        ask.body.text === "nothing"
          ? null
          : {
              field: "answer to “What is the main reason for your score?”",
              person: "u-2408",
              value: String(ask.body.text),
            },
      took_ms: 412,
    });
  }),
];

const ROUTES = [...session, ...account, ...contents, ...known, ...analytics({ people, shown, empty })];
const PUBLIC = /^\/api\/v1\/(setup|sessions(\/oidc(\/callback)?)?|sign-in(\/org_1)?)$/;

export function answer(ask: Ask): Reply {
  if (!PUBLIC.test(ask.path) && ask.cookies.get("dev_session") !== "1") {
    return problem(401, "unauthenticated", "sign in first");
  }
  if (ask.cookies.get("dev_scenario") === "error" && !["/api/v1/me", "/api/v1/setup"].includes(ask.path)) {
    return problem(500, "internal", "something failed");
  }
  for (const { method, pattern, answer } of ROUTES) {
    const match = method === ask.method ? pattern.exec(ask.path) : null;
    if (match) {
      return answer(ask, ...match.slice(1));
    }
  }
  return missing;
}
