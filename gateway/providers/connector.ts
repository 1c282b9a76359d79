import { z } from "zod";
import type { MarkdownTree } from "../../client/markdown/tree.ts";
import type { ConnectorCategory } from "../../schema/connector-category.ts";
import { parseMarkdown } from "../../schema/markdown.ts";
import type { Permission } from "../../schema/upstream.ts";
import { isLoopback } from "../http/secure-endpoint.ts";
import type { OAuthClient, OAuthProvider } from "../oauth/provider.ts";
import type { VariableRule } from "../oauth/provider-requests.ts";
import { isUnattended } from "../oauth/request-tokens.ts";
import { isOfUserInfo } from "../oauth/stated-values.ts";
import { shownNameSchema, slugSchema } from "../../schema/input.ts";
import { MAXIMUM_METADATA, type ParsedFacts } from "./format.ts";
import { markdownSchema } from "./format-parts.ts";
import { categoriesSchema, searchTermsSchema } from "./catalog-facts.ts";
import { permissionsOf } from "./permissions.ts";
import { clientProblems, clientSecrets, clientTextSchema, previousClientsSchema, toClient } from "./connector-client.ts";
import { earlyEndpointsIn, fieldProblemsIn, fixedVariables, rulesOf, wrongDefaultsIn, wrongVariablesIn } from "./connector-variables.ts";
import { clientFieldsOf, type CollectConfig, collectSchema, DEFAULT_SAVE_LABEL, toField, toOwnField } from "./collect.ts";
import { type Provider, providerSchema } from "./provider.ts";
import { fillKnown, fillKnownIn, hostSourcesOf, isFilled, misplacedIn, templateFieldsOf } from "./template.ts";
import { type TokenKinds, tokenKindsOf, wrongKindsIn } from "./token-kinds.ts";

/** A connector as the configuration states it: what the catalog shows, and how its tokens are obtained. */
export interface ConnectorConfig {
  slug: string;
  name: string;
  shortDescription: string | null;
  /** In Markdown. */
  description: string | null;
  /** The description, parsed. */
  descriptionTree: Promise<MarkdownTree> | null;
  markUrl: string | null;
  supportsMultipleConnections: boolean;
  /** Whether an account that is connected may be connected by another owner too. */
  sharedAccounts: "allow" | "refuse";
  /** Of the default kind of token. */
  scopes: string[];
  /** Its kinds of token with the scopes of each, the default first. */
  tokenKinds: TokenKinds;
  /** Least time between two questions to the provider whether an access token still works, in milliseconds. 0: it is never asked. */
  checkIntervalMs: number;
  /** OAuth facts and credentials; null for a connector whose user types an API key. The client's id is empty where users type theirs. */
  oauth: { provider: OAuthProvider; client: OAuthClient; previousClients: readonly OAuthClient[] } | null;
  /** How its provider is spoken to; null where the connector has none. */
  protocol: OAuthProvider | null;
  /** What is known of its provider; null where the connector has none. */
  facts: ParsedFacts | null;
  /** Values of the provider's variables that no user is asked for. */
  variables: Readonly<Record<string, string>>;
  /** What is asked of the user first. */
  collect: CollectConfig | null;
  /** What fields and variables may hold, by name. */
  rules: Readonly<Record<string, VariableRule>>;
  /** What users and servers are shown of the account: names, and where their values are stated. */
  metadata: Readonly<Record<string, string>>;
  /** What it is for. */
  categories: readonly ConnectorCategory[];
  /** What people call it besides its name. */
  searchTerms: readonly string[];
  /** What it asks for at its provider. */
  permissions: readonly Permission[];
  /** The key of the integration of Nango that has its tokens; null where this gateway has them. */
  integration: string | null;
}

/** How often a provider may be asked whether an access token still works, in seconds, and the longest that can be configured: a day. */
const DEFAULT_CHECK_INTERVAL_SECONDS = 30;
const MAXIMUM_CHECK_INTERVAL_SECONDS = 86_400;

/** Of the default kind of token, or by kind. */
const scopesSchema = z.union(
  [z.array(z.string().min(1)), z.record(z.string(), z.array(z.string().min(1)))],
  "must be a list of scopes, or an object with such a list for each kind of token",
);

/** Looked at also where other settings have problems: all are told at once. */
const isObject = ({ value }: { value: unknown }): boolean => typeof value === "object" && value !== null;

/** By name, where Nango has a value: its own `metadata` or `connection_config`, and the key there. */
const nangoMetadataSchema = z
  .record(
    z.string().regex(/^[a-zA-Z]\w{0,63}$/, "must be a letter followed by at most 63 letters, digits and _"),
    z
      .string()
      .regex(/^(?:metadata|connection_config):.{1,255}$/, 'must be a source such as "connection_config:team.id" or "metadata:region"'),
  )
  .refine((metadata) => Object.keys(metadata).length <= MAXIMUM_METADATA, `must have at most ${MAXIMUM_METADATA} names`);

/** In the form in which it is compared with what users enter. No host of this machine: providers are elsewhere. */
const allowedHostSchema = z
  .string()
  .toLowerCase()
  .refine((host) => URL.parse(`https://${host}`)?.hostname === host, 'must be a host name only, such as "gitlab.corp"')
  .refine((host) => !isLoopback(host), "must not be a name of this machine");

/** One entry of `connectors` in the configuration file, as it is written. */
const writtenSchema = z.strictObject({
  slug: slugSchema.optional().describe("The connector's name in queries and URLs. Default: the provider's."),
  name: shownNameSchema.max(100).optional().describe("The name that users see. Default: the provider's."),
  short_description: z.string().max(200).nullable().default(null).describe("One line for the list in the catalog."),
  description: markdownSchema.nullable().default(null).describe("What it does, in Markdown, for the connector's page."),
  mark_url: z
    .url({ protocol: /^(https?|data)$/, error: "must be an http(s) or data URL" })
    .nullable()
    .default(null)
    .describe("Its logo. Default: the provider's, which the gateway serves."),
  supports_multiple_connections: z.boolean().default(false).describe("Whether a user may connect several accounts."),
  shared_accounts: z
    .enum(["allow", "refuse"])
    .default("allow")
    .describe("Whether two owners may connect the same account at the provider."),
  categories: categoriesSchema.optional().describe("The connector's categories. Default: the provider's."),
  search_terms: searchTermsSchema.optional().describe("Other names that people search for. Default: the provider's."),
  provider: providerSchema
    .optional()
    .describe(
      "A known provider's slug, the facts that differ from a known provider's, or all facts of another provider. Without it, `collect` asks the user for an API key.",
    ),
  client_id: clientTextSchema.optional().describe("The id of the client that you registered at the provider."),
  ...clientSecrets,
  previous_clients: previousClientsSchema.describe(
    "Clients that this platform used before. They refresh and revoke the grants that they were given.",
  ),
  scopes: scopesSchema
    .optional()
    .describe("The scopes that connecting asks for: a list, or a list for each kind of token. Default: the provider's."),
  allowed_scopes: scopesSchema.default([]).describe("Further scopes that a page or a server may ask for."),
  variables: z.record(z.string(), z.string().min(1)).default({}).describe("Values of the provider's variables, for all users."),
  allowed_hosts: z
    .array(allowedHostSchema)
    .max(64)
    .default([])
    .describe("Private hosts that users may enter, such as that of a GitLab in the company's network."),
  check_interval_seconds: z
    .int()
    .min(0)
    .max(MAXIMUM_CHECK_INTERVAL_SECONDS)
    .default(DEFAULT_CHECK_INTERVAL_SECONDS)
    .describe(
      "Minimum time between two checks at the provider whether an access token still works, in seconds. 0: tokens are never checked.",
    ),
  collect: collectSchema.optional().describe("The form that users fill in before they connect."),
  integration: z
    .string()
    .regex(/^[a-zA-Z0-9~:.@ _-]{1,255}$/, "must be the key of an integration in Nango")
    .optional()
    .describe("The key of the integration in Nango that holds its tokens (XKIT_UPSTREAM=nango)."),
  metadata: nangoMetadataSchema.default({}).describe("Values that users and servers see of what Nango stores for a connection, by name."),
});

type Written = z.output<typeof writtenSchema>;

const isOAuth = (provider: Provider | undefined): boolean => provider?.oauth != null;

/** Undefined also where the provider has problems, while others are looked for. */
const factsOf = ({ provider }: Written): ParsedFacts | undefined => provider?.facts;
const protocolOf = ({ provider }: Written): OAuthProvider | undefined => provider?.protocol;

/** Whether tokens of the provider are had without a person. */
const isUnattendedIn = (written: Written): boolean => {
  const protocol = protocolOf(written);
  return isOAuth(written.provider) && protocol !== undefined && isUnattended(protocol);
};

/** Whether this platform needs no client of its own at the provider: its users type what they have there. */
const needsNoClient = (written: Written): boolean =>
  factsOf(written) !== undefined && (!isOAuth(written.provider) || isUnattendedIn(written));

/** What the user is asked: the connector's own fields, else the provider's, and the provider's variables that have no value. */
function collectOf(written: Written): Omit<CollectConfig, "instructionsTree"> | null {
  const { collect } = written;
  const [facts, fixed] = [factsOf(written), fixedVariables(written)];
  const isClientTyped = facts?.kind === "client_credentials" && written.client_id === undefined;
  const variableOf = (name: string) => [...(facts?.variables ?? []), ...(facts?.collect ?? [])].find((variable) => variable.name === name);
  const own =
    collect?.fields.map((field) => toOwnField(field, variableOf(field.name))) ??
    facts?.collect?.map((field) => toField(field)) ??
    (isClientTyped ? clientFieldsOf(facts) : []);
  const asked = (facts?.variables ?? [])
    .filter(({ name, from }) => from === "user" && !Object.hasOwn(fixed, name) && own.every((field) => field.name !== name))
    .map((variable) => toField(variable));
  const fields = [...own, ...asked];
  // Where no page of the provider asks, the form does, also for nothing.
  if (fields.length === 0 && !isUnattendedIn(written)) return null;
  const saveLabel = fields.length === 0 ? "Connect" : DEFAULT_SAVE_LABEL;
  return { instructions: collect?.instructions ?? null, saveLabel: collect?.save_label ?? saveLabel, fields };
}

/** Metadata that a secret field of the connector's own would be shown by. */
function secretMetadataOf(written: Written): string[] {
  const secrets = new Set((written.collect?.fields ?? []).filter(({ secret }) => secret).map(({ name }) => `field:${name}`));
  return Object.entries(factsOf(written)?.metadata ?? {}).flatMap(([name, source]) => (secrets.has(source) ? [name] : []));
}

/** Whether anything can say whose account a connection is. An OAuth provider may do so in an ID token. */
function mayNameAccounts({ provider }: Written): boolean {
  if (provider === undefined) return false;
  const { oauth, protocol } = provider;
  return oauth !== null || protocol.userInfo.length > 0 || !protocol.accountIdPaths.every(isOfUserInfo);
}

/** Metadata is the operator's choice: what a user enters must not lead to a server that names endpoints by itself. */
const isDiscoverable = (protocol: OAuthProvider, values: Readonly<Record<string, string>>): boolean =>
  protocol.discovery === null || metadataAddresses(protocol).every((address) => isFilled(fillKnownIn(protocol, address, values)));

const metadataAddresses = ({ issuer, discovery }: OAuthProvider): string[] => [issuer, discovery?.url].flatMap((address) => address ?? []);

/** Entries of scopes that are several: they would be missing on every connection. */
function wrongScopesIn(written: Written): [path: string[], message: string][] {
  const separator = protocolOf(written)?.scopeSeparator ?? " ";
  const isSeveral = (scope: string) => /\s/.test(scope) || scope.includes(separator);
  return (["scopes", "allowed_scopes"] as const).flatMap((key) => {
    const scopes = written[key] ?? [];
    const lists: [path: string[], list: string[]][] = Array.isArray(scopes)
      ? [[[key], scopes]]
      : Object.entries(scopes).map(([kind, list]) => [[key, kind], list]);
    return lists.flatMap(([path, list]) =>
      list.flatMap((scope, index): [string[], string][] =>
        isSeveral(scope) ? [[[...path, String(index)], "must be one scope: write each scope as its own entry"]] : [],
      ),
    );
  });
}

function problemsOf(written: Written): [path: string[], message: string][] {
  const { provider, collect } = written;
  const [facts, fields, fixed] = [factsOf(written), collectOf(written)?.fields ?? [], fixedVariables(written)];
  // It may have a slug, variables and kinds all the same.
  const isWrong = provider !== undefined && facts === undefined;
  const isKnown = (name: string) => Object.hasOwn(fixed, name) || fields.some((field) => field.name === name);
  const needsKey = !isOAuth(provider) && (facts !== undefined || collect !== undefined);
  const protocol = protocolOf(written);
  const needed = protocol ? [...templateFieldsOf(protocol)].filter((name) => !isKnown(name)) : [];
  const isUnknown = (name: string) => !isWrong && !facts?.variables.some((variable) => variable.name === name);
  const unknown = Object.keys(written.variables).filter(isUnknown);
  return [
    ...(["slug", "name"] as const).flatMap((key): [string[], string][] =>
      written[key] === undefined && facts?.[key] === undefined && !isWrong ? [[[key], "is required"]] : [],
    ),
    ...(["scopes", "allowed_scopes"] as const).flatMap((key) =>
      isWrong
        ? []
        : wrongKindsIn(facts ?? null, written[key] ?? []).map(([path, message]): [string[], string] => [[key, ...path], message]),
    ),
    ...unknown.map((name): [string[], string] => [["variables", name], "is not a variable of the provider"]),
    ...wrongScopesIn(written),
    ...fieldProblemsIn(written),
    ...wrongVariablesIn(written),
    ...wrongDefaultsIn(written),
    ...earlyEndpointsIn(provider ?? {}, fixed, fields),
    ...(facts ? clientProblems(written, facts) : []),
    ...(needsKey && !fields.some(({ secret }) => secret)
      ? [[["collect", "fields"], "must have a secret field: the API key"] satisfies [string[], string]]
      : []),
    ...(written.shared_accounts === "refuse" && !mayNameAccounts(written)
      ? [[["shared_accounts"], "needs a provider whose facts name the account"] satisfies [string[], string]]
      : []),
    ...secretMetadataOf(written).map((name): [string[], string] => [
      ["collect", "fields"],
      `must not be secret: the metadata "${name}" shows it`,
    ]),
    ...(provider?.oauth?.callbackHmacParam && written.client_secret === null
      ? [[["client_secret"], "is required: the provider signs its callbacks with it"] satisfies [string[], string]]
      : []),
    ...(protocol && !isDiscoverable(protocol, fixed)
      ? [[["provider"], "must state its endpoints: the URL of its metadata depends on what users enter"] satisfies [string[], string]]
      : []),
    ...(provider?.oauth ? misplacedIn(provider.oauth) : []).map((name): [string[], string] => [
      ["provider"],
      `{${name}} is not allowed in this place: the variable needs another "may"`,
    ]),
    ...needed.map((name): [string[], string] => [
      ["collect", "fields"],
      `must ask for "${name}": the provider's endpoints contain {${name}}`,
    ]),
  ];
}

/** One entry of `connectors` in the configuration file. Slug, name and scopes default to the provider's. */
export const connectorSchema = writtenSchema
  .superRefine((written, context) => {
    for (const [path, message] of problemsOf(written)) context.addIssue({ code: "custom", path, message });
  })
  .refine((written) => written.provider === undefined || needsNoClient(written) || written.client_id !== undefined, {
    path: ["client_id"],
    error: "is required with provider",
    when: isObject,
  })
  .refine(({ provider, collect, integration }) => [provider, collect, integration].some((one) => one !== undefined), {
    path: ["provider"],
    error: "is required, unless collect asks the user for an API key",
    when: isObject,
  })
  .refine(({ provider, collect, integration }) => !integration || (!provider && !collect), {
    path: ["integration"],
    error: "replaces provider and collect: remove them",
    when: isObject,
  })
  .refine(({ integration, metadata }) => integration || Object.keys(metadata).length === 0, {
    path: ["metadata"],
    error: "is allowed only with integration: other connectors have the metadata of their provider's facts",
    when: isObject,
  })
  .transform((written): ConnectorConfig => {
    const { provider } = written;
    const collect = collectOf(written);
    const [variables, rules] = [fixedVariables(written), rulesOf(written)];
    const facts = provider?.facts ?? null;
    const { scopes, allowed_scopes: allowedScopes } = written;
    const tokenKinds = tokenKindsOf({ facts, scopes, allowedScopes, usual: scopesOf(provider) });
    const { kind: tokenKind } = tokenKinds[0];
    const filled = provider ? fillKnown({ ...provider.protocol, variables: rules, tokenKind }, variables) : null;
    const protocol = filled && { ...filled, accountRealm: filled.accountRealm ?? hostSourcesOf(filled) };
    return {
      slug: written.slug ?? provider?.facts.slug ?? "",
      name: written.name ?? provider?.facts.name ?? "",
      shortDescription: written.short_description,
      description: written.description,
      descriptionTree: treeOf(written.description),
      markUrl: written.mark_url,
      supportsMultipleConnections: written.supports_multiple_connections,
      sharedAccounts: written.shared_accounts,
      scopes: tokenKinds[0].scopes,
      tokenKinds,
      checkIntervalMs: written.check_interval_seconds * 1_000,
      oauth:
        protocol && provider?.oauth
          ? {
              provider: protocol,
              client: toClient(written),
              previousClients: written.previous_clients.map(toClient),
            }
          : null,
      protocol,
      facts,
      variables,
      collect: collect && { ...collect, instructionsTree: treeOf(collect.instructions) },
      rules,
      metadata: provider?.facts.metadata ?? written.metadata,
      categories: written.categories ?? facts?.categories ?? [],
      searchTerms: written.search_terms ?? facts?.search_terms ?? [],
      permissions: permissionsOf(tokenKinds, facts),
      integration: written.integration ?? null,
    };
  });

/** A text is parsed once, here. */
const treeOf = (text: string | null): Promise<MarkdownTree> | null => (text === null ? null : parseMarkdown(text));

/** What is asked for where the connector states no scopes: the provider's usual ones, and those that bring a refresh token. */
const scopesOf = (provider: Provider | undefined): string[] => {
  const { default: usual = [], offline = [] } = provider?.facts.scopes ?? {};
  return [...new Set([...usual, ...offline])];
};
