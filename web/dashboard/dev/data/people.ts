import type { Schema } from "../../src/api/types";
import { pick, seeded } from "../random";

export type StoredPerson = Schema["Person"] & { secrets: Schema["Attributes"] };

const FIRST = ["Ana", "Mira", "Jonas", "Lucía", "Tomas", "Ines", "Oskar", "Freya", "Noor", "Pavel", "Greta", "Samir"];
const LAST = ["Okafor", "Lindqvist", "Moreau", "Hansen", "Castillo", "Nowak", "Tanaka", "Byrne", "Rossi", "Weber"];
const FIRMS = [
  "Northwind Joinery",
  "Blå Kyst Seafood",
  "Atelier Moreau",
  "Kiln & Clay",
  "Peak Cycles",
  "Harbourview Dental",
  "Fjord Logistics",
  "Castillo Legal",
  "Lantern Books",
  "Mossy Garden Design",
  "Bright Path Tutors",
  "Copperline Audio",
  "Saltmarsh Brewing",
  "Weber Elektrik",
  "Tidewater Studios",
  "Maple & Stone",
  "Aurora Physio",
  "Red Kite Travel",
];
const PLANS = ["free", "starter", "team", "business"] as const;
const ROLES = ["owner", "accountant", "assistant"] as const;

export function makePeople(now: number): { people: StoredPerson[]; companies: Schema["Company"][] } {
  const random = seeded(7);
  const ago = (days: number) => new Date(now - days * 86_400_000).toISOString();
  const companies = FIRMS.map((name, index): Schema["Company"] => ({
    id: `cmp_${String(index).padStart(4, "0")}`,
    external_id: `c-${1001 + index}`,
    attributes: {
      name,
      plan: pick(random, PLANS),
      size: 2 + Math.floor(random() * 80),
      country: pick(random, ["NO", "DE", "FR", "GB", "ES"]),
    },
    personal: [],
    first_seen_at: ago(40 + random() * 200),
    last_seen_at: ago(random() * 6),
  }));
  const people = Array.from({ length: 184 }, (_, index): StoredPerson => {
    const first = pick(random, FIRST);
    const last = pick(random, LAST);
    const company = pick(random, companies);
    const seen = random() ** 3 * 30;
    return {
      id: `per_${String(index).padStart(5, "0")}`,
      external_id: `u-${2401 + index}`,
      identified: true,
      attributes: {
        plan: company.attributes.plan,
        role: pick(random, ROLES),
        invoices_sent: Math.floor(random() * 60),
        trial: random() < 0.2,
        locale: pick(random, ["en-GB", "de-DE", "fr-FR", "nb-NO"]),
      },
      personal: ["email", "name"],
      secrets: { email: `${first}.${last}${index}@example.com`.toLowerCase(), name: `${first} ${last}` },
      first_seen_at: ago(seen + random() * 120),
      last_seen_at: ago(seen),
      company: { id: company.id, external_id: company.external_id },
    };
  }).sort((a, b) => b.last_seen_at.localeCompare(a.last_seen_at));
  return { people, companies };
}

const PATHS = ["/invoices", "/invoices/new", "/customers", "/settings"];

export function timelineOf(person: StoredPerson): Schema["Event"][] {
  const random = seeded(person.external_id?.length ?? 1);
  let time = Date.parse(person.last_seen_at);
  return Array.from({ length: 46 }, (_, index): Schema["Event"] => {
    time -= 20_000 + random() * 9_000_000;
    const base = {
      id: `evt_${person.id}_${index}`,
      time: new Date(time).toISOString(),
      properties: {},
      personal: [],
      context: { device: "desktop", browser: "Firefox", system: "Linux" },
    };
    const nps = { ...base.context, content: "srv_nps" };
    const roll = random();
    if (index === 3) {
      return { ...base, type: "track", event: "$completed", properties: { version: 3 }, context: nps };
    }
    if (index === 2) {
      return { ...base, type: "answer", event: null, context: nps };
    }
    if (index === 4) {
      return { ...base, type: "track", event: "$shown", properties: { version: 3 }, context: nps };
    }
    if (roll < 0.55) {
      return { ...base, type: "page", event: null, context: { ...base.context, path: pick(random, PATHS) } };
    }
    if (roll < 0.85) {
      return {
        ...base,
        type: "track",
        event: "Invoice Sent",
        properties: { amount: Math.round(random() * 240_000) / 100, currency: "EUR", recipient: { personal: true } },
        personal: ["recipient"],
      };
    }
    return {
      ...base,
      type: "track",
      event: "Customer Added",
      properties: { source: pick(random, ["import", "form"]) },
    };
  });
}
