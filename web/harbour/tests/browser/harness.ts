/**
 * Serves `dist` as the demo server will (own origin, strict policy, nonce, back end) beside an edge on another
 * origin, and opens it in Chromium. The edge's SDK only takes the queue over and writes down the calls.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { answerSession, fillIn } from "../../dev/back-end";

const DIST = new URL("../../dist/", import.meta.url);
const TYPES: Readonly<Record<string, string>> = {
  js: "text/javascript",
  css: "text/css",
  svg: "image/svg+xml",
  woff2: "font/woff2",
};

const RECORDER = `(() => {
  window.recorded = [...(window.pilotfish?.q ?? [])];
  const call = (name) => (...args) => { window.recorded.push([name, ...args]); };
  window.pilotfish = { ...window.pilotfish, identify: call("identify"), track: call("track"), reset: call("reset") };
})();`;

export type Call = [method: string, ...args: unknown[]];

declare global {
  interface Window {
    recorded?: Call[];
    violations?: string[];
    loadedAt?: number;
  }
}

export function policy(nonce: string, edge: string): string {
  return [
    "default-src 'none'",
    `script-src 'self' 'nonce-${nonce}'`,
    "style-src 'self'",
    `connect-src 'self' ${edge}`,
    `img-src 'self' ${edge}`,
    "font-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types pilotfish",
  ].join("; ");
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://localhost:${(server.address() as AddressInfo).port}`;
}

function page(response: ServerResponse, edge: string): void {
  const nonce = "bm9uY2U";
  const integrity = `sha384-${createHash("sha384").update(RECORDER).digest("base64")}`;
  const source = `${edge}/sdk/pilotfish.js`;
  const tag = `<script async src="${source}" integrity="${integrity}" crossorigin="anonymous" nonce="${nonce}"></script>`;
  response.writeHead(200, { "content-type": "text/html", "content-security-policy": policy(nonce, edge) });
  response.end(fillIn(readFileSync(new URL("index.html", DIST), "utf8"), tag, nonce));
}

export interface Site {
  readonly origin: string;
  close(): Promise<void>;
}

/** `sdk: "blocked"` is what an ad blocker does: the file is asked for and never comes. */
export async function serve(sdk: "served" | "blocked"): Promise<Site> {
  const edgeServer = createServer((_, response) => {
    response.writeHead(sdk === "served" ? 200 : 403, { "content-type": TYPES.js, "access-control-allow-origin": "*" });
    response.end(sdk === "served" ? RECORDER : "");
  });
  const edge = await listen(edgeServer);
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? "/", "http://localhost").pathname;
    const asset = new URL(`.${path}`, DIST);
    if (path === "/session") void answerSession(request, response);
    else if (/^\/(assets\/|favicon)/.test(path) && existsSync(asset)) {
      response.writeHead(200, { "content-type": TYPES[path.split(".").at(-1) ?? ""] ?? "application/octet-stream" });
      response.end(readFileSync(asset));
    } else page(response, edge);
  });
  const origin = await listen(server);
  const closed = (one: Server) => new Promise<void>((resolve) => one.close(() => resolve()).closeAllConnections());
  return { origin, close: async () => void (await Promise.all([closed(server), closed(edgeServer)])) };
}

export function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-dev-shm-usage"],
  });
}

/** A page that writes down what the policy refuses, and its own errors. */
export async function open(browser: Browser, options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  const opened = await context.newPage();
  await opened.addInitScript(() => {
    window.violations = [];
    window.loadedAt = performance.timeOrigin;
    addEventListener("securitypolicyviolation", (event) => {
      window.violations?.push(`${event.violatedDirective} ${event.blockedURI}`);
    });
    addEventListener("error", (event) => window.violations?.push(`error ${event.message}`));
  });
  return opened;
}

export async function signInAs(opened: Page, site: Site, user: string, path = "/"): Promise<void> {
  await opened.goto(site.origin + path);
  await opened.click(`[data-user="${user}"]`);
  await opened.waitForSelector("#user-name");
}

export const pathOf = (opened: Page): string => new URL(opened.url()).pathname;
