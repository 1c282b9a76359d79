import { randomBytes } from "node:crypto";
import { exportJWK, generateKeyPair } from "jose";
import type { Configuration } from "oidc-provider";
import { findAccount } from "./accounts.ts";
import type { MemoryStore } from "./memory-adapter.ts";
import { errorPage, pageHeaders } from "./pages.ts";

/** What the demo provider grants. */
export const demoScopes: readonly string[] = ["openid", "profile", "email", "offline_access"];

/** What it grants besides, where it is asked for. */
export const demoFurtherScopes: readonly string[] = ["calendar:read"];

export const demoClient = { id: "xkit-demo", name: "Xkit Gateway" } as const;

export const demoPaths = { authorization: "/authorize", token: "/token", revocation: "/revoke", userinfo: "/userinfo" } as const;

const MINUTE_SECONDS = 60;
const HOUR_SECONDS = 3600;
const TWO_WEEKS_SECONDS = 14 * 24 * HOUR_SECONDS;

export interface DemoSettings {
  readonly store: MemoryStore;
  readonly clientSecret: string;
  readonly redirectUris: readonly string[];
  readonly accessTokenSeconds: number;
}

/**
 * oidc-provider's configuration. It warns about every setting left to its default that matters, so each of those is made here: keys of
 * our own for cookies and signatures, lifetimes, pages, policies.
 */
export async function createConfiguration(settings: DemoSettings): Promise<Configuration> {
  return {
    adapter: settings.store.createAdapter,
    clients: [clientOf(settings)],
    scopes: [...demoScopes, ...demoFurtherScopes],
    claims: { openid: ["sub"], profile: ["name"], email: ["email"] },
    findAccount: (_context, id) => accountOf(id),
    routes: demoPaths,
    ttl: lifetimes(settings.accessTokenSeconds),
    jwks: { keys: [await createSigningKey()] },
    cookies: {
      // Cookies know no ports: names of our own keep out of the way of whatever else runs on this host.
      names: { session: "demo_session", interaction: "demo_interaction", resume: "demo_resume" },
      keys: [randomBytes(32).toString("base64url")],
    },
    features: {
      devInteractions: { enabled: false },
      revocation: { enabled: true, allowedPolicy: (_context, client, token) => token.clientId === client.clientId },
      rpInitiatedLogout: { enabled: false },
    },
    interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
    pkce: { required: () => true },
    rotateRefreshToken: true,
    issueRefreshToken: async (_context, client, code) => client.grantTypeAllowed("refresh_token") && code.scopes.has("offline_access"),
    clientBasedCORS: () => false,
    renderError: (context, { error, error_description }) => {
      context.set({ ...pageHeaders });
      context.body = errorPage(error_description ?? error);
    },
  };
}

function clientOf({ clientSecret, redirectUris }: DemoSettings) {
  return {
    client_id: demoClient.id,
    client_name: demoClient.name,
    client_secret: clientSecret,
    redirect_uris: [...redirectUris],
    grant_types: ["authorization_code", "refresh_token"],
    id_token_signed_response_alg: "ES256" as const,
  };
}

function accountOf(id: string) {
  const account = findAccount(id);
  if (account === null) return undefined;
  return { accountId: account.id, claims: () => ({ sub: account.id, name: account.name, email: account.email }) };
}

function lifetimes(accessTokenSeconds: number) {
  return {
    AccessToken: accessTokenSeconds,
    AuthorizationCode: MINUTE_SECONDS,
    IdToken: HOUR_SECONDS,
    Interaction: HOUR_SECONDS,
    RefreshToken: TWO_WEEKS_SECONDS,
    Grant: TWO_WEEKS_SECONDS,
    Session: TWO_WEEKS_SECONDS,
  };
}

async function createSigningKey() {
  const { privateKey } = await generateKeyPair("ES256", { extractable: true });
  return { ...(await exportJWK(privateKey)), alg: "ES256", use: "sig" };
}
