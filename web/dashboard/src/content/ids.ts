/** Ids of questions, choices and steps: short, unique within their list, never used again for something else. */
export function freshId(prefix: string, taken: { id: string }[]): string {
  const numbers = taken.map(({ id }) => Number(id.startsWith(prefix) ? id.slice(prefix.length) : Number.NaN));
  const highest = Math.max(0, ...numbers.filter(Number.isInteger));
  return `${prefix}${highest + 1}`;
}

export function replaceAt<T>(items: T[], index: number, item: T): T[] {
  return items.map((one, at) => (at === index ? item : one));
}

export function removeAt<T>(items: T[], index: number): T[] {
  return items.filter((_one, at) => at !== index);
}

export function insertAt<T>(items: T[], index: number, item: T): T[] {
  return [...items.slice(0, index), item, ...items.slice(index)];
}
