/**
 * Tables as CSV (RFC 4180). A text that a spreadsheet would take for a formula gets an apostrophe in front: what
 * people type into a survey must not run in the sheet of whoever exports it. Numbers stay numbers.
 */
export type Cell = string | number | boolean | null | undefined;
export type Table = { columns: string[]; rows: Cell[][] };

const FORMULA = /^[\s\p{Cc}]*[=+\-@\uFF0B\uFF0D\uFF1D\uFF20|]|^[\t\r\n]/u;

export function toCsv({ columns, rows }: Table): string {
  return [columns, ...rows]
    .map((row) => row.map(cell).join(","))
    .join("\r\n")
    .concat("\r\n");
}

function cell(value: Cell): string {
  if (value === null || value === undefined) {
    return "";
  }
  if (typeof value !== "string") {
    return String(value);
  }
  const text = FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) || text !== text.trim() ? `"${text.replaceAll('"', '""')}"` : text;
}
