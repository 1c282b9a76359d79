import { fileURLToPath } from "node:url";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { printedDocuments } from "./printed-documents.ts";
import { withTokens } from "./with-tokens.ts";

/** Builds what `xkit.openCatalog` loads into dist/browser/catalog-dialog.js: one module, with its styles. After the script tag's bundle. */
export default defineConfig({
  root: fileURLToPath(new URL("..", import.meta.url)),
  plugins: [withTokens, printedDocuments({ isCached: true }), react(), tailwindcss()],
  build: {
    outDir: fileURLToPath(new URL("../../dist/browser", import.meta.url)),
    emptyOutDir: false,
    target: "es2023",
    cssTarget: ["chrome123", "safari17.5", "firefox120"],
    modulePreload: false,
    rolldownOptions: {
      input: { "catalog-dialog": fileURLToPath(new URL("../catalog/embed.tsx", import.meta.url)) },
      preserveEntrySignatures: "strict",
      output: { format: "es", entryFileNames: "[name].js", codeSplitting: false },
    },
  },
});
