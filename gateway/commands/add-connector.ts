import { existsSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { ConfigError } from "../config/config.ts";
import { readText } from "../config/file.ts";
import { connectorSchema } from "../providers/connector.ts";
import { providerSchema } from "../providers/provider.ts";
import { safeParseJson } from "../runtime/json.ts";
import { UsageError } from "./usage-error.ts";

/** A connector as it is written into the configuration file. */
export type Entry = Record<string, string>;

/** Where an installed package has the JSON Schema of the configuration, beside the file. */
const SCHEMA = "./node_modules/xkit-gateway/schema/xkit.config.schema.json";

/** A new configuration file. The platform's name is all that it needs; editors complete and check it by its schema. */
function newFileAt(path: string): string {
  const schema = existsSync(join(dirname(path), SCHEMA)) ? `  "$schema": "${SCHEMA}",\n` : "";
  return `{\n${schema}  "platform": { "name": "Xkit Gateway" }\n}\n`;
}

/** The shortest entry for a known provider. Client id and secret come from environment variables, named after the slug. */
export function entryOf(provider: string, slug: string): Entry {
  const prefix = slug.replaceAll("-", "_").toUpperCase().replace(/^\d/, "_$&");
  const bare = connectorSchema.safeParse({ provider });
  const needsClient = bare.error?.issues.some(({ path }) => path[0] === "client_id") ?? false;
  const hasSecret = needsClient && providerSchema.parse(provider).facts.client_authentication !== "none";
  return {
    ...(slug !== provider && { slug }),
    provider,
    ...(needsClient && { client_id: `\${${prefix}_CLIENT_ID}` }),
    ...(hasSecret && { client_secret: `\${${prefix}_CLIENT_SECRET}` }),
  };
}

/**
 * Adds a connector to a configuration file, and creates the file if it does not exist. Throws `UsageError` if the slug is taken.
 * @returns whether the file names origins of the app's pages.
 */
export function addToConfigFile(path: string, slug: string, entry: Entry): { hasWebOrigins: boolean } {
  const text = existsSync(path) ? readText(path) : newFileAt(path);
  const document = documentSchema.safeParse(safeParseJson(text)).data;
  if (document === undefined) throw new ConfigError([`${path} must be a JSON object in which "connectors" is a list`]);
  if (document.connectors?.some((connector) => slugOf(connector) === slug))
    throw new UsageError(`${path} already has a connector "${slug}": give the new one another slug with --as.`);
  writeFileSync(path, insertConnector(text, document, entry));
  return { hasWebOrigins: (document.web_origins?.length ?? 0) > 0 };
}

const connectorOf = z.looseObject({ slug: z.string().optional(), provider: z.unknown().optional() });
const documentSchema = z.looseObject({
  connectors: z.array(connectorOf).optional(),
  web_origins: z.array(z.unknown()).optional().catch(undefined),
});
const providerOf = z.union([
  z.string(),
  z.looseObject({ slug: z.string() }).transform(({ slug }) => slug),
  z.looseObject({ extends: z.string() }).transform((facts) => facts.extends),
]);

const slugOf = ({ slug, provider }: z.output<typeof connectorOf>): string | undefined => slug ?? providerOf.safeParse(provider).data;

/**
 * The text with the entry at the end of `connectors`, and every other byte as it was.
 *
 * Tries each closing bracket, from the last: the right one is where the text parses to the document with the entry.
 */
export function insertConnector(text: string, document: z.output<typeof documentSchema>, entry: Entry): string {
  const { connectors } = document;
  const wanted = { ...document, connectors: [...(connectors ?? []), entry] };
  const [close, inserted, depth] = connectors ? (["]", entry, 2] as const) : (["}", [entry], 1] as const);
  const written = JSON.stringify(inserted, null, 2);
  const member = connectors ? written : `"connectors": ${written}`;
  for (let at = text.lastIndexOf(close); at >= 0; at = text.lastIndexOf(close, at - 1)) {
    const candidate = insertBefore(text, at, member, depth);
    if (isDeepStrictEqual(safeParseJson(candidate), wanted)) return candidate;
  }
  throw new TypeError("No place for the connector was found in the configuration file.");
}

const INDENT = "  ";

function insertBefore(text: string, at: number, member: string, depth: number): string {
  const before = text.slice(0, at).trimEnd();
  const separator = /[[{]$/.test(before) ? "" : ",";
  const lines = member.replaceAll("\n", `\n${INDENT.repeat(depth)}`);
  return `${before}${separator}\n${INDENT.repeat(depth)}${lines}\n${INDENT.repeat(depth - 1)}${text.slice(at)}`;
}
