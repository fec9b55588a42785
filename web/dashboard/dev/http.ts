/**
 * Just enough HTTP for the development server: routes, JSON bodies, problems. A route names an operation of the wire, and
 * what it answers must be what the generated types say of that operation: the stand-in cannot drift from the server.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Paths, Schema } from "../src/api/types";

export type Ask = {
  method: string;
  path: string;
  query: URLSearchParams;
  body: Record<string, unknown>;
  cookies: Map<string, string>;
  ifMatch: string | undefined;
};
export type Refusal = { status: number; body: Schema["Problem"] };
export type Reply = { status: number; body?: unknown; cookie?: string; etag?: string };
export type Route = { method: string; pattern: RegExp; answer: (ask: Ask, ...parts: string[]) => Reply };

type Method = "get" | "post" | "put" | "delete";
type Operation<P extends keyof Paths, M extends Method> = M extends keyof Paths[P] ? Paths[P][M] : undefined;
type Operations<M extends Method> = { [P in keyof Paths]: Operation<P, M> extends { responses: unknown } ? P : never };
/** What an operation answers when it succeeds. */
type Good<Operation> = Operation extends { responses: infer R }
  ? {
      [Status in Extract<keyof R, 200 | 201 | 202 | 204>]: R[Status] extends {
        content: { "application/json": infer Body };
      }
        ? { status: Status; body: Body; cookie?: string; etag?: string }
        : { status: Status; cookie?: string };
    }[Extract<keyof R, 200 | 201 | 202 | 204>]
  : never;

/** A route of an operation of the wire: its path's parameters are handed on in order. */
export function route<M extends Method, P extends Operations<M>[keyof Paths]>(
  method: M,
  path: P,
  answer: (ask: Ask, ...parts: string[]) => Good<Operation<P, M>> | Refusal,
): Route {
  const pattern = new RegExp(`^${path.replace(/\{[^}]+\}/g, "([^/]+)")}$`);
  return { method: method.toUpperCase(), pattern, answer };
}

export const ok = <T>(body: T) => ({ status: 200 as const, body });
export const problem = (status: number, code: string, detail: string, errors?: Schema["FieldProblem"][]): Refusal => ({
  status,
  body: {
    type: "about:blank",
    title: code,
    status,
    code,
    detail,
    ...(errors ? { errors } : {}),
    request_id: "req_01hx3v9k",
  },
});

export async function readAsk(request: IncomingMessage): Promise<Ask> {
  const url = new URL(request.url ?? "/", "http://localhost");
  let text = "";
  for await (const chunk of request) {
    text += String(chunk);
  }
  const cookies = new Map(
    (request.headers.cookie ?? "").split("; ").map((pair) => pair.split("=", 2) as [string, string]),
  );
  const body = text ? (JSON.parse(text) as Record<string, unknown>) : {};
  const ifMatch = request.headers["if-match"];
  return { method: request.method ?? "GET", path: url.pathname, query: url.searchParams, body, cookies, ifMatch };
}

export function send(response: ServerResponse, reply: Reply): void {
  response.statusCode = reply.status;
  if (reply.cookie) {
    response.setHeader("set-cookie", reply.cookie);
  }
  if (reply.etag) {
    response.setHeader("etag", reply.etag);
  }
  if (reply.body === undefined) {
    response.end();
    return;
  }
  response.setHeader("content-type", reply.status < 400 ? "application/json" : "application/problem+json");
  response.end(JSON.stringify(reply.body));
}
