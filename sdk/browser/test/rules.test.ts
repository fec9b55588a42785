import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { evaluate, pageFacts } from '../src/rules';
import type { Rule } from '../src/types';

interface Case {
  description: string;
  rule: Rule;
  facts: { page?: { url: string }; locale?: string };
  outcome: string;
  residual?: Rule;
}
interface File {
  name: string;
  side: 'server' | 'client';
  cases: Case[];
}

const folder = new URL('../../spec/rules/', import.meta.url);
const files = readdirSync(folder)
  .sort()
  .map((name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as File);
const decide = (rule: Rule, { page, locale }: Case['facts']) => `${evaluate(rule, pageFacts(page?.url, locale))}`;

for (const { name, cases } of files.filter(({ side }) => side === 'client')) {
  describe(`vectors: ${name}`, () => {
    it.each(cases)('$description', ({ rule, facts, outcome }) => {
      expect(decide(rule, facts)).toBe(outcome);
    });
  });
}

describe('vectors: what the server leaves to the browser', () => {
  const residuals = files.flatMap(({ cases }) => cases).filter(({ residual }) => residual);
  it('has some', () => expect(residuals.length).toBeGreaterThan(5));
  it.each(residuals)('$description', ({ residual, facts, outcome }) => {
    expect(decide(residual as Rule, facts) === 'true').toBe(outcome === 'true');
  });
});

describe('what this side does not know is unknown', () => {
  const facts = pageFacts('https://app.example.com/a', 'en');
  it.each([
    { field: 'person.plan', op: 'is', value: 'pro' },
    { field: 'page.path', op: 'gt', value: 3 },
    { field: 'page.path', op: 'is_contains', value: '/a' },
    { field: 'page.path', op: 'set' },
    { field: 'page.path', op: 'constructor', value: '/a' },
    { field: 'page.colour', op: 'is', value: 'red' },
    { event: 'Invoice Sent' },
    {} as Rule,
  ])('%o', (rule) => {
    expect(evaluate(rule, facts)).toBe('unknown');
  });
});
