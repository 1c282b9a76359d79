import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { exportJWK, generateKeyPair } from "jose";
import type { ClientMetadata, Configuration } from "oidc-provider";
import { loadOidcProvider, type OidcProvider } from "../../gateway/demo/load.ts";
import { createMemoryStore } from "../../gateway/demo/memory-adapter.ts";
import type { ProviderFacts } from "../../gateway/providers/format.ts";
import { listen, readParams, sendJson } from "./server-io.ts";

export const OIDC_CLIENT_ID = "xkit-oidc-client";

export interface TestOidcOptions {
  /** The client beside its id: how it is authenticated, and with what. */
  readonly client: Partial<ClientMetadata>;
  /** Whether authorization requests must be pushed (RFC 9126). Default false: they may be. */
  readonly requiresPushed?: boolean;
}

export interface TestOidcProvider {
  readonly issuer: string;
  /** The provider as a configuration file writes it. */
  readonly facts: ProviderFacts;
  /** The requests that came to each path, oldest first: the parameters of their form, or of their query. */
  requestsTo(path: string): readonly URLSearchParams[];
  /** Answers the next requests to a path itself, in order. */
  answerNext(path: string, status: number, body: object): void;
  /** Plays the browser at the provider, where one account consents to all. Resolves to the callback's URL, which is not visited. */
  authorize(authorizeUrl: URL | string): Promise<URL>;
  close(): Promise<void>;
}

const ACCOUNT = { id: "grace", email: "grace@example.test" };

/** Starts oidc-provider on a free port of 127.0.0.1: an implementation that is not ours judges what the gateway sends. */
export async function startOidcProvider(options: TestOidcOptions): Promise<TestOidcProvider> {
  const requests: { path: string; params: URLSearchParams }[] = [];
  const planned = new Map<string, { status: number; body: object }[]>();
  const note = (path: string, params: Record<string, unknown>) =>
    void requests.push({ path, params: new URLSearchParams(Object.entries(params).map(([name, value]) => [name, String(value)])) });
  let handle: ((request: IncomingMessage, response: ServerResponse) => Promise<void>) | null = null;
  const server = await listen(async (request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://127.0.0.1");
    const plan = planned.get(pathname)?.shift();
    if (plan === undefined) return handle?.(request, response);
    note(pathname, await readParams(request));
    sendJson(response, plan.status, plan.body);
  });
  handle = await createHandler(server.url, options, note);
  return {
    issuer: server.url,
    facts: factsOf(server.url),
    requestsTo: (path) => requests.filter((request) => request.path === path).map(({ params }) => params),
    answerNext: (path, status, body) => void planned.set(path, [...(planned.get(path) ?? []), { status, body }]),
    authorize,
    close: server.close,
  };
}

async function createHandler(issuer: string, options: TestOidcOptions, note: (path: string, params: Record<string, unknown>) => void) {
  const OidcProvider = await loadOidcProvider();
  const provider = new OidcProvider(issuer, await configurationOf(options));
  provider.use(async (context, next) => {
    await next();
    note(context.path, { ...context.query, ...context.oidc?.body });
  });
  const standard = provider.callback();
  return async (request: IncomingMessage, response: ServerResponse) =>
    request.url?.startsWith("/interaction/") ? consent(provider, request, response) : standard(request, response);
}

async function configurationOf({ client, requiresPushed = false }: TestOidcOptions): Promise<Configuration> {
  const { privateKey } = await generateKeyPair("ES256", { extractable: true });
  return {
    adapter: createMemoryStore().createAdapter,
    clients: [
      {
        client_id: OIDC_CLIENT_ID,
        redirect_uris: ["http://localhost:4000/callback/test", "http://localhost:4000/callback/oidc"],
        grant_types: ["authorization_code", "refresh_token", "client_credentials"],
        id_token_signed_response_alg: "ES256",
        ...client,
      },
    ],
    scopes: ["openid", "email", "offline_access"],
    claims: { openid: ["sub"], email: ["email"] },
    findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id, email: ACCOUNT.email }) }),
    ttl: {
      AccessToken: 3_600,
      ClientCredentials: 3_600,
      RefreshToken: 86_400,
      Grant: 86_400,
      Session: 3_600,
      Interaction: 3_600,
      IdToken: 3_600,
    },
    jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: "ES256", use: "sig" }] },
    cookies: { keys: [randomBytes(32).toString("base64url")] },
    clientAuthMethods: ["client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt", "none"],
    enabledJWA: { clientAuthSigningAlgValues: ["HS256", "RS256", "PS256", "ES256", "EdDSA"] },
    features: {
      devInteractions: { enabled: false },
      introspection: { enabled: true, allowedPolicy: () => true },
      revocation: { enabled: true, allowedPolicy: () => true },
      clientCredentials: { enabled: true },
      pushedAuthorizationRequests: { enabled: true, requirePushedAuthorizationRequests: requiresPushed },
    },
    interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
    rotateRefreshToken: true,
    issueRefreshToken: () => true,
  };
}

async function consent(provider: OidcProvider, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { prompt, params, session } = await provider.interactionDetails(request, response);
  if (prompt.name === "login")
    return provider.interactionFinished(request, response, { login: { accountId: ACCOUNT.id } }, { mergeWithLastSubmission: true });
  const grant = new provider.Grant({ accountId: session?.accountId ?? ACCOUNT.id, clientId: String(params["client_id"]) });
  grant.addOIDCScope(String(params["scope"]));
  const result = { consent: { grantId: await grant.save() } };
  return provider.interactionFinished(request, response, result, { mergeWithLastSubmission: true });
}

const factsOf = (url: string): ProviderFacts => ({
  issuer: url,
  authorization_endpoint: `${url}/auth`,
  token_endpoint: `${url}/token`,
  introspection_endpoint: `${url}/token/introspection`,
  revocation: { url: `${url}/token/revocation` },
  userinfo: [{ url: `${url}/me` }],
  iss_parameter: true,
  // Without asking for consent oidc-provider drops offline_access (OpenID Connect Core section 11), and so the refresh token.
  authorization_params: { prompt: "consent" },
  scopes: { default: ["openid", "email", "offline_access"] },
});

const MAXIMUM_REDIRECTS = 10;

async function authorize(authorizeUrl: URL | string): Promise<URL> {
  const { origin } = new URL(authorizeUrl);
  const jar = new Map<string, string>();
  let url = new URL(authorizeUrl);
  for (let redirects = 0; redirects < MAXIMUM_REDIRECTS && url.origin === origin; redirects += 1) {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
    const response = await fetch(url, { redirect: "manual", headers: { cookie } });
    for (const header of response.headers.getSetCookie()) {
      const [pair = ""] = header.split(";");
      jar.set(pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1));
    }
    const location = response.headers.get("location");
    if (location === null) throw new Error(`${url.pathname} answered ${response.status} and sent the browser nowhere.`);
    url = new URL(location, url);
  }
  return url;
}
