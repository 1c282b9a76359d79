import { entryOf } from "../../gateway/commands/add-connector.ts";
import type { ParsedFacts } from "../../gateway/providers/format.ts";
import { defaultKindOf } from "../../gateway/providers/provider.ts";
import { GENERATED, metadataNames, refreshPhrases, toTable } from "./facts.ts";

/** The page of one provider. */
export function pageOf(slug: string, facts: ParsedFacts, guide: string): string {
  const { name = slug, traps } = facts;
  return [
    `# ${name}`,
    GENERATED,
    `The facts below were read in the provider's documentation on ${facts.documented?.date ?? "no day"}. The steps are written by hand and compared with stored copies of the pages that they name; what these do not say is marked as not confirmed. Where the provider's pages have changed, ${documentationOf(facts)} decides.`,
    "## Register an app",
    `The redirect URI is \`<public URL>/callback/${slug}\`, with the connector's slug where that is another.`,
    guide.trim(),
    "## Configure",
    `\`\`\`sh\nnpx xkit-gateway connectors add ${slug}\n\`\`\``,
    "It adds this to `connectors` in the configuration file:",
    `\`\`\`json\n${JSON.stringify(entryOf(slug, slug), null, 2)}\n\`\`\``,
    ...variablesOf(facts),
    ...scopesOf(facts),
    "## What the gateway knows",
    toTable(["Fact", "Value"], factRows(facts)),
    ...(traps.length > 0 ? ["## Traps", traps.map((trap) => `- ${trap}`).join("\n")] : []),
    ...sourcesOf(facts),
    "[All connectors](../connectors.md)",
  ].join("\n\n");
}

const documentationOf = ({ docs_url: url }: ParsedFacts): string =>
  url === undefined ? "its documentation" : `[its documentation](${url})`;

function variablesOf({ variables }: ParsedFacts): string[] {
  const asked = variables.filter(({ from }) => from === "user");
  if (asked.length === 0) return [];
  const rows = asked.map(({ name, label = name, hint, default: value, strip }) => [
    `\`${name}\``,
    hint === undefined ? label : `${label}: ${hint}`,
    value === undefined ? "the user is asked" : `\`${value}\` unless the connector states another`,
    strip === undefined ? "" : `\`${strip}\``,
  ]);
  return [
    "A connector may state these in `variables`, or ask users for them in `collect.fields`. What neither it nor the provider states is asked of the user.",
    toTable(["Variable", "Meaning", "Where it comes from", "End that is cut off"], rows),
  ];
}

function scopesOf({ scopes }: ParsedFacts): string[] {
  const names = [...new Set([...scopes.default, ...scopes.offline, ...Object.keys(scopes.text)])];
  if (names.length === 0) return ["## Scopes", "None are asked for unless the connector states some."];
  const rows = names.map((scope) => [`\`${scope}\``, scopes.text[scope] ?? "", useOf(scopes, scope)]);
  return [
    "## Scopes",
    "Those used most. A connector's `scopes` replace the default ones.",
    toTable(["Scope", "Lets the app", "Asked for"], rows),
  ];
}

function useOf({ default: usual, offline }: ParsedFacts["scopes"], scope: string): string {
  if (offline.includes(scope)) return "by default, for the refresh token";
  return usual.includes(scope) ? "by default" : "";
}

const toCode = (text: string): string => `\`${text}\``;

function factRows(facts: ParsedFacts): string[][] {
  const { authorization_endpoint: authorization, token_endpoint: token, api, revocation } = facts;
  const rows: [string, string[]][] = [
    ["Authorization endpoint", authorization === undefined ? [] : [toCode(authorization)]],
    ["Token endpoint", token === undefined ? [] : [toCode(token)]],
    ["Kinds of token", kindNames(facts)],
    ["Client authentication", [toCode(facts.client_authentication ?? "basic")]],
    ["PKCE", [facts.pkce ? "S256" : "not sent"]],
    ["Refresh", refreshPhrases(facts)],
    ["Revocation", revocation === null ? ["the provider has none"] : [toCode(revocation.url)]],
    ["API", api.base_url === undefined ? [] : [toCode(api.base_url)]],
    ["What a caller learns", metadataNames(facts)],
  ];
  return rows.flatMap(([name, values]) => (values.length === 0 ? [] : [[name, values.join(", ")]]));
}

function kindNames(facts: ParsedFacts): string[] {
  const usual = defaultKindOf(facts);
  return Object.entries(facts.tokens).map(([kind, { scope_param: param }]) => {
    const notes = [...(kind === usual ? ["the default"] : []), ...(param === undefined ? [] : [`scopes by ${toCode(param)}`])];
    return notes.length === 0 ? toCode(kind) : `${toCode(kind)} (${notes.join(", ")})`;
  });
}

const sourcesOf = ({ documented }: ParsedFacts): string[] =>
  documented === undefined ? [] : ["## Sources", documented.source.map((url) => `- <${url}>`).join("\n")];
