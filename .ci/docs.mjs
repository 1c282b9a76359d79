/**
 * The documentation site: `node .ci/docs.mjs build`, or `serve`, which builds it and serves it on loopback.
 *
 * What builds it is installed into docs/node_modules when it is missing, and stays out of the root, whose Vite is another one.
 */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { serve } from "@hono/node-server";
import { serveStatic } from "@hono/node-server/serve-static";
import { Hono } from "hono";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const PORT = Number(process.env.PORT ?? 4173);
const run = (folder, command, ...words) => execFileSync(command, words, { cwd: `${ROOT}${folder}`, stdio: "inherit" });

if (!existsSync(`${ROOT}docs/node_modules/vitepress`)) run("docs", "npm", "ci", "--no-audit", "--no-fund");
run("", "npm", "run", "--silent", "docs:reference");
run("docs", "npx", "vitepress", "build");

if (process.argv[2] === "serve") {
  const site = new Hono().use("/docs/*", serveStatic({ root: `${ROOT}dist` })).get("/", (context) => context.redirect("/docs/"));
  serve({ fetch: site.fetch, port: PORT, hostname: "localhost" }, () => console.log(`Open http://localhost:${PORT}/docs/`));
}
