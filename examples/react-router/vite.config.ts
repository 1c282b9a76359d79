import { reactRouter } from "@react-router/dev/vite";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [reactRouter()],
  // What the routes import is bundled before the first page is served. Vite would find it later, and load the page again.
  optimizeDeps: { entries: ["app/**/*.tsx"] },
});
