/**
 * Vite plugin of the development server: the stand-in API and, for built files, the pages with the very headers that
 * the real server sends, so that browser tests run under the real content security policy.
 */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import type { Connect, Plugin } from "vite";
import { answer } from "./api";
import { readAsk, send } from "./http";

const SLOW_MS = 2_500;

export function standIn(): Plugin {
  return {
    name: "stand-in",
    configureServer: (server) => void server.middlewares.use(api),
    configurePreviewServer: (server) => {
      server.middlewares.use(api);
      server.middlewares.use(pages(`${server.config.root}/dist`));
    },
  };
}

const api: Connect.NextHandleFunction = async (request, response, next) => {
  if (!request.url?.startsWith("/api/")) {
    next();
    return;
  }
  const ask = await readAsk(request);
  if (ask.cookies.get("dev_scenario") === "slow" && ask.path !== "/api/v1/me") {
    await new Promise((resolve) => setTimeout(resolve, SLOW_MS));
  }
  send(response, answer(ask));
};

function pages(dist: string): Connect.NextHandleFunction {
  return (request, response, next) => {
    const path = new URL(request.url ?? "/", "http://localhost").pathname;
    if (path === "/preview.html") {
      const policy = "default-src 'none'; script-src 'self'; frame-ancestors 'self'; sandbox allow-scripts";
      html(response, policy, readFileSync(`${dist}/preview.html`, "utf8"));
    } else if (path === "/trust") {
      html(response, policyWith(randomBytes(16).toString("base64")), trustPage(dist));
    } else if (/\.[a-z0-9]+$/.test(path)) {
      next();
    } else {
      const nonce = randomBytes(16).toString("base64");
      html(response, policyWith(nonce), readFileSync(`${dist}/index.html`, "utf8").replaceAll("__CSP_NONCE__", nonce));
    }
  };
}

/** The server renders this page: what it made of one row in each state is the snapshot of its own test. */
function trustPage(dist: string): string {
  const tests = `${dist}/../../../crates/product/src/trust/tests`;
  const snapshot = readFileSync(`${tests}/snapshots/product__trust__tests__page__every_state.snap`, "utf8");
  const page = snapshot.split(/^---$/m).slice(2).join("---");
  return readFileSync(`${dist}/trust.html`, "utf8").replace("<!-- trust -->", () => page);
}

function policyWith(nonce: string): string {
  return `default-src 'none'; script-src 'self'; style-src 'self' 'nonce-${nonce}'; img-src 'self' data:; font-src 'self'; connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'`;
}

function html(response: ServerResponse, policy: string, text: string): void {
  response.setHeader("content-type", "text/html; charset=utf-8");
  response.setHeader("content-security-policy", policy);
  response.setHeader("x-content-type-options", "nosniff");
  response.setHeader("referrer-policy", "no-referrer");
  response.setHeader("cross-origin-opener-policy", "same-origin");
  response.end(text);
}
