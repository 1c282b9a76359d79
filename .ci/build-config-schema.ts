/**
 * Writes schema/xkit.config.schema.json, the JSON Schema of the configuration file, by which editors complete and check it.
 *
 * `npm run docs:config-schema`. With `--check` it writes nothing, and fails when the file is not current.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { format, resolveConfig } from "prettier";
import { configurationSchema } from "./docs-reference/configuration-schema.ts";

const PATH = "schema/xkit.config.schema.json";
const text = await format(JSON.stringify(configurationSchema()), { ...(await resolveConfig(PATH)), parser: "json" });

if (!process.argv.includes("--check")) writeFileSync(PATH, text);
else if (existsSync(PATH) && readFileSync(PATH, "utf8") === text) console.log(`${PATH} is current.`);
else {
  console.error(`${PATH} is not current: npm run docs:config-schema`);
  process.exitCode = 1;
}
