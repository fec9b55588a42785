/** The one way to the server: typed by the wire, with the environment's header, and refusals as `Problem`. */
import createClient from "openapi-fetch";
import { problemFrom } from "./problem";
import type { paths } from "./schema";

export type { Schema } from "./types";

const ENVIRONMENT_HEADER = "Pilotfish-Environment";
let environmentId: string | undefined;

/** Set by the frame before anything of an environment is asked for. */
export function chooseEnvironment(id: string): void {
  environmentId = id;
}

export const api = createClient<paths>({ credentials: "same-origin", headers: { Accept: "application/json" } });

api.use({
  onRequest({ request }) {
    if (environmentId) {
      request.headers.set(ENVIRONMENT_HEADER, environmentId);
    }
    return request;
  },
});

type Answer<T> = { data?: T; error?: unknown; response: Response };

/** Unwraps an answer: its data, or a thrown `Problem`. */
export async function take<T>(answer: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await answer;
  if (!response.ok) {
    throw problemFrom(error, response);
  }
  return data as T;
}
