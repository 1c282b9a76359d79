import { fileURLToPath } from "node:url";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";
import { compactDocuments } from "../compact-documents.ts";

/** A module of our own; the zero byte keeps other plugins away. */
const WITHOUT_PARSER = "\0graphql-without-parser";

/** Leaves GraphQL's parser and error class out of the page (2 kB): codegen parses its operations, and its errors are XkitErrors. */
const withoutParser: Plugin = {
  name: "graphql-without-parser",
  enforce: "pre",
  resolveId: (id, importer) => (id === "@0no-co/graphql.web" && importer !== WITHOUT_PARSER ? WITHOUT_PARSER : null),
  load: (id) =>
    id === WITHOUT_PARSER
      ? `export { Kind, print } from "@0no-co/graphql.web";
         export class GraphQLError extends Error {}
         export const parse = () => { throw new TypeError("This page sends parsed operations only."); };`
      : null,
};

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

/** Builds the hosted catalog into dist/catalog: index.html, and assets that are named by their content. */
export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  plugins: [compactDocuments(), withoutParser, withoutPreload, emitStyles, react(), tailwindcss()],
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
