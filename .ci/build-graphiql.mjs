/**
 * Splits the one page of 9 MB that @graphql-yoga/render-graphiql holds into assets that are named by their content, compressed once.
 * Writes dist/graphiql: a small index.html, and assets/graphiql with its scripts, styles and workers.
 */
import { createHash } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { css, editorWorkerService, graphqlWorker, js, jsonWorker } from "../node_modules/@graphql-yoga/render-graphiql/esm/graphiql.js";

/** Of 11: the next ones take ten times as long, for a tenth. */
const BROTLI_QUALITY = 9;
const OUTPUT = fileURLToPath(new URL("../dist/graphiql/", import.meta.url));
const FOLDER = "assets/graphiql/";

rmSync(OUTPUT, { recursive: true, force: true });
mkdirSync(`${OUTPUT}${FOLDER}`, { recursive: true });

/** Writes an asset beside its compressed forms, and answers its path. */
function write(name, extension, text) {
  const hash = createHash("sha256").update(text).digest("base64url").slice(0, 10);
  const path = `${FOLDER}${name}-${hash}.${extension}`;
  writeFileSync(`${OUTPUT}${path}`, text);
  const params = { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY };
  writeFileSync(`${OUTPUT}${path}.gz`, gzipSync(text, { level: constants.Z_BEST_COMPRESSION }));
  writeFileSync(`${OUTPUT}${path}.br`, brotliCompressSync(text, { params }));
  return `/${path}`;
}

const workers = {
  editorWorkerService: write("editor-worker", "js", editorWorkerService),
  json: write("json-worker", "js", jsonWorker),
  graphql: write("graphql-worker", "js", graphqlWorker),
};
const start = `const workers = ${JSON.stringify(workers)};
self.MonacoEnvironment = { globalAPI: false, getWorkerUrl: (_id, label) => workers[label] };
const options = JSON.parse(document.querySelector("#options").textContent);
YogaGraphiQL.renderYogaGraphiQL(document.querySelector("#root"), options);
`;

/** The bar above GraphiQL, in its own colours. */
const barStyle = `
body { display: flex; flex-direction: column; height: 100vh; margin: 0; background: #fff; color: #3b4b68; }
@media (prefers-color-scheme: dark) { body:not(.graphiql-light) { background: hsl(219, 29%, 18%); color: #e6eaf2; } }
body.graphiql-dark { background: hsl(219, 29%, 18%); color: #e6eaf2; }
#root { flex: 1; min-height: 0; }
#root :is(.graphiql-container, .graphiql-main) { height: 100%; min-height: 0; }
.graphiql-logo { display: none; }
nav { display: flex; flex-wrap: wrap; align-items: center; gap: 4px 16px; padding: 8px 16px; font: 14px/1.5 system-ui, sans-serif; }
nav a { color: inherit; }
nav a:last-of-type { margin-inline-end: auto; }
nav footer { display: flex; align-items: center; gap: 12px; min-width: 0; }
nav .avatar { flex: none; display: grid; place-items: center; width: 28px; height: 28px; font-size: 12px; font-weight: 600; border: 1px solid currentcolor; border-radius: 50%; }
nav .viewer { min-width: 0; overflow-wrap: anywhere; line-height: 1.3; } nav .viewer span { display: block; }
nav form { flex: none; margin: 0; }
nav button { flex: none; white-space: nowrap; padding: 4px 12px; font: inherit; color: inherit; background: none; border: 1px solid currentcolor; border-radius: 4px; cursor: pointer; }
nav :focus-visible { outline: 2px solid currentcolor; outline-offset: 2px; }
`;

writeFileSync(
  `${OUTPUT}index.html`,
  `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <title>Xkit Gateway</title>
    <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
    <link rel="stylesheet" href="${write("graphiql", "css", css + barStyle)}" />
  </head>
  <body id="body" class="no-focus-outline">
    <!--bar-->
    <noscript>GraphiQL needs JavaScript.</noscript>
    <div id="root"></div>
    <script type="application/json" id="options">{}</script>
    <script src="${write("graphiql", "js", js)}"></script>
    <script src="${write("start", "js", start)}"></script>
  </body>
</html>
`,
);
