import type { Schema } from "../../src/api/types";

const audience: Schema["Rule"] = {
  all: [
    { field: "person.plan", op: "in", value: ["team", "business"] },
    { field: "person.role", op: "is_not", value: "accountant" },
    {
      any: [
        { field: "company.size", op: "gte", value: 10 },
        { event: "Customer Added", count: { op: "gte", value: 3 }, within: "30d" },
      ],
    },
  ],
};

const nps: Schema["SurveyDefinition"] = {
  audience,
  trigger: { kind: "event", event: "Invoice Sent" },
  frequency: { kind: "recontact", days: 90 },
  theme: { accent: "#0E7490", background: "#ffffff", text: "#111111", radius: 10, mode: "light" },
  questions: [
    {
      id: "q1",
      kind: "nps",
      text: "How likely are you to recommend Harbour to another small business?",
      required: true,
      low: "Not at all likely",
      high: "Extremely likely",
    },
    {
      id: "q2",
      kind: "multiple_choice",
      text: "What do you use most?",
      required: false,
      choices: [
        { id: "invoices", text: "Sending invoices" },
        { id: "reminders", text: "Payment reminders" },
        { id: "reports", text: "Reports" },
        { id: "bank", text: "Bank matching" },
      ],
    },
    {
      id: "q3",
      kind: "open_text",
      text: "What is the main reason for your score?",
      required: false,
      placeholder: "A sentence is plenty",
    },
  ],
  closing: { title: "Thank you", body: "We read every answer." },
  position: "bottom_right",
};

const welcome: Schema["FlowDefinition"] = {
  audience: { all: [{ field: "person.invoices_sent", op: "lt", value: 1 }] },
  trigger: { kind: "page", where: { all: [{ field: "page.path", op: "starts_with", value: "/invoices" }] } },
  frequency: { kind: "once" },
  theme: null,
  steps: [
    {
      id: "s1",
      kind: "modal",
      title: "Welcome to Harbour",
      body: "Two minutes, and your first invoice is out.\n\nWe will show you where things are.",
      where: null,
      buttons: [
        { text: "Show me", action: "next" },
        { text: "Skip", action: "dismiss" },
      ],
    },
    {
      id: "s2",
      kind: "tooltip",
      title: "Begin here",
      body: "Every invoice starts with this button.",
      where: { all: [{ field: "page.path", op: "is", value: "/invoices" }] },
      target: { selector: "#new-invoice" },
      placement: "bottom",
      advance: "target_click",
      buttons: [{ text: "Back", action: "back" }],
    },
    {
      id: "s3",
      kind: "tooltip",
      title: "Send it",
      body: "Your customer gets it by e-mail, you get a reminder if it is late.",
      where: { all: [{ field: "page.path", op: "is", value: "/invoices/new" }] },
      target: { selector: "#send" },
      placement: "auto",
      advance: "button",
      buttons: [{ text: "Done", action: "next" }],
    },
  ],
};

export function makeContent(now: number): { surveys: Schema["Survey"][]; flows: Schema["Flow"][] } {
  const ago = (hours: number) => new Date(now - hours * 3_600_000).toISOString();
  const survey = (
    id: string,
    name: string,
    status: Schema["ContentStatus"],
    hours: number,
    figures: [number, number],
    definition = nps,
  ): Schema["Survey"] => ({
    id,
    kind: "survey",
    name,
    status,
    draft: definition,
    has_changes: status === "draft",
    created_at: ago(hours + 400),
    updated_at: ago(hours),
    published: status === "draft" ? null : { version: 3, at: ago(hours), definition },
    figures: { shown: figures[0], completed: figures[1], dismissed: Math.round(figures[0] / 5) },
  });
  const flow = (
    id: string,
    name: string,
    status: Schema["ContentStatus"],
    hours: number,
    figures: [number, number],
    changed = false,
  ): Schema["Flow"] => ({
    id,
    kind: "flow",
    name,
    status,
    draft: welcome,
    has_changes: changed || status === "draft",
    created_at: ago(hours + 300),
    updated_at: ago(hours),
    published: status === "draft" ? null : { version: 2, at: ago(hours), definition: welcome },
    figures: { shown: figures[0], completed: figures[1], dismissed: Math.round(figures[0] / 5) },
  });
  return {
    surveys: [
      survey("srv_nps", "NPS after the second invoice", "live", 5, [1284, 612]),
      survey("srv_reports", "What should reports show?", "paused", 220, [402, 171]),
      survey("srv_new", "Why did you leave the trial?", "draft", 30, [0, 0]),
    ],
    flows: [
      flow("flw_welcome", "Welcome to Harbour", "live", 2, [2310, 1544], true),
      flow("flw_bank", "Bank matching, first steps", "draft", 52, [0, 0]),
      {
        ...flow("flw_tour", "Tour of the first beta", "paused", 900, [61, 12]),
        deleted_at: ago(72),
        restorable_until: ago(72 - 30 * 24),
      },
    ],
  };
}

const REASONS = [
  "Reminders alone paid for it. I stopped chasing people.",
  "Would love to see multi-currency invoices, we sell to Norway and Germany.",
  "It does one thing and does it without getting in my way.",
  "Bank matching guessed wrong twice last month.",
  "Support answered in ten minutes on a Sunday.",
  "Reports are thin: I export to a spreadsheet every month.",
];
const SCORES = [9, 10, 3, 2, 4, 9, 12, 38, 92, 196, 247];

export function surveyResults(now: number, extra: number, open = false): Schema["SurveyResults"] {
  const distribution = SCORES.map((count, value) => ({
    value,
    label: String(value),
    count: count + (value === 9 ? extra : 0),
  }));
  const sum = (from: number, to: number) =>
    distribution.filter((d) => d.value >= from && d.value <= to).reduce((a, d) => a + d.count, 0);
  const [detractors, passives, promoters] = [sum(0, 6), sum(7, 8), sum(9, 10)];
  const count = detractors + passives + promoters;
  const at = (index: number) => new Date(now - index * 3_900_000 - 40_000).toISOString();
  return {
    shown: 1284 + extra,
    started: 688 + extra,
    completed: 612 + extra,
    dismissed: 341,
    questions: [
      {
        id: "q1",
        kind: "nps",
        text: "How likely are you to recommend Harbour to another small business?",
        count,
        nps: { score: Math.round(((promoters - detractors) / count) * 100), promoters, passives, detractors },
        distribution,
      },
      {
        id: "q2",
        kind: "multiple_choice",
        text: "What do you use most?",
        count: 598,
        distribution: [
          { value: "invoices", label: "Sending invoices", count: 511 },
          { value: "reminders", label: "Payment reminders", count: 377 },
          { value: "reports", label: "Reports", count: 122 },
          { value: "bank", label: "Bank matching", count: 88 },
        ],
      },
      {
        id: "q3",
        kind: "open_text",
        text: "What is the main reason for your score?",
        count: 274,
        distribution: [],
        ...(open ? { texts: REASONS.map((text, index) => ({ text, at: at(index), ...somebody(index) })) } : {}),
      },
    ],
    answers: Array.from({ length: 24 }, (_, index) => ({
      id: `ans_${index}`,
      at: at(index),
      ...(index % 9 === 4 ? { person: null, person_id: null } : somebody(index)),
      written: index < REASONS.length ? ["q3"] : [],
      complete: index % 5 !== 3,
      answers: {
        q1: [9, 10, 8, 10, 6, 9][index % 6] ?? 9,
        q2: [["invoices", "reminders"], ["invoices"], ["bank"]][index % 3] ?? [],
        ...(open && index < REASONS.length ? { q3: REASONS[index] ?? "" } : {}),
      },
    })),
  };
}

const somebody = (index: number) => ({
  person: `u-${2401 + index * 7}`,
  person_id: `per_${String(index * 7).padStart(5, "0")}`,
});

export function flowResults(): Schema["FlowResults"] {
  return {
    shown: 2310,
    completed: 1544,
    dismissed: 502,
    steps: [
      { id: "s1", title: "Welcome to Harbour", reached: 2310 },
      { id: "s2", title: "Begin here", reached: 1902 },
      { id: "s3", title: "Send it", reached: 1611 },
    ],
  };
}
