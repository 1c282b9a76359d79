/**
 * Writes the reference of the documentation site into docs/reference, which git ignores: GraphQL from the schema, REST from the OpenAPI
 * document, and the configuration file from its schema. `npm run docs:reference` runs it, and TypeDoc for the packages.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { schema } from "../schema/index.ts";
import { configurationPage } from "./docs-reference/configuration.ts";
import { configurationSchema } from "./docs-reference/configuration-schema.ts";
import { graphqlPages } from "./docs-reference/graphql.ts";
import { restPage } from "./docs-reference/rest.ts";

const FOLDER = "docs/reference";

const pages = new Map<string, string>([
  ...[...graphqlPages(schema)].map(([name, text]): [string, string] => [`graphql/${name}`, text]),
  ["rest.md", restPage(JSON.parse(readFileSync("schema/openapi.json", "utf8")))],
  ["configuration.md", configurationPage(configurationSchema())],
]);
rmSync(FOLDER, { recursive: true, force: true });
for (const [name, text] of pages) {
  const path = join(FOLDER, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${text}\n`);
}
console.log(`${pages.size} pages of reference in ${FOLDER}.`);
