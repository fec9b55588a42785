import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** The dashboard proper, and the shell of the public trust page, which the server fills. The preview frame has a build of its own: `vite.frame.config.ts`. */
export default defineConfig({
  plugins: [react()],
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
    rolldownOptions: { input: ["index.html", "trust.html"] },
  },
});
