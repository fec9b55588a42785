/** The stand-in's answers to questions: made up, the same whenever they are asked, and of the shape that the server's have. */
import type { Schema } from "../src/api/types";
import type { StoredPerson } from "./data/people";
import { type Ask, ok, problem, type Route, route } from "./http";

type Question = Schema["AnalyticsQuestion"];
type Report = Schema["Report"];

const DAY = 86_400_000;
const LENGTHS: Record<string, number> = { hour: DAY / 24, day: DAY, week: 7 * DAY, month: 30 * DAY };
const PARTS: Schema["Group"][] = [
  { kind: "value", value: "team" },
  { kind: "value", value: "starter" },
  { kind: "missing" },
  { kind: "other" },
];

/** Up and down, but always the same. */
const wave = (seed: number, index: number, most: number) =>
  Math.round(most * (0.55 + 0.4 * Math.sin(seed * 2.1 + index / 3)));

function rangeOf({ range }: Question, now: number): [number, number] {
  if (range.from && range.to) {
    return [Date.parse(range.from), Date.parse(range.to)];
  }
  const [, count = "30", unit = "d"] = /^(\d+)([hdwm])$/.exec(range.last ?? "") ?? [];
  const length = { h: DAY / 24, d: DAY, w: 7 * DAY, m: 30 * DAY }[unit] ?? DAY;
  const to = Math.floor(now / DAY) * DAY + DAY;
  return [to - Number(count) * length, to];
}

function series(
  question: Extract<Question, { kind: "trend" }>,
  from: number,
  to: number,
  most: number,
): Schema["SeriesAnswer"][] {
  const length = LENGTHS[question.interval ?? "day"] ?? DAY;
  const times = Array.from({ length: Math.ceil((to - from) / length) }, (_, index) => from + index * length);
  return question.series.flatMap((one, index) =>
    (question.breakdown ? PARTS : [null]).map((breakdown, part) => {
      const points = times.map((time, at) => ({
        time: new Date(time).toISOString(),
        value: wave(index + part * 3, at, most / (index + part + 1)),
      }));
      return { label: one.event, index, breakdown, points, total: points.reduce((sum, { value }) => sum + value, 0) };
    }),
  );
}

function steps(count: number, first: number): Schema["FunnelStep"][] {
  return Array.from({ length: count }, (_, index) => ({
    count: Math.round(first * 0.62 ** index),
    ...(index > 0 ? { median_seconds: 400 * 6 ** index, median_seconds_from_start: 400 * 7 ** index } : {}),
  }));
}

function cohorts(question: Extract<Question, { kind: "retention" }>, from: number, to: number): Schema["Cohort"][] {
  const length = LENGTHS[question.interval ?? "week"] ?? DAY;
  return Array.from({ length: Math.floor((to - from) / length) }, (_, index) => {
    const count = wave(1, index, 140);
    const known = Math.ceil((to - from) / length) - index;
    const returned = Array.from({ length: question.periods }, (_, period) =>
      period < known ? Math.round(count * 0.8 * 0.8 ** period) : 0,
    );
    return { time: new Date(from + index * length).toISOString(), count, returned };
  });
}

function answer(question: Question, empty: boolean): Schema["Answered"] {
  const [from, to] = rangeOf(question, Date.now());
  const asked = { from: new Date(from).toISOString(), to: new Date(to).toISOString(), zone: "Europe/Berlin" };
  const most = empty ? 0 : 240;
  switch (question.kind) {
    case "trend": {
      const before = question.compare ? { before: series(question, from - (to - from), from, most * 0.8) } : {};
      return { ...asked, series: series(question, from, to, most), ...before };
    }
    case "funnel": {
      const bars = [60, 600, 3600, 86_400];
      const distribution = bars.map((to_seconds, index) => ({
        from_seconds: bars[index - 1] ?? 0,
        to_seconds,
        count: [14, 61, 102, 33][index] ?? 0,
      }));
      const parts = question.breakdown
        ? { breakdown: PARTS.map((value, part) => ({ value, steps: steps(question.steps.length, 420 / (part + 1)) })) }
        : {};
      return {
        ...asked,
        steps: steps(question.steps.length, empty ? 0 : 1204),
        distribution: empty ? [] : distribution,
        ...parts,
      };
    }
    case "retention":
      return { ...asked, cohorts: empty ? [] : cohorts(question, from, to) };
  }
}

const saved = (id: string, name: string, question: Question): Report => ({
  id,
  name,
  question,
  chart: "line",
  created_at: new Date(Date.now() - 9 * DAY).toISOString(),
  updated_at: new Date(Date.now() - 2 * DAY).toISOString(),
});

const reports: Report[] = [
  saved("rep_trend", "Invoices sent, and by how many", {
    kind: "trend",
    range: { last: "30d" },
    interval: "day",
    series: [
      { event: "Invoice Sent", measure: "total" },
      { event: "Invoice Sent", measure: "people" },
    ],
    compare: true,
  }),
  saved("rep_plans", "Customers added, by plan", {
    kind: "trend",
    range: { last: "12w" },
    interval: "week",
    series: [
      { event: "Customer Added", measure: "people", filters: [{ field: "event.amount", op: "gte", value: 10 }] },
    ],
    breakdown: { field: "person.plan" },
  }),
  saved("rep_funnel", "From the first customer to the first payment", {
    kind: "funnel",
    range: { last: "30d" },
    steps: [{ event: "Customer Added" }, { event: "Invoice Created" }, { event: "Invoice Sent" }],
    window: "7d",
    breakdown: { field: "person.plan" },
  }),
  saved("rep_retention", "Who keeps sending invoices", {
    kind: "retention",
    range: { last: "12w" },
    interval: "week",
    start: { event: "Invoice Sent" },
    return: { event: "Invoice Sent" },
    periods: 12,
  }),
];

/** How often each report was written. */
const revisions = new Map<string, number>();
const etag = ({ id }: Report) => `"${revisions.get(id) ?? 1}"`;
const marked = (report: Report) => ({ ...ok(report), etag: etag(report) });

const zone = { zone: "Europe/Berlin" };

type Told = { people: StoredPerson[]; shown: (person: StoredPerson) => Schema["Person"]; empty: (ask: Ask) => boolean };

export function analytics({ people, shown, empty }: Told): Route[] {
  const missing = problem(404, "not_found", "there is no such thing here");
  const find = (id = "") => reports.find((one) => one.id === id && !one.deleted_at);
  const changed = (id: string | undefined, change: (report: Report) => void) => {
    const report = reports.find((one) => one.id === id);
    if (report) {
      change(report);
      revisions.set(report.id, (revisions.get(report.id) ?? 1) + 1);
    }
    return report;
  };
  return [
    route("post", "/api/v1/query", (ask) => {
      const question = ask.body as unknown as Question;
      return JSON.stringify(question).includes('"event.secret"')
        ? problem(422, "invalid_value", "a value is not acceptable", [
            { pointer: "/breakdown/field", detail: "event.secret is personal: it is sealed" },
          ])
        : ok(answer(question, empty(ask)));
    }),
    route("post", "/api/v1/query/people", (ask) => {
      const from = Number(ask.body.cursor ?? 0);
      const page = people.slice(from, from + 25).map(shown);
      return ok({
        people: page,
        companies: [],
        total: people.length,
        next_cursor: from + 25 < people.length ? String(from + 25) : null,
      });
    }),
    route("get", "/api/v1/events/names", () =>
      ok({
        events: ["Customer Added", "Invoice Created", "Invoice Sent"],
        properties: [
          { name: "amount", personal: false },
          { name: "currency", personal: false },
          { name: "email", personal: true },
        ],
        person: [
          { name: "email", personal: true },
          { name: "plan", personal: false },
        ],
        company: [{ name: "size", personal: false }],
      }),
    ),
    route("get", "/api/v1/environment/zone", () => ok(zone)),
    route("put", "/api/v1/environment/zone", (ask) => {
      zone.zone = String(ask.body.zone);
      return ok(zone);
    }),
    route("get", "/api/v1/reports", (ask) => {
      const deleted = ask.query.get("deleted") === "true";
      const data = empty(ask) ? [] : reports.filter((one) => Boolean(one.deleted_at) === deleted);
      return ok({ data, next_cursor: null });
    }),
    route("post", "/api/v1/reports", (ask) => {
      const report = saved(`rep_${reports.length + 1}`, String(ask.body.name), ask.body.question as Question);
      reports.unshift(report);
      return { status: 201, body: report, etag: etag(report) };
    }),
    route("get", "/api/v1/reports/{id}", (_ask, id) => {
      const report = find(id);
      return report ? marked(report) : missing;
    }),
    route("put", "/api/v1/reports/{id}", (ask, id) => {
      const read = find(id);
      if (read && ask.ifMatch !== undefined && ask.ifMatch !== etag(read)) {
        return problem(409, "conflict", "somebody has changed it since you read it: read it again");
      }
      const report = changed(id, (one) => Object.assign(one, ask.body, { updated_at: new Date().toISOString() }));
      return report ? marked(report) : missing;
    }),
    route("delete", "/api/v1/reports/{id}", (_ask, id) =>
      changed(id, (one) => Object.assign(one, { deleted_at: new Date().toISOString() })) ? { status: 204 } : missing,
    ),
    route("post", "/api/v1/reports/{id}/restore", (_ask, id) => {
      const report = changed(id, (one) => {
        delete one.deleted_at;
      });
      return report ? marked(report) : missing;
    }),
  ];
}
