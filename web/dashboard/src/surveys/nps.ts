/** Net promoter score: the share of promoters (9 and 10) less the share of detractors (0 to 6), from −100 to 100. */
export type Groups = { promoters: number; passives: number; detractors: number };
export type Nps = Groups & { total: number; score: number | null };

export function groupOf(score: number): keyof Groups {
  return score >= 9 ? "promoters" : score >= 7 ? "passives" : "detractors";
}

export function groups(distribution: { value: string | number; count: number }[]): Groups {
  const sums: Groups = { promoters: 0, passives: 0, detractors: 0 };
  for (const { value, count } of distribution) {
    sums[groupOf(Number(value))] += count;
  }
  return sums;
}

/** Rounded once, at the end; nobody answered: no score. */
export function nps(sums: Groups): Nps {
  const total = sums.promoters + sums.passives + sums.detractors;
  const score = total === 0 ? null : Math.round(((sums.promoters - sums.detractors) / total) * 100);
  // Math.round gives −0 for small negatives.
  return { ...sums, total, score: score === null ? null : score + 0 };
}

/** A share with one decimal: `72.4 %`. */
export function percent(part: number, total: number): string {
  return total === 0 ? "–" : `${((part / total) * 100).toFixed(1)} %`;
}

/** A score with its sign: `+48`, `−12`, `0`. */
export function signed(score: number): string {
  return score > 0 ? `+${score}` : score < 0 ? `−${-score}` : "0";
}

/** The score as a sum that can be checked: `66.2 % promoters − 6.1 % detractors = +60`. */
export function formula(result: Nps): string {
  if (result.score === null) {
    return "Promoters (9–10) in percent − detractors (0–6) in percent";
  }
  const { promoters, detractors, total, score } = result;
  return `${percent(promoters, total)} promoters − ${percent(detractors, total)} detractors = ${signed(score)}`;
}
