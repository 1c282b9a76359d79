import { dirname, join } from "node:path";
import { z } from "zod";
import type { Platform } from "../../schema/upstream.ts";
import { shownNameSchema, slugSchema } from "../../schema/input.ts";
import { listWords, sayIssue } from "../../schema/issue-words.ts";
import { type Issuer, issuerProblems, issuerSchema } from "./token-issuers.ts";
import { isWebOrigin } from "../http/web-origin.ts";
import { type ConfigFile, type Environment, NO_FILE, parseFile } from "./document.ts";
import {
  blanksToUndefined,
  DEFAULT_DRAIN_SECONDS,
  type EnvironmentSettings,
  environmentSchema,
  isSecure,
  productionProblems,
} from "./environment.ts";
import { type Webhook, webhooksSchema } from "../custody/webhook.ts";
import type { LogLevel } from "../runtime/log.ts";
import type { TracesConfig } from "../runtime/tracing.ts";
import { tracesOf, tracesProblems } from "./traces.ts";
import { type ConnectorConfig, connectorSchema } from "../providers/connector.ts";
import {
  integrationProblems,
  toUpstreamConfig,
  type UpstreamConfig,
  unusedProblems,
  upstreamProblems,
  webhookProblems,
} from "./upstream.ts";
import type { SealingKey } from "../store/sealing.ts";

/** Everything a gateway has to know, checked and frozen. */
export interface Config {
  mode: "development" | "production";
  /** Whether `/graphql` answers browsers with GraphiQL. Default: in development alone. */
  graphiql: boolean;
  /** Manifests of documents that callers name by their ids, and whether no other documents may run. */
  trustedDocuments: { paths: string[]; only: boolean };
  host: string;
  /** 0 asks for any free port. */
  port: number;
  /** Where browsers reach this gateway, without a slash at the end. */
  publicUrl: string;
  /** Whether browsers are told to reach this host by https alone. Never where the public URL is http. */
  strictTransport: boolean;
  databaseUrl: string;
  /** A direct connection to Postgres when `databaseUrl` leads through a pooler; null where it is direct. */
  databaseListenUrl: string | null;
  /** Null in development without keys: one is made beside the data. */
  sealingKeys: SealingKey[] | null;
  logLevel: LogLevel;
  /** Longest a provider may take to answer. */
  providerTimeoutMs: number;
  /** How long a stopping gateway serves on while it says that it is not ready. */
  drainMs: number;
  /** How long an idle connection is kept. */
  keepAliveMs: number;
  /** Longest that a request may take to arrive. */
  requestTimeoutMs: number;
  /** Processes of `xkit-gateway start` that serve requests. `createApp` and `startGateway` are one of them. */
  workers: number;
  /** Connections of this process at a time, streams and WebSockets among them. */
  maximumConnections: number;
  /** Longest a request for a token waits for a refresh. */
  requestDeadlineMs: number;
  /** Where refreshed tokens are kept, sealed, that the store could not take. */
  spoolDirectory: string;
  /** How long acts are kept in the audit, in days. */
  auditDays: number;
  /** Whether rates are limited, and how many proxies in front say where a request came from. */
  rateLimits: { isOn: boolean; trustedProxyHops: number };
  platform: Platform;
  webOrigins: string[];
  connectors: ReadonlyMap<string, ConnectorConfig>;
  tokenIssuers: Issuer[];
  /** Where events are sent. */
  webhooks: Webhook[];
  /** Whom the gateway asks for tokens. */
  upstream: UpstreamConfig;
  /** Where traces are sent; null where none are. */
  traces: TracesConfig | null;
}

/** The configuration is not valid; `problems` names each variable or path, with what was expected. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(
      `The configuration has ${problems.length === 1 ? "a problem" : `${problems.length} problems`}:\n${problems.map((problem) => `  - ${problem}`).join("\n")}`,
    );
    this.problems = problems;
  }
}

const originSchema = z
  .string()
  .refine(
    (text) => isWebOrigin(text) && isSecure(text),
    "must be an origin such as https://app.example.com or https://*.example.com; http only on localhost",
  );

const platformSchema = z.strictObject({
  name: shownNameSchema.max(100).describe("The platform's name, as users see it."),
  slug: slugSchema.default("platform").describe("The platform's slug."),
  website: z
    .url({ protocol: /^https?$/, error: "must be an http(s) URL" })
    .nullable()
    .default(null)
    .describe("The platform's website."),
  login_redirect_url: z
    .url({ protocol: /^https?$/, error: "must be an http(s) URL" })
    .nullable()
    .default(null)
    .describe("Where a user who is not signed in goes to sign in. `returnTo` is added."),
  color: z
    .string()
    .regex(/^#[0-9a-fA-F]{6}$/, "must be a colour such as #4f46e5")
    .nullable()
    .default(null)
    .describe("The colour of buttons and links, such as #4f46e5."),
  logo_url: z
    .url({ protocol: /^(https?|data)$/, error: "must be an http(s) or data URL" })
    .nullable()
    .default(null)
    .describe("The platform's logo. Default: the first letter of its name."),
  privacy_url: z
    .url({ protocol: /^https?$/, error: "must be an http(s) URL" })
    .nullable()
    .default(null)
    .describe("The platform's privacy page. Users see a link to it before they consent."),
  logo_dark_url: z
    .url({ protocol: /^(https?|data)$/, error: "must be an http(s) or data URL" })
    .nullable()
    .default(null)
    .describe("The logo on dark pages. Default: `logo_url`."),
});

/** The configuration file. */
export const fileSchema = z.strictObject({
  $schema: z.string().optional().describe("The JSON Schema of this file, for editors."),
  platform: platformSchema.describe("The platform that runs this gateway, as users see it."),
  web_origins: z
    .array(originSchema)
    .default([])
    .describe("Origins of the pages that may call the gateway, such as https://app.example.com or https://*.example.com."),
  connectors: z
    .array(connectorSchema)
    .default([])
    // Also where a connector has other problems: all are told at once.
    .superRefine(
      (connectors, context) => {
        const repeated = repeatedSlugsOf(connectors);
        if (repeated.length > 0)
          context.addIssue({ code: "custom", message: `must have distinct slugs: several have ${listWords(repeated, "and")}` });
      },
      { when: ({ value }) => Array.isArray(value) },
    )
    .describe("What users can connect."),
  token_issuers: z.array(issuerSchema).default([]).describe("Token issuers whose JWTs sign users in."),
  webhooks: webhooksSchema.default([]).describe("Where events are sent."),
});

/** The slug of a connector with problems may not be known: it is the provider's where none is written. */
function repeatedSlugsOf(connectors: readonly (Partial<ConnectorConfig> | undefined)[]): string[] {
  const slugs = connectors.flatMap((connector) => slugSchema.safeParse(connector?.slug).data ?? []);
  return [...new Set(slugs.filter((slug, index) => slugs.indexOf(slug) !== index))];
}

/**
 * Parses environment and configuration file, and complains about everything at once.
 * @param file null when there is none: then the platform is the gateway's own.
 * Throws `ConfigError`. No message holds a value.
 */
export function parseConfig(env: Environment, file: ConfigFile | null): Config {
  const given = blanksToUndefined(env);
  const environment = environmentSchema.safeParse(given, { error: explainIssue });
  const document = file ? parseFile(file, env) : NO_FILE;
  const settings = fileSchema.safeParse(document.value, { error: explainIssue });
  const problems = [
    ...describe(environment.error),
    ...document.problems,
    ...(document.isJson
      ? describe(settings.error, { prefix: `${file?.path ?? ""} `, except: document.unsetPaths, document: document.value })
      : []),
    ...productionProblems(given, file !== null),
    ...upstreamProblems(given),
    ...tracesProblems(given),
    ...(settings.data ? unusedProblems(given, file?.path ?? "", settings.data) : []),
    ...(settings.data ? webhookProblems(given, file?.path ?? "", settings.data.webhooks) : []),
    ...(settings.data ? integrationProblems(given, file?.path ?? "", settings.data.connectors) : []),
    ...(settings.data && environment.data
      ? issuerProblems(settings.data.token_issuers, publicUrlOf(environment.data)).map((problem) => `${file?.path ?? ""} ${problem}`)
      : []),
  ];
  if (problems.length > 0 || !environment.data || !settings.data) throw new ConfigError(problems);
  return assemble(environment.data, settings.data, tracesOf(given));
}

/** The one setting of commands that need nothing else. Throws `ConfigError`. */
export function parseDatabaseUrl(env: Environment): string {
  const { data, error } = environmentSchema.pick({ DATABASE_URL: true }).safeParse(blanksToUndefined(env), { error: explainIssue });
  if (!data) throw new ConfigError(describe(error));
  return data.DATABASE_URL;
}

/** Where browsers reach the gateway, for a command that needs nothing else. Throws `ConfigError`. */
export function parsePublicUrl(env: Environment): string {
  const parts = environmentSchema.pick({ XKIT_PUBLIC_URL: true, PORT: true });
  const { data, error } = parts.safeParse(blanksToUndefined(env), { error: explainIssue });
  if (!data) throw new ConfigError(describe(error));
  return publicUrlOf(data);
}

const publicUrlOf = ({ XKIT_PUBLIC_URL, PORT }: Pick<EnvironmentSettings, "XKIT_PUBLIC_URL" | "PORT">): string =>
  XKIT_PUBLIC_URL ?? `http://localhost:${PORT}`;

function assemble(env: EnvironmentSettings, file: z.output<typeof fileSchema>, traces: TracesConfig | null): Config {
  const mode = env.NODE_ENV === "production" ? "production" : "development";
  const { platform } = file;
  return Object.freeze<Config>({
    mode,
    host: env.HOST ?? (mode === "production" ? "0.0.0.0" : "127.0.0.1"),
    port: env.PORT,
    publicUrl: publicUrlOf(env),
    strictTransport: publicUrlOf(env).startsWith("https:") && env.XKIT_STRICT_TRANSPORT === "on",
    databaseUrl: env.DATABASE_URL,
    databaseListenUrl: env.DATABASE_LISTEN_URL ?? null,
    sealingKeys: env.XKIT_ENCRYPTION_KEYS ?? null,
    logLevel: env.LOG_LEVEL ?? (mode === "production" ? "info" : "warn"),
    graphiql: env.XKIT_GRAPHIQL === undefined ? mode === "development" : env.XKIT_GRAPHIQL === "on",
    trustedDocuments: { paths: env.XKIT_TRUSTED_DOCUMENTS, only: env.XKIT_TRUSTED_DOCUMENTS_ONLY === "on" },
    providerTimeoutMs: env.XKIT_PROVIDER_TIMEOUT_MS,
    drainMs: (env.XKIT_DRAIN_SECONDS ?? (mode === "production" ? DEFAULT_DRAIN_SECONDS : 0)) * 1_000,
    keepAliveMs: env.XKIT_KEEP_ALIVE_SECONDS * 1_000,
    requestTimeoutMs: env.XKIT_REQUEST_TIMEOUT_SECONDS * 1_000,
    workers: env.XKIT_WORKERS,
    maximumConnections: env.XKIT_MAXIMUM_CONNECTIONS,
    requestDeadlineMs: env.XKIT_REQUEST_DEADLINE_MS,
    auditDays: env.XKIT_AUDIT_DAYS,
    spoolDirectory: env.XKIT_SPOOL_DIR ?? join(dataDirectoryOf(env.DATABASE_URL), "spool"),
    rateLimits: { isOn: env.XKIT_RATE_LIMITS === "on", trustedProxyHops: env.XKIT_TRUSTED_PROXY_HOPS },
    platform: {
      name: platform.name,
      slug: platform.slug,
      website: platform.website,
      loginRedirectUrl: platform.login_redirect_url,
      color: platform.color,
      logoUrl: platform.logo_url,
      privacyUrl: platform.privacy_url,
      logoDarkUrl: platform.logo_dark_url,
    },
    webOrigins: file.web_origins,
    connectors: new Map(file.connectors.map((connector) => [connector.slug, connector])),
    tokenIssuers: file.token_issuers,
    webhooks: file.webhooks,
    upstream: toUpstreamConfig(env),
    traces,
  });
}

/** The folder of the SQLite file; with Postgres, `.data` in the working directory. */
export const dataDirectoryOf = (databaseUrl: string): string =>
  databaseUrl.startsWith("file:") ? dirname(databaseUrl.slice("file:".length)) : ".data";

/** What zod would say in its own words. */
const explainIssue: z.core.$ZodErrorMap = (issue) =>
  issue.code === "unrecognized_keys" ? `has no setting named ${issue.keys.map((key) => `"${key}"`).join(", ")}` : sayIssue(issue);

interface Described {
  /** Before each problem. */
  prefix?: string;
  /** Paths of which nothing is said. */
  except?: ReadonlySet<string>;
  /** What was parsed. */
  document?: unknown;
}

function describe(error: z.ZodError | undefined, { prefix = "", except, document }: Described = {}): string[] {
  return (error?.issues ?? []).flatMap((issue) => {
    const path = issue.path.map(String).join(".");
    if (except?.has(path)) return [];
    // A schema's own words are of a value that is there.
    const isMissing = document !== undefined && issue.code !== "custom" && valueAt(document, issue.path) === undefined;
    return [`${prefix}${path || "as a whole"} ${isMissing ? "is required" : issue.message}`];
  });
}

const valueAt = (document: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>((value, name) => (isObject(value) ? Reflect.get(value, name) : undefined), document);

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;
