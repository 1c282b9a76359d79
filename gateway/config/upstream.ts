import { z } from "zod";
import { isLoopback } from "../http/secure-endpoint.ts";

/** Whom the gateway asks for tokens: its own vault, an Xkit over REST, Nango, or better-auth in this process. */
export type UpstreamConfig =
  | { kind: "vault" }
  | {
      kind: "xkit";
      /** Where this gateway reaches it: an origin, as `https://connect.example.com`. */
      url: string;
      /** Where browsers reach it. */
      origin: string;
      /** For what servers ask; null where only users do. */
      keys: { publishable: string; secret: string } | null;
      /** Whether its users sign in there, and their bearers are passed on, or here. */
      users: "relayed" | "ours";
    }
  | {
      kind: "nango";
      /** Origin of its API. */
      url: string;
      /** The API key of one environment. */
      secretKey: string;
      /** The signing key of the environment's webhooks; null where none come. */
      webhookKey: string | null;
    }
  | {
      kind: "better-auth";
      /** The operator's module that exports it: a path. */
      module: string;
    };

/** What is decided here before each kind of upstream; what is left out is decided there. */
const decisions: Record<UpstreamConfig["kind"], readonly Decision[]> = {
  vault: ["users", "connectors", "token_issuers"],
  xkit: [],
  nango: ["users", "token_issuers"],
  "better-auth": ["users", "token_issuers"],
};
type Decision = "users" | "connectors" | "token_issuers";

const decisionsOfOurUsers: readonly Decision[] = ["users", "token_issuers"];

/** Whether this gateway itself decides who its users are, what its catalog offers, or whose tokens it takes. */
export const isDecidedHere = (what: Decision, { kind, users }: { kind: UpstreamConfig["kind"]; users?: string | undefined }): boolean =>
  decisions[kind].includes(what) || (users === "ours" && decisionsOfOurUsers.includes(what));

const DEFAULT_NANGO_URL = "https://api.nango.dev";

const origin = (example: string) =>
  z.string().refine(isUpstreamUrl, `must be an origin such as ${example}, without a path (http only on this machine)`).optional();
const key = (what: string) =>
  z
    .string()
    .regex(/^[\x21-\x7e]{1,200}$/, `must be ${what}, in printable characters`)
    .optional();

/** The variables of the environment that say which upstream there is. */
export const upstreamEnvironment = {
  XKIT_UPSTREAM: z.enum(["vault", "xkit", "nango", "better-auth"], "must be vault, xkit, nango or better-auth").default("vault"),
  XKIT_UPSTREAM_URL: origin("https://connect.example.com"),
  XKIT_UPSTREAM_PUBLIC_URL: origin("https://connect.example.com"),
  // Basic authentication ends the user name at the first colon (RFC 7617 section 2).
  XKIT_UPSTREAM_PUBLISHABLE_KEY: z
    .string()
    .regex(/^[\x21-\x39\x3b-\x7e]{1,200}$/, "must be the publishable key of the upstream, in printable characters without a colon")
    .optional(),
  XKIT_UPSTREAM_SECRET_KEY: key("the secret key of the upstream"),
  XKIT_UPSTREAM_USERS: z.enum(["relayed", "ours"], "must be relayed or ours").default("relayed"),
  XKIT_NANGO_URL: origin(DEFAULT_NANGO_URL),
  XKIT_NANGO_SECRET_KEY: key("an API key of Nango's environment"),
  XKIT_NANGO_WEBHOOK_KEY: key("the signing key of Nango's webhooks"),
  XKIT_BETTER_AUTH_MODULE: z.string().optional(),
};

const schema = z.object(upstreamEnvironment);
type UpstreamEnvironment = z.output<typeof schema>;

/** The variables of one kind of upstream alone. */
const variablesOf = {
  xkit: [
    "XKIT_UPSTREAM_URL",
    "XKIT_UPSTREAM_PUBLIC_URL",
    "XKIT_UPSTREAM_PUBLISHABLE_KEY",
    "XKIT_UPSTREAM_SECRET_KEY",
    "XKIT_UPSTREAM_USERS",
  ],
  nango: ["XKIT_NANGO_URL", "XKIT_NANGO_SECRET_KEY", "XKIT_NANGO_WEBHOOK_KEY"],
  "better-auth": ["XKIT_BETTER_AUTH_MODULE"],
} as const;

/** What is missing or too much, each as a sentence that begins with the variable. `env` is as it was given, blanks left out. */
export function upstreamProblems(env: Readonly<Record<string, string | undefined>>): string[] {
  const foreign = Object.entries(variablesOf).flatMap(([kind, names]) =>
    kind === env["XKIT_UPSTREAM"]
      ? []
      : names.filter((name) => env[name]).map((name) => `${name} is only for XKIT_UPSTREAM=${kind}: set that too, or remove ${name}`),
  );
  return [...foreign, ...missingProblems(env)];
}

function missingProblems(env: Readonly<Record<string, string | undefined>>): string[] {
  const { XKIT_UPSTREAM_URL: url, XKIT_UPSTREAM_PUBLISHABLE_KEY: publishable, XKIT_UPSTREAM_SECRET_KEY: secret } = env;
  switch (env["XKIT_UPSTREAM"]) {
    case "xkit":
      return [
        ...(url ? [] : ["XKIT_UPSTREAM_URL is required with XKIT_UPSTREAM=xkit: the origin of the upstream"]),
        ...(secret && !publishable ? ["XKIT_UPSTREAM_PUBLISHABLE_KEY is required with XKIT_UPSTREAM_SECRET_KEY"] : []),
        ...(publishable && !secret ? ["XKIT_UPSTREAM_SECRET_KEY is required with XKIT_UPSTREAM_PUBLISHABLE_KEY"] : []),
        ...(env["XKIT_UPSTREAM_USERS"] === "ours" && !publishable && !secret
          ? [
              "XKIT_UPSTREAM_USERS=ours needs XKIT_UPSTREAM_PUBLISHABLE_KEY and XKIT_UPSTREAM_SECRET_KEY: the gateway calls the upstream with them",
            ]
          : []),
      ];
    case "nango":
      return env["XKIT_NANGO_SECRET_KEY"]
        ? []
        : ["XKIT_NANGO_SECRET_KEY is required with XKIT_UPSTREAM=nango: an API key of the environment that holds the connections"];
    case "better-auth":
      return env["XKIT_BETTER_AUTH_MODULE"]
        ? []
        : ["XKIT_BETTER_AUTH_MODULE is required with XKIT_UPSTREAM=better-auth: the path of a module that exports auth and xkit"];
    default:
      return [];
  }
}

/** What a configuration file states and the upstream decides: silence would let an operator think that it counts. */
export function unusedProblems(
  { XKIT_UPSTREAM: kind, XKIT_UPSTREAM_USERS: users }: Readonly<Record<string, string | undefined>>,
  path: string,
  file: { connectors: readonly unknown[]; token_issuers: readonly unknown[] },
): string[] {
  if (kind !== "xkit" && kind !== "better-auth") return [];
  const stated = (["connectors", "token_issuers"] as const).filter(
    (name) => file[name].length > 0 && !isDecidedHere(name, { kind, users }),
  );
  return stated.map((name) => `${path} ${name} must be empty with XKIT_UPSTREAM=${kind}: the upstream decides them`);
}

/** Events are told of the vault's connections alone. */
export const webhookProblems = (
  { XKIT_UPSTREAM: kind }: Readonly<Record<string, string | undefined>>,
  path: string,
  webhooks: readonly unknown[],
): string[] =>
  webhooks.length === 0 || kind === undefined || kind === "vault"
    ? []
    : [`${path} webhooks must be empty with XKIT_UPSTREAM=${kind}: only connections that this gateway holds have events`];

/** Before Nango every connector that is stated names one integration, and elsewhere none does. */
export function integrationProblems(
  { XKIT_UPSTREAM: kind }: Readonly<Record<string, string | undefined>>,
  path: string,
  connectors: readonly { integration: string | null }[],
): string[] {
  return connectors.flatMap(({ integration }, index) => {
    const at = `${path} connectors.${index}.integration`;
    if (kind !== "nango") return integration === null ? [] : [`${at} is only for XKIT_UPSTREAM=nango`];
    if (integration === null) return [`${at} is required with XKIT_UPSTREAM=nango: the key of an integration in Nango`];
    const isFirst = connectors.findIndex((other) => other.integration === integration) === index;
    return isFirst ? [] : [`${at} must be distinct`];
  });
}

/** The checked environment as a configuration. */
export function toUpstreamConfig(env: UpstreamEnvironment): UpstreamConfig {
  const { XKIT_UPSTREAM_URL: url, XKIT_UPSTREAM_PUBLISHABLE_KEY: publishable, XKIT_UPSTREAM_SECRET_KEY: secret } = env;
  const { XKIT_NANGO_URL: nangoUrl = DEFAULT_NANGO_URL, XKIT_NANGO_SECRET_KEY: secretKey, XKIT_NANGO_WEBHOOK_KEY: webhookKey } = env;
  if (env.XKIT_UPSTREAM === "nango" && secretKey !== undefined)
    return { kind: "nango", url: new URL(nangoUrl).origin, secretKey, webhookKey: webhookKey ?? null };
  if (env.XKIT_UPSTREAM === "better-auth" && env.XKIT_BETTER_AUTH_MODULE !== undefined)
    return { kind: "better-auth", module: env.XKIT_BETTER_AUTH_MODULE };
  if (env.XKIT_UPSTREAM === "xkit" && url !== undefined) {
    const { origin } = new URL(env.XKIT_UPSTREAM_PUBLIC_URL ?? url);
    const keys = publishable && secret ? { publishable, secret } : null;
    return { kind: "xkit", url: new URL(url).origin, origin, keys, users: env.XKIT_UPSTREAM_USERS };
  }
  return { kind: "vault" };
}

function isUpstreamUrl(text: string): boolean {
  const url = URL.parse(text);
  if (!url || url.pathname !== "/" || url.search || url.hash || url.username || url.password) return false;
  return url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url.hostname));
}
