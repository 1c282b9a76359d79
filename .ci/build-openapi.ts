/**
 * Writes the OpenAPI document of the REST contract to schema/openapi.json, and its types for a TypeScript client. With `--check` it writes
 * nothing, and fails where one of them is not current, or where Redocly's recommended rules object to the document.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createConfig, formatProblems, lintFromString } from "@redocly/openapi-core";
import { createOpenApi } from "../gateway/rest/openapi.ts";
import { restParts } from "../gateway/rest/routes.ts";

const DOCUMENT = "schema/openapi.json";
const TYPES = "test/rest-clients/openapi.d.ts";
const GENERATOR = "test/rest-clients/node_modules/openapi-typescript/bin/cli.js";

const document = createOpenApi(restParts, { publicUrl: "https://connect.example.com", sessionCookie: "__Host-xkit_session" });
const text = `${JSON.stringify(document, null, 2)}\n`;

function generateTypes(): string {
  const directory = mkdtempSync(join(tmpdir(), "openapi-"));
  try {
    writeFileSync(join(directory, "openapi.json"), text);
    execFileSync(process.execPath, [GENERATOR, join(directory, "openapi.json"), "--output", join(directory, "openapi.d.ts")], {
      stdio: "pipe",
    });
    return readFileSync(join(directory, "openapi.d.ts"), "utf8");
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** What the rules object to. The licence is the package's, and where a gateway is reached is its own. */
async function lint(): Promise<number> {
  const rules = {
    "info-license": "off",
    "no-server-example.com": "off",
    "operation-4xx-response": "error",
    "no-unused-components": "error",
  } as const;
  const config = await createConfig({ extends: ["recommended"], rules });
  const problems = await lintFromString({ source: text, absoluteRef: DOCUMENT, config });
  if (problems.length > 0)
    formatProblems(problems, { format: "stylish", totals: { errors: problems.length, warnings: 0, ignored: 0 }, version: "" });
  return problems.length;
}

const files = { [DOCUMENT]: text, [TYPES]: generateTypes() };
const problems = await lint();
const stale = Object.entries(files).filter(([path, content]) => readIfThere(path) !== content);

if (!process.argv.includes("--check")) for (const [path, content] of stale) writeFileSync(path, content);
else if (stale.length > 0) console.error(`${stale.map(([path]) => path).join(" and ")} must be made again: npm run openapi`);
if (problems > 0 || (process.argv.includes("--check") && stale.length > 0)) process.exitCode = 1;
else console.log(`${DOCUMENT} and its types are current, and Redocly's rules object to nothing.`);

function readIfThere(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
