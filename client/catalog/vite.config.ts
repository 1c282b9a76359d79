import { fileURLToPath } from "node:url";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";
import { printedDocuments } from "../build/printed-documents.ts";
import { withTokens } from "../build/with-tokens.ts";

/** Leaves out what Vite wraps around `import()` (1 kB): the lazy parts bring neither styles nor scripts of their own to load ahead. */
const withoutPreload: Plugin = {
  name: "without-preload",
  enforce: "pre",
  load: (id) => (id === "\0vite/preload-helper.js" ? "export const __vitePreload = (load) => load();" : null),
};

/** The styles once more, by a name that apps which embed `<Catalog>` can import. */
const emitStyles: Plugin = {
  name: "emit-styles",
  generateBundle(_options, bundle) {
    for (const file of Object.values(bundle)) {
      if (file.type === "asset" && file.fileName.endsWith(".css"))
        this.emitFile({ type: "asset", fileName: "catalog.css", source: file.source });
    }
  },
};

/** What every browser has that runs the page (`build.target`): React's and our own substitutes for it are left out (0.6 kB). */
const presentInBrowsers = {
  AbortController: "function",
  MessageChannel: "function",
  Promise: "function",
  WeakMap: "function",
  WeakSet: "function",
  clearTimeout: "function",
  document: "object",
  performance: "object",
  queueMicrotask: "function",
  reportError: "function",
  setTimeout: "function",
  window: "object",
};
/** What none of them has. React's developer tools (0.4 kB) show nothing of use in a minified page. */
const absentInBrowsers = { __REACT_DEVTOOLS_GLOBAL_HOOK__: "undefined", setImmediate: "undefined" };
const typesOf = Object.entries({ ...presentInBrowsers, ...absentInBrowsers });

/** Builds the hosted catalog into dist/catalog: index.html, and assets that are named by their content. */
export default defineConfig({
  define: Object.fromEntries(typesOf.map(([name, type]) => [`typeof ${name}`, JSON.stringify(type)])),
  root: fileURLToPath(new URL(".", import.meta.url)),
  plugins: [withTokens, printedDocuments({ isCached: true }), withoutPreload, emitStyles, react(), tailwindcss()],
  build: {
    outDir: fileURLToPath(new URL("../../dist/catalog", import.meta.url)),
    emptyOutDir: true,
    target: "es2023",
    cssTarget: ["chrome123", "safari17.5", "firefox120"],
    // A strict Content-Security-Policy knows no data: scripts and no inline styles.
    assetsInlineLimit: 0,
    modulePreload: false,
  },
});
