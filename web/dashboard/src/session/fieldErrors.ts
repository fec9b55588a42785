/** What the server said of fields, as the errors of a form whose fields have the names of the body's. */
import { isProblem } from "../api/problem";

export function fieldErrors(error: unknown): Record<string, string> {
  return isProblem(error)
    ? Object.fromEntries(error.errors.map(({ pointer, detail }) => [pointer.slice(1), sentence(detail)]))
    : {};
}

/** Whether all that was wrong stands at a field, so that nothing more need be said. */
export function standsAtFields(error: unknown): boolean {
  return isProblem(error) && error.status === 422 && error.errors.length > 0;
}

function sentence(detail: string): string {
  return `${detail.charAt(0).toUpperCase()}${detail.slice(1)}${/[.!?]$/.test(detail) ? "" : "."}`;
}
