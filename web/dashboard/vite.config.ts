import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** The dashboard proper. The preview frame has a build of its own: `vite.frame.config.ts`. */
export default defineConfig({
  plugins: [react()],
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
  },
});
