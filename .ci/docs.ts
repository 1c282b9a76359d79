/**
 * The documentation site: `npm run docs:build`, or `npm run docs`, which builds it and serves it on loopback.
 *
 * What builds it is installed into docs/node_modules when it is missing, and stays out of the root, whose Vite is another one.
 */
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { createDocumentationRoutes, DOCUMENTATION_PATH } from "../gateway/http/documentation.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const PORT = Number(process.env["PORT"] ?? 4173);
const run = (folder: string, command: string, ...words: string[]) =>
  execFileSync(command, words, { cwd: `${ROOT}${folder}`, stdio: "inherit" });

if (!existsSync(`${ROOT}docs/node_modules/vitepress`)) run("docs", "npm", "ci", "--no-audit", "--no-fund");
run("", "npm", "run", "--silent", "docs:reference");
run("docs", "npx", "vitepress", "build");
// The home page has no text of its own. As Markdown it is the list of all pages.
copyFileSync(`${ROOT}dist/docs/llms.txt`, `${ROOT}dist/docs/index.md`);
run("", "node", ".ci/check-docs-site.mjs");

if (process.argv[2] === "serve") {
  const site = new Hono().get("/", (context) => context.redirect(DOCUMENTATION_PATH)).route("/", createDocumentationRoutes());
  serve({ fetch: site.fetch, port: PORT, hostname: "localhost" }, () => console.log(`Open http://localhost:${PORT}${DOCUMENTATION_PATH}`));
}
