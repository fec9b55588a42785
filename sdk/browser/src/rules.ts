/**
 * Audience rules, the part that a browser decides: texts of the page and the locale. Three-valued like the server's
 * evaluation and held to the same vectors (`sdk/spec/rules`). A field, operator or shape that is not known here is
 * unknown, and unknown is never shown.
 */
import type { Filter, Rule } from './types';

export type Verdict = boolean | 'unknown';
/** The text of a field; undefined when it is missing, null when this side cannot know it. */
export type Lookup = (field: string) => string | undefined | null;

/** What the browser knows about where it is. */
export function pageFacts(href: string | undefined, locale: string | undefined): Lookup {
  const url = href ? new URL(href) : undefined;
  return (field) => {
    if (field === 'locale') return locale ?? null;
    if (!url) return null;
    if (field === 'page.url') return url.href;
    if (field === 'page.path') return url.pathname;
    if (field === 'page.host') return url.hostname;
    return field.startsWith('page.query.') ? (url.searchParams.get(field.slice(11)) ?? undefined) : null;
  };
}

export function evaluate(rule: Rule, lookup: Lookup): Verdict {
  if ('all' in rule) return fold(rule.all, lookup, false);
  if ('any' in rule) return fold(rule.any, lookup, true);
  if ('not' in rule) return opposite(evaluate(rule.not, lookup));
  return 'field' in rule ? compare(rule, lookup(rule.field)) : 'unknown';
}

const opposite = (verdict: Verdict): Verdict => (verdict === 'unknown' ? verdict : !verdict);

/** `all` is decided by the first false, `any` by the first true; unknown counts only when nothing decides. */
function fold(rules: Rule[], lookup: Lookup, decides: boolean): Verdict {
  let verdict: Verdict = !decides;
  for (const rule of rules) {
    const one = evaluate(rule, lookup);
    if (one === decides) return one;
    if (one === 'unknown') verdict = one;
  }
  return verdict;
}

type Operator = (fact: string, value: never) => boolean;

/** Of a text that is there. */
const POSITIVE = new Map<string, Operator>([
  ['is_set', () => true],
  ['is', (fact, value: string) => fact === value],
  ['in', (fact, value: string[]) => value.includes(fact)],
  ['contains', (fact, value: string) => fact.includes(value)],
  ['starts_with', (fact, value: string) => fact.startsWith(value)],
  ['ends_with', (fact, value: string) => fact.endsWith(value)],
  ['matches', (fact, value: string) => new RegExp(value, 'su').test(fact)],
]);

/** Each the exact opposite of a positive one, of missing values too. */
const NEGATIVE = new Map([
  ['is_not_set', 'is_set'],
  ['is_not', 'is'],
  ['not_in', 'in'],
  ['not_contains', 'contains'],
]);

function compare({ op, value }: Filter, fact: string | undefined | null): Verdict {
  const opposed = NEGATIVE.get(op);
  const operator = POSITIVE.get(opposed ?? op);
  if (!operator || fact === null) return 'unknown';
  const holds = fact !== undefined && operator(fact, value as never);
  return holds !== !!opposed;
}
