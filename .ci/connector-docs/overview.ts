import type { ParsedFacts } from "../../gateway/providers/format.ts";
import { GENERATED, type Known, metadataNames, refreshPhrases, toTable } from "./facts.ts";

/** docs/connectors.md: all known providers, and how to add one. */
export function overviewOf(providers: readonly Known[], guides: readonly string[]): string {
  const documented = providers.filter(({ facts }) => facts.documented !== undefined);
  const others = providers.filter(({ facts }) => facts.documented === undefined);
  const guided = providers.filter(({ slug }) => guides.includes(slug));
  return `# Connectors

${GENERATED}

The gateway knows ${providers.length} providers by name. ${documented.length} are documented: their facts were read in the provider's documentation at the date below, and a fixture of the documented requests and answers plays them in the tests. The gateway's tests never call a provider. ${others.length} are undocumented: their endpoints are those that other open-source packages state, and are unconfirmed.

## Add a connector

\`\`\`sh
npx xkit-gateway connectors add slack
\`\`\`

It writes the connector into the configuration file, and says which redirect URI to register, where, and which variables of the environment to set. \`--as\` gives it another slug, so that one provider may be there twice. Then:

\`\`\`sh
npx xkit-gateway connectors check slack
\`\`\`

It prints a line for each finding: what to register, scopes without which there is no refresh token, endpoints that differ from the provider's metadata, whether the provider accepts the client id and secret, and the known traps, of which the tables below have the number.

How to register an app is told step by step for ${guided.map(({ slug, facts }) => `[${nameOf(slug, facts)}](connectors/${slug}.md)`).join(", ")}.

## Change a provider, or describe another

A connector's \`provider\` is a slug of the tables below, \`{ "extends": "<slug>", … }\` with the facts that differ, or an object with all facts. [The format](../gateway/providers/format.ts) is the same as that of [the known providers](../gateway/providers/data).

To add a provider to the gateway itself, write \`gateway/providers/data/<slug>.json\`. It is \`"undocumented": true\`, or it names its documentation and has a fixture in [\`test/providers/fixtures\`](../test/providers/fixtures). Then run \`npm run docs:connectors\`. No code may depend on a provider's name: what is special about one is a key of the format.

## Documented providers

Of the kind \`oauth2\`, the browser of the user goes to the provider and back. Of the kind \`device\`, the user enters a code at the provider (RFC 8628). Of the kind \`client_credentials\`, the client is the platform's where the connector has a \`client_id\`, else the user types one. Of the other kinds, the user types a credential: an API key, a user and a password, or a service account's key.

${toTable(["Provider", "Slug", "Kind", "Documented", "Refresh", "What a caller learns", "Traps"], documented.map(rowOf(guides)))}

## Undocumented providers

All are of the kind \`oauth2\`.

${toTable(["Provider", "Slug", "Asked of the user", "What a caller learns"], others.map(undocumentedRow))}

## Logos

The logos in \`gateway/providers/logos\` are from SVG Logos by Gil Barbara (CC0). They are trademarks of their owners. The gateway serves them itself, and a connector's \`mark_url\` replaces them.
`;
}

const nameOf = (slug: string, { name = slug }: ParsedFacts): string => name;

const rowOf =
  (guides: readonly string[]) =>
  ({ slug, facts }: Known): string[] => [
    guides.includes(slug) ? `[${nameOf(slug, facts)}](connectors/${slug}.md)` : nameOf(slug, facts),
    `\`${slug}\``,
    `\`${facts.kind}\``,
    facts.documented?.date ?? "",
    refreshPhrases(facts).join(", "),
    metadataNames(facts).join(" "),
    String(facts.traps.length),
  ];

const undocumentedRow = ({ slug, facts }: Known): string[] => [
  nameOf(slug, facts),
  `\`${slug}\``,
  facts.variables.flatMap(({ name, label = name, from }) => (from === "user" ? [label] : [])).join(", "),
  metadataNames(facts).join(" "),
];
