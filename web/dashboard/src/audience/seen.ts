/**
 * Names and values that were really sent, read off the people and companies that were seen last. A personal attribute gives its
 * name and never a value; a value is one only if several have it, so that nothing that tells one from all others is offered.
 */
import { formatValue } from "./value";

export type Seen = { attributes: Record<string, unknown>; personal: string[] };

const SEVERAL = 2;
const MOST = 12;
const LONGEST = 60;

export function namesOf(all: Seen[]): string[] {
  return [...new Set(all.flatMap((one) => [...Object.keys(one.attributes), ...one.personal]))].sort();
}

/** The most frequent values of an attribute, as they are typed. */
export function valuesOf(all: Seen[], name: string): string[] {
  const counts = new Map<string, number>();
  for (const { attributes, personal } of all) {
    const value = attributes[name];
    if (!personal.includes(name) && isPlain(value)) {
      const text = formatValue(value);
      counts.set(text, (counts.get(text) ?? 0) + 1);
    }
  }
  return [...counts]
    .filter(([text, count]) => count >= SEVERAL && text !== "" && text.length <= LONGEST)
    .sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0]))
    .slice(0, MOST)
    .map(([text]) => text);
}

const isPlain = (value: unknown) => ["string", "number", "boolean"].includes(typeof value);
