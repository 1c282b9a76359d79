import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import { printedDocuments } from "./printed-documents.ts";

/** Builds the script tag's bundle into dist/browser/xkit.js: one classic script, everything in it. */
export default defineConfig({
  root: fileURLToPath(new URL("..", import.meta.url)),
  plugins: [printedDocuments({ isCached: false })],
  build: {
    outDir: fileURLToPath(new URL("../../dist/browser", import.meta.url)),
    emptyOutDir: true,
    target: "es2022",
    lib: { entry: "browser.ts", formats: ["iife"], name: "xkitBundle", fileName: () => "xkit.js" },
  },
});
