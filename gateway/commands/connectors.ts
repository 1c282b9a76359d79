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
  printRows(rows, (row) => lineOf.get(row) ?? "", options);
}

/** Cells one below the other, two spaces apart. */
function toColumns(rows: readonly (readonly string[])[]): string[] {
  const widths = rows.reduce<number[]>((most, row) => row.map((cell, column) => Math.max(cell.length, most[column] ?? 0)), []);
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

/** `connectors check`: a line for each finding about the configured connectors, or one of them. Exits 1 when one is an error. */
export async function checkConnectors(slug: string, options: PrintOptions): Promise<void> {
  const findings = await findConfigured(slug);
  printRows(findings, ({ about, level, text }) => `${about}  ${level}  ${text}`, options);
  if (findings.some(({ level }) => level === "error")) process.exitCode = 1;
}

type NamedFinding = Finding & { about: string };

/** What is wrong with the configuration, else what is found about its connectors. */
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
      slug === "" ? "No connector is configured: xkit-gateway connectors add adds one." : `There is no connector "${slug}".`,
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
  if (usual.length > 0) return [`It asks for: ${asked.join(" ")} ("scopes" changes it)`];
  const [example] = Object.entries(text);
  if (example) return [`It asks for no scopes until "scopes" states them, as ${example[0]} (${example[1]})`];
  return kind === "oauth2" && undocumented ? [`It asks for no scopes until "scopes" states them: see whether the provider has some`] : [];
}

/** Values that an operator may know for all users. */
const describeVariables = ({ variables }: ParsedFacts): string[] =>
  variables
    .filter(({ from, default: usual }) => from === "user" && usual === undefined)
    .map(({ name, label = name }) => `It asks each user for ${label}, unless "variables" states "${name}"`);

/** `connectors add`: writes a connector of a known provider into the configuration file, and says what is to be done next. */
export function addConnector(provider: string, { as }: { as?: string }): void {
  if (findProvider(provider) === undefined)
    throw new UsageError(`There is no known provider "${provider}": xkit-gateway connectors list shows all.`);
  const slug = as === undefined ? provider : requireArgument("--as", slugSchema.safeParse(as));
  const publicUrl = parsePublicUrl(process.env);
  const entry = entryOf(provider, slug);
  const { facts } = providerSchema.parse(provider);
  const { docs_url: docsUrl, kind } = facts;
  const path = configPath();
  addToConfigFile(path, slug, entry);
  const variables = Object.values(entry).flatMap((value) => /^\$\{(\w+)\}$/.exec(value)?.[1] ?? []);
  console.log(`${path} has the connector "${slug}" now.`);
  if (slug !== provider) console.log(`Users know it as ${facts.name ?? slug}, unless "name" says otherwise.`);
  if (kind === "oauth2") {
    const isAssumed = process.env["XKIT_PUBLIC_URL"] === undefined;
    console.log(`Redirect URI to register: ${redirectUriOf(publicUrl, slug)}${isAssumed ? " (XKIT_PUBLIC_URL is not set)" : ""}`);
  }
  if (docsUrl !== undefined) console.log(`${variables.length > 0 ? "How to register" : "Documentation"}: ${docsUrl}`);
  if (variables.length > 0) console.log(`Variables to set: ${variables.join(", ")}`);
  for (const line of [...describeScopes(facts), ...describeVariables(facts)]) console.log(line);
  if (facts.undocumented) console.log("What is known of this provider is unconfirmed: try it before users do.");
  console.log(`Then: xkit-gateway connectors check ${slug}`);
}
