import { defineConfig, type Plugin } from "vite";

/**
 * The preview frame runs sandboxed with an opaque origin, so a module script (fetched with CORS) could not load.
 * This build makes one classic script and names it in `preview.html` as such.
 */
function classicScript(): Plugin {
  return {
    name: "classic-script",
    enforce: "post",
    transformIndexHtml: (html) => html.replaceAll('type="module" crossorigin', "defer"),
  };
}

export default defineConfig({
  plugins: [classicScript()],
  publicDir: false,
  build: {
    target: "es2022",
    emptyOutDir: false,
    modulePreload: false,
    rolldownOptions: { input: "preview.html", output: { format: "iife", entryFileNames: "assets/preview-[hash].js" } },
  },
});
