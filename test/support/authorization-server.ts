import type { OAuthClient, OAuthProvider } from "../../gateway/oauth/provider.ts";
import type { ProviderFacts } from "../../gateway/providers/format.ts";
import { providerSchema } from "../../gateway/providers/provider.ts";
import { type Answers, type Denial, route } from "./authorization-routes.ts";
import { createDevices, type Devices } from "./devices.ts";
import { createGrants, type GrantRules, type Grants, type IssuedTokens, type TestAccount } from "./grants.ts";
import { createScript, type Hold, type Misbehaviour } from "./misbehaviour.ts";
import { listen } from "./server-io.ts";
import type { TokenEndpoint, TokenRequest } from "./token-endpoint.ts";

export interface AuthorizationServerOptions extends Partial<GrantRules> {
  /** Keeps codes, refresh tokens, secrets and the Basic header in `tokenRequests`. Default false. */
  readonly recordSecrets?: boolean;
}

/** What a test may order the server to do. */
export interface Controls extends Answers {
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
  /**
   * The person, or the provider, takes all grants back (those of one account, and of one kind of token, if named): refresh gives
   * `invalid_grant`, `/api/me` 401.
   */
  revokeGrants(accountId?: string, kind?: "user" | null): void;
  /** All access tokens so far stop working at once, before their time; refresh tokens stay good. */
  expireAccessTokens(): void;
  /** Codes that wait for their users. */
  readonly devices: Devices;
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
  /** What a token was issued from: one object for a consent and all its refreshes. Undefined for a code. */
  grantOf(token: string): object | undefined;
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
  const devices = createDevices(grants, () => controls.account, rules.now);
  const controls = createControls(grants, script, denials, checkStatuses, devices.controls);
  const endpoint: TokenEndpoint = {
    grants,
    script,
    client,
    tokenRequests,
    now: rules.now,
    redeemDeviceCode: devices.redeem,
    recordSecrets: options.recordSecrets ?? false,
    onRefresh: () => void (refreshCount += 1),
  };
  const server = await listen((request, response) =>
    route({ endpoint, answers: controls, denials, revocations, checks, checkStatuses, devices }, request, response),
  );
  controls.iss = server.url;
  grants.issuedSecrets.add(CLIENT_SECRET);
  return {
    ...describe(server.url, rules),
    client,
    controls,
    tokenRequests,
    revocations,
    checks,
    authorize,
    issuedSecrets: grants.issuedSecrets,
    grantOf: grants.grantOf,
    refreshCount: () => refreshCount,
    liveAccessTokens: grants.liveAccessTokens,
    close: async () => (script.release(), server.close()),
  };
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

function createControls(
  grants: Grants,
  script: ReturnType<typeof createScript>,
  denials: Denial[],
  checkStatuses: number[],
  devices: Devices,
): Controls {
  const controls: Controls = {
    account: { id: "user-1", label: "user-1@example.test" },
    iss: null,
    userInfo: null,
    grantedScopes: null,
    metadata: null,
    answerChecks: (...statuses) => void checkStatuses.push(...statuses),
    denyNext: (error = "access_denied", description) => void denials.push({ error, description }),
    next: script.push,
    always: script.setAlways,
    hold: script.startHold,
    release: script.release,
    revokeGrants: grants.revokeGrants,
    expireAccessTokens: grants.expireAccessTokens,
    devices,
    issueTokens: (account = controls.account, scopes = ["read", "write"]) => grants.issueTokens(account, scopes),
  };
  return controls;
}

function describe(
  url: string,
  { refreshKillsAccessTokens }: GrantRules,
): Pick<AuthorizationServer, "url" | "apiUrl" | "provider" | "providerFacts"> {
  const facts = {
    issuer: url,
    authorization_endpoint: `${url}/authorize`,
    token_endpoint: `${url}/token`,
    revocation: { url: `${url}/revoke` },
    userinfo: [{ url: `${url}/userinfo` }],
    refresh: { kills_old_token: refreshKillsAccessTokens },
  };
  return { url, apiUrl: `${url}/api/me`, provider: toOAuthProvider(facts), providerFacts: facts };
}

function toOAuthProvider(facts: ProviderFacts): OAuthProvider {
  const { oauth } = providerSchema.parse(facts);
  if (oauth === null) throw new Error("These facts are of no OAuth provider.");
  return oauth;
}

async function authorize(authorizeUrl: URL | string): Promise<URL> {
  const response = await fetch(authorizeUrl, { redirect: "manual" });
  const location = response.headers.get("location");
  if (location === null) throw new Error(`/authorize answered ${response.status} and sent the browser nowhere.`);
  return new URL(location);
}
