/** The one way to the server: typed by the wire, with the environment's header, and refusals as `Problem`. */
import createClient from "openapi-fetch";
import { problemFrom } from "./problem";
import { noticing } from "./standing";
import { proving } from "./stepUp";
import type { Paths } from "./types";

export type { Schema } from "./types";

const ENVIRONMENT_HEADER = "Pilotfish-Environment";
let environmentId: string | undefined;

/** Set by the frame before anything of an environment is asked for; nothing of one is asked for once it is left. */
export function chooseEnvironment(id: string | undefined): void {
  environmentId = id;
}

let used: () => void = () => undefined;

/** Called at every request: each keeps the session. */
export function onUse(listen: () => void): void {
  used = listen;
}

export const api = createClient<Paths>({
  credentials: "same-origin",
  headers: { Accept: "application/json" },
  fetch: proving(noticing((request) => fetch(request))),
});

api.use({
  onRequest({ request }) {
    used();
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

/** What was read, with the ETag that says which version it was: a change sends it as `If-Match`. */
export type Marked<T> = T & { etag: string | null };

export async function takeMarked<T extends object>(answer: Promise<Answer<T>>): Promise<Marked<T>> {
  const { response } = await answer;
  return { ...(await take(answer)), etag: response.headers.get("etag") };
}
