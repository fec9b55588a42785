/**
 * Build: hashed files under `dist/assets` and an `index.html` whose placeholders the demo server fills in.
 * Development: `npm run dev` fills them in itself and plays the back end, without any SDK.
 */
import { defineConfig, type Plugin } from "vitest/config";
import { answerSession, fillIn } from "./dev/back-end.ts";

function backEnd(): Plugin {
  return {
    name: "harbour-back-end",
    apply: "serve",
    configureServer(server) {
      server.middlewares.use("/session", (request, response) => void answerSession(request, response));
    },
    transformIndexHtml: { order: "pre", handler: (html) => fillIn(html, "", "") },
  };
}

export default defineConfig(({ command }) => ({
  plugins: [backEnd()],
  html: command === "build" ? { cspNonce: "__CSP_NONCE__" } : {},
  build: { target: "es2022", modulePreload: { polyfill: false }, assetsInlineLimit: 0 },
  test: { include: ["tests/*.test.ts"] },
}));
