/** Just enough HTTP for the development server: routes, JSON bodies, problems. */
import type { IncomingMessage, ServerResponse } from "node:http";

export type Ask = {
  method: string;
  path: string;
  query: URLSearchParams;
  body: Record<string, unknown>;
  cookies: Map<string, string>;
};
export type Reply = { status: number; body?: unknown; cookie?: string };
export type Route = [method: string, pattern: RegExp, answer: (ask: Ask, ...parts: string[]) => Reply];

export const ok = (body: unknown): Reply => ({ status: 200, body });
export const problem = (status: number, code: string, detail: string, errors?: unknown): Reply => ({
  status,
  body: { type: "about:blank", title: code, status, code, detail, errors, request_id: "req_01hx3v9k" },
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
  return { method: request.method ?? "GET", path: url.pathname, query: url.searchParams, body, cookies };
}

export function send(response: ServerResponse, reply: Reply): void {
  response.statusCode = reply.status;
  if (reply.cookie) {
    response.setHeader("set-cookie", reply.cookie);
  }
  if (reply.body === undefined) {
    response.end();
    return;
  }
  response.setHeader("content-type", reply.status < 400 ? "application/json" : "application/problem+json");
  response.end(JSON.stringify(reply.body));
}
