/**
 * Audience rules, the part that a browser can answer: `page.*` and `locale`. Three-valued like the server's
 * evaluation and held to the same vectors (`sdk/spec/rules`): what cannot be known here is unknown, and unknown is
 * never shown.
 */
import type { Filter, Json, Rule } from './types';

export type Verdict = true | false | 'unknown';
/** The value of a field; undefined when it is missing, null when this side cannot know it. */
export type Lookup = (field: string) => Json | undefined;

/** What the browser knows about where it is. */
export function pageFacts(href: string, locale: string): Lookup {
  const url = new URL(href);
  return (field) => {
    if (field === 'page.url') return href;
    if (field === 'page.path') return url.pathname;
    if (field === 'page.host') return url.hostname;
    if (field.startsWith('page.query.')) return url.searchParams.get(field.slice(11)) ?? undefined;
    return field === 'locale' ? locale : null;
  };
}

export function evaluate(rule: Rule, lookup: Lookup): Verdict {
  if ('all' in rule) return fold(rule.all, lookup, false);
  if ('any' in rule) return fold(rule.any, lookup, true);
  if ('not' in rule) {
    const inner = evaluate(rule.not, lookup);
    return inner === 'unknown' ? inner : !inner;
  }
  if (!('field' in rule)) return 'unknown';
  const fact = lookup(rule.field);
  return fact === null ? 'unknown' : compare(rule, fact);
}

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

const isList = Array.isArray;

function compare({ op, value }: Filter, fact: Json | undefined): Verdict {
  const negated = /^(is_not|not_)/.exec(op);
  if (op === 'is_set') return fact !== undefined;
  if (op === 'is_not_set') return fact === undefined;
  if (negated) {
    const positive = op === 'is_not' ? 'is' : op.slice(4);
    return fact === undefined || !holds(positive, fact, value);
  }
  return fact !== undefined && holds(op, fact, value);
}

function holds(op: string, fact: Json, value: Json | undefined): boolean {
  if (op === 'is') return isList(fact) ? fact.includes(value as Json) : fact === value;
  if (op === 'in')
    return isList(value) && (isList(fact) ? fact.some((one) => value.includes(one)) : value.includes(fact));
  if (op === 'contains' && isList(fact)) return fact.includes(value as Json);
  if (op === 'between') {
    return isList(value) && ordered('gte', fact, value[0]) && ordered('lte', fact, value[1]);
  }
  if (op === 'before' || op === 'after') return inTime(op, fact, value);
  if (typeof fact === 'string' && typeof value === 'string') return inText(op, fact, value);
  return ordered(op, fact, value);
}

function inText(op: string, fact: string, value: string): boolean {
  if (op === 'contains') return fact.includes(value);
  if (op === 'starts_with') return fact.startsWith(value);
  if (op === 'ends_with') return fact.endsWith(value);
  return op === 'matches' && new RegExp(value, 'u').test(fact);
}

function ordered(op: string, fact: Json, value: Json | undefined): boolean {
  if (typeof fact !== 'number' || typeof value !== 'number') return false;
  if (op === 'gt') return fact > value;
  if (op === 'gte') return fact >= value;
  if (op === 'lt') return fact < value;
  return op === 'lte' && fact <= value;
}

function inTime(op: string, fact: Json, value: Json | undefined): boolean {
  const at = moment(fact);
  const limit = moment(value);
  return op === 'before' ? at < limit : at > limit;
}

/** RFC 3339, or days from now as in "-30d"; NaN (which compares as false) for anything else. */
function moment(value: Json | undefined): number {
  const relative = /^([+-]?\d+)d$/.exec(`${value}`);
  return relative
    ? Date.now() + Number(relative[1]) * 864e5
    : typeof value === 'string'
      ? Date.parse(value)
      : Number.NaN;
}
