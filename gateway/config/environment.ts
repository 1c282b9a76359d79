import { z } from "zod";
import { PROVIDER_TIMEOUT_MS } from "../http/fetch.ts";
import { isLoopback } from "../http/secure-endpoint.ts";
import { isWebOrigin } from "../http/web-origin.ts";
import type { SealingKey } from "../store/sealing.ts";
import type { Environment } from "./document.ts";
import { upstreamEnvironment } from "./upstream.ts";

export const DEFAULT_PORT = 4000;
/** How long a stopping gateway in production serves on while it says that it is not ready. In development: not at all. */
export const DEFAULT_DRAIN_SECONDS = 5;
/** How long an idle connection is kept: longer than balancers keep theirs, which is a minute for most. */
export const DEFAULT_KEEP_ALIVE_SECONDS = 75;
/** Longest that a whole request may take to arrive, its body included. At least the time between two pings of an event stream. */
export const DEFAULT_REQUEST_TIMEOUT_SECONDS = 30;
/** Processes that serve requests. Each has its own caches and connections to Postgres. */
export const MAXIMUM_WORKERS = 64;
/** Connections of one process, streams and WebSockets among them. */
export const DEFAULT_MAXIMUM_CONNECTIONS = 4_000;
export const DEFAULT_REQUEST_DEADLINE_MS = 10_000;
/** How long acts are kept in the audit. */
export const DEFAULT_AUDIT_DAYS = 400;
export const DEFAULT_CONFIG_FILE = "xkit.config.json";
export const DEFAULT_DATABASE_URL = "file:.data/xkit.db";

const whole = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d+$/, `must be a whole number from ${least} to ${most}`)
    .transform(Number)
    .pipe(z.number().min(least, `must be at least ${least}`).max(most, `must be at most ${most}`));

const isPostgresUrl = (text: string): boolean => /^postgres(ql)?:\/\//.test(text);

/** Says what is wrong with the URL of a store, without repeating it: it holds a password. */
function checkDatabaseUrl(text: string, context: z.RefinementCtx<string>): void {
  const problem = problemOf(text);
  if (problem !== null) context.addIssue({ code: "custom", message: problem });
}

function problemOf(text: string): string | null {
  if (/^file:./.test(text)) return null;
  if (!isPostgresUrl(text)) return NO_STORE;
  const [, authority = "", rest = ""] = /^\w+:\/\/([^/?#]*)(.*)$/s.exec(text) ?? [];
  // A reserved character in the password ends the authority before the host.
  if (!authority.includes("@") && rest.includes("@") && !/[?&]user=/.test(rest)) return ESCAPE_PASSWORD;
  // With an @ before it, what follows that one passes for the host, and messages would tell it.
  if (/#|^[^?]*@|[?&][^=&]*@/.test(rest)) return ESCAPE_PASSWORD;
  if (authority.slice(authority.lastIndexOf("@")).includes(",")) return ONE_HOST;
  if (!URL.canParse(text)) return NO_STORE;
  return isDecodable(new URL(text)) ? null : ESCAPE_PASSWORD;
}

const NO_STORE = "must be postgres://… or file:path";
const ONE_HOST = "must name one host: for failover, use an address that always leads to the primary server";
const ESCAPE_PASSWORD =
  "cannot be read: escape the reserved characters of user name and password, as encodeURIComponent does (@ is %40, / is %2F, # is %23, ? is %3F, % is %25)";

function isDecodable({ username, password }: URL): boolean {
  try {
    decodeURIComponent(username + password);
    return true;
  } catch {
    return false;
  }
}

/** `id:base64`, as `keys seal` prints it. */
export const sealingKeySchema = z.string().transform((text, context): SealingKey => {
  const [, id, base64] = /^([A-Za-z0-9_-]{1,32}):([A-Za-z0-9+/_-]{43}=?)$/.exec(text.trim()) ?? [];
  const secret = Buffer.from(base64 ?? "", "base64");
  if (!id || secret.length !== 32) {
    context.addIssue({
      code: "custom",
      message: `must be id:base64[,id:base64] with keys of 32 bytes; create one with: npx xkit-gateway keys seal`,
    });
    return z.NEVER;
  }
  return { id, secret };
});

/** The environment variables of the gateway. */
export const environmentSchema = z.object({
  // Any other value is a typing mistake, and would start a production gateway as a development one.
  NODE_ENV: z.enum(["production", "development", "test"], "must be production, development or test").optional(),
  HOST: z.string().min(1, "must not be empty").optional(),
  PORT: whole(0, 65_535).default(DEFAULT_PORT),
  XKIT_PUBLIC_URL: z
    .string()
    .refine(
      (text) => isWebOrigin(text) && !text.includes("*") && isSecure(text),
      "must be an origin such as https://connect.example.com, without a path",
    )
    .optional(),
  DATABASE_URL: z.string().superRefine(checkDatabaseUrl).default(DEFAULT_DATABASE_URL),
  DATABASE_LISTEN_URL: z
    .string()
    .superRefine(checkDatabaseUrl)
    .refine((text) => !text.startsWith("file:"), "must be postgres://…: the gateway listens for changes over this direct connection")
    .optional(),
  XKIT_ENCRYPTION_KEYS: z
    .string()
    .transform((text) => text.split(","))
    .pipe(z.array(sealingKeySchema))
    .refine((keys) => new Set(keys.map(({ id }) => id)).size === keys.length, "must have distinct ids")
    .optional(),
  LOG_LEVEL: z.enum(["debug", "info", "warn", "error", "silent"], "must be debug, info, warn, error or silent").optional(),
  XKIT_GRAPHIQL: z.enum(["on", "off"], "must be on or off").optional(),
  XKIT_TRUSTED_DOCUMENTS: z
    .string()
    .transform((text) => text.split(",").flatMap((path) => path.trim() || []))
    .default([]),
  XKIT_TRUSTED_DOCUMENTS_ONLY: z.enum(["on", "off"], "must be on or off").default("off"),
  XKIT_PROVIDER_TIMEOUT_MS: whole(100, 60_000).default(PROVIDER_TIMEOUT_MS),
  XKIT_DRAIN_SECONDS: whole(0, 600).optional(),
  XKIT_KEEP_ALIVE_SECONDS: whole(1, 3_600).default(DEFAULT_KEEP_ALIVE_SECONDS),
  XKIT_REQUEST_TIMEOUT_SECONDS: whole(15, 600).default(DEFAULT_REQUEST_TIMEOUT_SECONDS),
  XKIT_WORKERS: whole(1, MAXIMUM_WORKERS).default(1),
  XKIT_MAXIMUM_CONNECTIONS: whole(1, 1_000_000).default(DEFAULT_MAXIMUM_CONNECTIONS),
  XKIT_REQUEST_DEADLINE_MS: whole(100, 60_000).default(DEFAULT_REQUEST_DEADLINE_MS),
  XKIT_SPOOL_DIR: z.string().optional(),
  XKIT_AUDIT_DAYS: whole(1, 36_500).default(DEFAULT_AUDIT_DAYS),
  XKIT_STRICT_TRANSPORT: z.enum(["on", "off"], "must be on or off").default("on"),
  XKIT_RATE_LIMITS: z.enum(["on", "off"], "must be on or off").default("on"),
  XKIT_TRUSTED_PROXY_HOPS: whole(0, 10).default(0),
  ...upstreamEnvironment,
});

export type EnvironmentSettings = z.output<typeof environmentSchema>;

/** What only production requires. */
export function productionProblems(env: Environment, hasFile: boolean): string[] {
  if (env.NODE_ENV !== "production") return [];
  return [
    ...(env.XKIT_ENCRYPTION_KEYS ? [] : ["XKIT_ENCRYPTION_KEYS is required in production; create one with: npx xkit-gateway keys seal"]),
    ...(env.XKIT_PUBLIC_URL ? [] : ["XKIT_PUBLIC_URL is required in production: the URL at which browsers reach this gateway"]),
    ...(hasFile ? [] : [`XKIT_CONFIG is required in production: the path of the configuration file (default ${DEFAULT_CONFIG_FILE})`]),
  ];
}

/** An empty variable counts as one that is not set. */
export const blanksToUndefined = (env: Environment): Environment =>
  Object.fromEntries(Object.entries(env).map(([name, value]) => [name, value?.trim() || undefined]));

/** http is for this machine only. */
export const isSecure = (origin: string): boolean =>
  origin.startsWith("https://") || isLoopback(new URL(origin.replace("*.", "")).hostname);
