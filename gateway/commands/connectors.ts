import { slugSchema } from "../../schema/input.ts";
import { type Config, ConfigError, parseConfig, parsePublicUrl } from "../config/config.ts";
import { configPath, readConfigFile } from "../config/file.ts";
import { redirectUriOf } from "../providers/connector-url.ts";
import type { ParsedFacts } from "../providers/format.ts";
import { findProvider, listProviders } from "../providers/library.ts";
import { providerSchema } from "../providers/provider.ts";
import { addToConfigFile, entryOf } from "./add-connector.ts";
import { type Finding, findingsOf } from "./connector-findings.ts";
import { printRows, type PrintOptions } from "./print-rows.ts";
import { createStoreFindings } from "./store-findings.ts";
import { requireArgument, UsageError } from "./usage-error.ts";

/** `connectors list`: a line for each known provider. */
export function listKnownProviders(options: PrintOptions): void {
  const rows = listProviders().map((slug) => {
    const { name = slug, kind, documented } = providerSchema.parse(slug).facts;
    return { slug, name, kind, documented: documented?.date ?? null };
  });
  const lines = toColumns(
    rows.map(({ slug, name, kind, documented }) => [slug, name, kind, documented ? `documented ${documented}` : "undocumented"]),
  );
  const lineOf = new Map(rows.map((row, index) => [row, lines[index] ?? ""]));
  printRows(rows, (row) => lineOf.get(row) ?? "", options, "No known providers.");
}

/** Aligns the cells in columns, two spaces apart. */
function toColumns(rows: readonly (readonly string[])[]): string[] {
  const widths = rows.reduce<number[]>((most, row) => row.map((cell, column) => Math.max(cell.length, most[column] ?? 0)), []);
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

/** `connectors check`: a line for each finding about the configured connectors, or one of them. Exits with 1 if one is an error. */
export async function checkConnectors(slug: string, options: PrintOptions): Promise<void> {
  const findings = await findConfigured(slug);
  printRows(findings, ({ about, level, text }) => `${about}  ${level}  ${text}`, options, "No findings.");
  if (findings.some(({ level }) => level === "error")) process.exitCode = 1;
}

type NamedFinding = Finding & { about: string };

/** The problems of the configuration; if it has none, the findings about its connectors. */
async function findConfigured(slug: string): Promise<NamedFinding[]> {
  try {
    return await findingsOfAll(parseConfig(process.env, readConfigFile()), slug);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map((text) => ({ about: "configuration", level: "error", text }));
  }
}

async function findingsOfAll(config: Config, slug: string): Promise<NamedFinding[]> {
  const { connectors, publicUrl, providerTimeoutMs: timeoutMs, databaseUrl } = config;
  const chosen = [...connectors.values()].filter((connector) => slug === "" || connector.slug === slug);
  if (chosen.length === 0)
    throw new UsageError(
      slug === ""
        ? "No connector is configured: add one with xkit-gateway connectors add <provider>."
        : `No connector has the slug "${slug}": check the configuration file.`,
    );
  const findStored = await createStoreFindings(databaseUrl);
  const found = chosen.map(async (connector) =>
    [...(await findingsOf(connector, { publicUrl, timeoutMs })), ...findStored(connector)].map((finding) => ({
      about: connector.slug,
      ...finding,
    })),
  );
  return (await Promise.all(found)).flat();
}

/** What users are asked for, and how the operator changes it. */
function describeScopes({ kind, undocumented, scopes: { default: usual, offline, text } }: ParsedFacts): string[] {
  const asked = [...new Set([...usual, ...offline])];
  if (usual.length > 0) return [`Scopes: ${asked.join(" ")}. To change them, set "scopes".`];
  const [example] = Object.entries(text);
  if (example) return [`It asks for no scopes. To add some, set "scopes", for example to ${example[0]} (${example[1]}).`];
  return kind === "oauth2" && undocumented ? [`It asks for no scopes. Check whether the provider has any, and add them to "scopes".`] : [];
}

/** Values that an operator may set for all users. */
const describeVariables = ({ variables }: ParsedFacts): string[] =>
  variables
    .filter(({ from, default: usual }) => from === "user" && usual === undefined)
    .map(({ name, label = name }) => `It asks each user for ${label}. To give all users one value, set "${name}" in "variables".`);

/** `connectors add`: writes a connector of a known provider into the configuration file, and prints what to do next. */
export function addConnector(provider: string, { as }: { as?: string }): void {
  if (findProvider(provider) === undefined)
    throw new UsageError(`The gateway knows no provider "${provider}": xkit-gateway connectors list shows all that it knows.`);
  const slug = as === undefined ? provider : requireArgument("--as", slugSchema.safeParse(as));
  const publicUrl = parsePublicUrl(process.env);
  const entry = entryOf(provider, slug);
  const { facts } = providerSchema.parse(provider);
  const { docs_url: docsUrl, kind } = facts;
  const path = configPath();
  const { hasWebOrigins } = addToConfigFile(path, slug, entry);
  const variables = Object.values(entry).flatMap((value) => /^\$\{(\w+)\}$/.exec(value)?.[1] ?? []);
  console.log(`Added the connector "${slug}" to ${path}.`);
  if (slug !== provider) console.log(`Users see it as ${facts.name ?? slug}. To change that, set "name".`);
  if (kind === "oauth2") {
    const isAssumed = process.env["XKIT_PUBLIC_URL"] === undefined;
    console.log(`Redirect URI to register: ${redirectUriOf(publicUrl, slug)}${isAssumed ? " (XKIT_PUBLIC_URL is not set)" : ""}`);
  }
  if (docsUrl !== undefined) console.log(`${variables.length > 0 ? "How to register" : "Documentation"}: ${docsUrl}`);
  if (variables.length > 0) console.log(`Variables to set: ${variables.join(", ")}`);
  for (const line of [...describeScopes(facts), ...describeVariables(facts)]) console.log(line);
  if (facts.undocumented) console.log("The facts about this provider are unconfirmed: test the connector before your users use it.");
  if (!hasWebOrigins) console.log('Pages of your app need "web_origins", for example ["http://localhost:3000"].');
  console.log(`Then run: xkit-gateway connectors check ${slug}`);
}
