import type { IncomingMessage, ServerResponse } from "node:http";
import type { OAuthClient, OAuthProvider } from "../../gateway/oauth/provider.ts";
import { type ProviderFacts, providerSchema } from "../../gateway/providers/provider.ts";
import { createGrants, type GrantRules, type Grants, type IssuedTokens, type TestAccount } from "./grants.ts";
import { createScript, type Hold, type Misbehaviour } from "./misbehaviour.ts";
import { bearerOf, listen, readParams, sendJson, sendText } from "./server-io.ts";
import { answerTokenRequest, isAuthenticated, type TokenEndpoint, type TokenRequest } from "./token-endpoint.ts";

export interface AuthorizationServerOptions extends Partial<GrantRules> {
  /** Keeps codes, refresh tokens, secrets and the Basic header in `tokenRequests`. Default false. */
  readonly recordSecrets?: boolean;
}

/** What a test may order the server to do. */
export interface Controls {
  /** Who signs in from now on. Default `{ id: "user-1", label: "user-1@example.test" }`. */
  account: TestAccount;
  /** The `iss` of callbacks (RFC 9207). Null leaves it out. Default the server's URL. */
  iss: string | null;
  /** The JSON text that `/userinfo` answers to a live access token. Null: the account. Default null. */
  userInfo: string | null;
  /** The scopes granted, also where others are asked for. Null: those asked for. Default null. */
  grantedScopes: readonly string[] | null;
  /** The next person at `/authorize` says no, or runs into this error. Default `access_denied`. */
  denyNext(error?: string, description?: string): void;
  /** One misbehaviour for each of the next token requests, in order. */
  next(...misbehaviours: Misbehaviour[]): void;
  /** For every token request that `next` has nothing for, until it is set to null. */
  always(misbehaviour: Misbehaviour | null): void;
  /** Makes all token requests wait, so that a test can gather them without sleeping. */
  hold(): Hold;
  /** Answers the requests that hang or are held. */
  release(): void;
  /** What the next requests to `/userinfo` and `/introspect` answer instead, in order. */
  answerChecks(...statuses: number[]): void;
  /** The person, or the provider, takes all grants back (those of one account if named): refresh gives `invalid_grant`, `/api/me` 401. */
  revokeGrants(accountId?: string): void;
  /** All access tokens so far stop working at once, before their time; refresh tokens stay good. */
  expireAccessTokens(): void;
  /** A finished grant without the round trip. Default: the current account, scopes `read write`. */
  issueTokens(account?: TestAccount, scopes?: readonly string[]): IssuedTokens;
}

export interface AuthorizationServer {
  readonly url: string;
  /** 200 with the account for a live access token, else 401. */
  readonly apiUrl: string;
  readonly provider: OAuthProvider;
  readonly client: OAuthClient;
  /** The provider as a configuration file writes it. */
  readonly providerFacts: ProviderFacts;
  readonly controls: Controls;
  /** Every request to `/token`, oldest first. */
  readonly tokenRequests: readonly TokenRequest[];
  /** Access tokens that came to `/userinfo` and `/introspect`, oldest first. */
  readonly checks: readonly string[];
  /** Tokens that came to `/revoke`, oldest first. */
  readonly revocations: readonly string[];
  /** Every code and token ever made here, and the client secret: none of them may turn up in a log. */
  readonly issuedSecrets: ReadonlySet<string>;
  /** Refreshes processed, whether or not their answer arrived. */
  refreshCount(): number;
  liveAccessTokens(): readonly string[];
  /** Plays the browser at `/authorize`: resolves to the callback URL it was sent to, which is not visited. */
  authorize(authorizeUrl: URL | string): Promise<URL>;
  close(): Promise<void>;
}

const CLIENT_ID = "xkit-test-client";
/** With characters that only a correctly encoded Basic header survives. */
const CLIENT_SECRET = "s3cret/+ =:&%é-not-for-logs";
const DEFAULT_ACCESS_TOKEN_SECONDS = 3600;

/**
 * Starts a real authorization server on a free port of 127.0.0.1, which behaves until it is told not to.
 *
 * `/authorize` consents at once; `/token`, `/revoke`, `/userinfo` and `/api/me` do what their RFCs say. Defaults: access tokens live
 * 3600 s, refresh tokens rotate and do not expire, reuse revokes the grant at once (`graceSeconds` 0), and the clock is `Date.now`.
 */
export async function startAuthorizationServer(options: AuthorizationServerOptions = {}): Promise<AuthorizationServer> {
  const rules = completeRules(options);
  const grants = createGrants(rules);
  const script = createScript();
  const client: OAuthClient = { clientId: CLIENT_ID, clientSecret: CLIENT_SECRET };
  const tokenRequests: TokenRequest[] = [];
  const revocations: string[] = [];
  const checks: string[] = [];
  const checkStatuses: number[] = [];
  let refreshCount = 0;
  const denials: Denial[] = [];
  const controls = createControls(grants, script, denials, checkStatuses);
  const endpoint: TokenEndpoint = {
    grants,
    script,
    client,
    tokenRequests,
    now: rules.now,
    recordSecrets: options.recordSecrets ?? false,
    onRefresh: () => void (refreshCount += 1),
  };
  const server = await listen((request, response) =>
    route({ endpoint, controls, denials, revocations, checks, checkStatuses }, request, response),
  );
  controls.iss = server.url;
  grants.issuedSecrets.add(CLIENT_SECRET);
  return {
    ...describe(server.url),
    client,
    controls,
    tokenRequests,
    revocations,
    checks,
    authorize,
    issuedSecrets: grants.issuedSecrets,
    refreshCount: () => refreshCount,
    liveAccessTokens: grants.liveAccessTokens,
    close: async () => (script.release(), server.close()),
  };
}

interface Denial {
  readonly error: string;
  readonly description: string | undefined;
}

interface ServerState {
  readonly endpoint: TokenEndpoint;
  readonly controls: Controls;
  readonly denials: Denial[];
  readonly revocations: string[];
  readonly checks: string[];
  readonly checkStatuses: number[];
}

function completeRules(options: AuthorizationServerOptions): GrantRules {
  return {
    accessTokenSeconds: options.accessTokenSeconds ?? DEFAULT_ACCESS_TOKEN_SECONDS,
    refreshTokenSeconds: options.refreshTokenSeconds ?? null,
    rotate: options.rotate ?? true,
    reuseDetection: options.reuseDetection ?? true,
    graceSeconds: options.graceSeconds ?? 0,
    refreshKillsAccessTokens: options.refreshKillsAccessTokens ?? false,
    revokesWholeAccount: options.revokesWholeAccount ?? false,
    now: options.now ?? Date.now,
  };
}

function createControls(grants: Grants, script: ReturnType<typeof createScript>, denials: Denial[], checkStatuses: number[]): Controls {
  const controls: Controls = {
    account: { id: "user-1", label: "user-1@example.test" },
    iss: null,
    userInfo: null,
    grantedScopes: null,
    answerChecks: (...statuses) => void checkStatuses.push(...statuses),
    denyNext: (error = "access_denied", description) => void denials.push({ error, description }),
    next: script.push,
    always: script.setAlways,
    hold: script.startHold,
    release: script.release,
    revokeGrants: grants.revokeGrants,
    expireAccessTokens: grants.expireAccessTokens,
    issueTokens: (account = controls.account, scopes = ["read", "write"]) => grants.issueTokens(account, scopes),
  };
  return controls;
}

function describe(url: string): Pick<AuthorizationServer, "url" | "apiUrl" | "provider" | "providerFacts"> {
  const facts = {
    issuer: url,
    authorization_endpoint: `${url}/authorize`,
    token_endpoint: `${url}/token`,
    revocation_endpoint: `${url}/revoke`,
    userinfo_endpoint: `${url}/userinfo`,
  };
  return { url, apiUrl: `${url}/api/me`, provider: providerSchema.parse(facts), providerFacts: facts };
}

async function route(state: ServerState, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? "/", "http://server");
  switch (`${request.method} ${url.pathname}`) {
    case "GET /authorize":
      return consent(state, url.searchParams, response);
    case "POST /token":
      return answerTokenRequest(state.endpoint, request, response);
    case "POST /revoke":
      return revoke(state, request, response);
    case "POST /introspect":
      return introspect(state, request, response);
    case "GET /userinfo":
      if (isAnswered(state, bearerOf(request), response)) return;
      return sendAccount(state, request, response, ({ id, label }) => state.controls.userInfo ?? JSON.stringify({ sub: id, email: label }));
    case "GET /api/me":
      return sendAccount(state, request, response, ({ id, label }) => JSON.stringify({ id, label }));
    default:
      return sendText(response, 404, "There is nothing here.");
  }
}

/** RFC 6749 section 4.1.2, by a person who agrees to everything unless told otherwise. */
function consent({ endpoint, controls, denials }: ServerState, asked: URLSearchParams, response: ServerResponse): void {
  const redirectUri = asked.get("redirect_uri") ?? "";
  if (asked.get("client_id") !== endpoint.client.clientId || asked.get("response_type") !== "code" || !URL.canParse(redirectUri))
    return sendText(response, 400, "This authorization request is not valid.");
  const denial = denials.shift();
  const scopes = controls.grantedScopes ?? (asked.get("scope") ?? "").split(" ").filter((scope) => scope !== "");
  const code = () =>
    endpoint.grants.createCode({
      grant: endpoint.grants.createGrant(controls.account, scopes),
      redirectUri,
      challenge: asked.get("code_challenge"),
    });
  const outcome = denial ? { error: denial.error, error_description: denial.description } : { code: code() };
  const location = withParams(redirectUri, { ...outcome, state: asked.get("state") ?? undefined, iss: controls.iss ?? undefined });
  response.writeHead(302, { location: location.href }).end();
}

function withParams(base: string, params: Record<string, string | undefined>): URL {
  const url = new URL(base);
  for (const [name, value] of Object.entries(params)) if (value !== undefined) url.searchParams.set(name, value);
  return url;
}

async function revoke({ endpoint, revocations }: ServerState, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const params = await readParams(request);
  if (!isAuthenticated(endpoint.client, request, params)) return sendJson(response, 401, { error: "invalid_client" });
  revocations.push(params["token"] ?? "");
  endpoint.grants.revoke(params["token"] ?? "");
  sendText(response, 200, "");
}

/** Notes a check, and answers it as the test has ordered. */
function isAnswered({ checks, checkStatuses }: ServerState, token: string, response: ServerResponse): boolean {
  checks.push(token);
  const status = checkStatuses.shift();
  if (status !== undefined) sendText(response, status, "");
  return status !== undefined;
}

/** RFC 7662 section 2. */
async function introspect(state: ServerState, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { endpoint } = state;
  const { token = "", ...params } = await readParams(request);
  if (!isAuthenticated(endpoint.client, request, params)) return sendJson(response, 401, { error: "invalid_client" });
  if (isAnswered(state, token, response)) return;
  sendJson(response, 200, { active: endpoint.grants.findGrant(token) !== null });
}

function sendAccount(
  { endpoint }: ServerState,
  request: IncomingMessage,
  response: ServerResponse,
  show: (account: TestAccount) => string,
): void {
  const grant = endpoint.grants.findGrant(bearerOf(request));
  if (grant === null) return sendJson(response, 401, { error: "invalid_token" }, { "www-authenticate": 'Bearer error="invalid_token"' });
  sendText(response, 200, show(grant.account), { "content-type": "application/json", "cache-control": "no-store" });
}

async function authorize(authorizeUrl: URL | string): Promise<URL> {
  const response = await fetch(authorizeUrl, { redirect: "manual" });
  const location = response.headers.get("location");
  if (location === null) throw new Error(`/authorize answered ${response.status} and sent the browser nowhere.`);
  return new URL(location);
}
