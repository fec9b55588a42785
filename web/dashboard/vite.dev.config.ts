import { mergeConfig } from "vite";
import { standIn } from "./dev/plugin";
import production from "./vite.config";

/** Development and browser tests only: the same build beside an in-memory server. */
export default mergeConfig(production, {
  plugins: [standIn()],
  server: { port: 5173, cors: true },
  preview: { port: 4173 },
});
