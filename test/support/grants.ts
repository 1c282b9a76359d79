import { createHash, randomBytes } from "node:crypto";

/** Who signs in at the authorization server. */
export interface TestAccount {
  readonly id: string;
  readonly label: string;
}

export interface Grant {
  readonly account: TestAccount;
  readonly scopes: readonly string[];
  /** Of the token that came beside another one: what asked for it. Null: of the token itself. */
  readonly kind: "user" | null;
  revoked: boolean;
}

export interface IssuedTokens {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly expiresInSeconds: number;
  readonly refreshExpiresInSeconds: number | null;
  readonly scopes: readonly string[];
  /** A second token of the same consent. */
  readonly user: IssuedTokens | null;
}

export interface GrantRules {
  readonly accessTokenSeconds: number;
  /** Null: refresh tokens do not expire. */
  readonly refreshTokenSeconds: number | null;
  readonly rotate: boolean;
  readonly reuseDetection: boolean;
  readonly graceSeconds: number;
  readonly refreshKillsAccessTokens: boolean;
  /** Revoking one token ends all grants of its account, as at Google. */
  readonly revokesWholeAccount: boolean;
  readonly now: () => number;
}

export interface PendingCode {
  readonly grant: Grant;
  /** The grant of the second token, where one was asked for. */
  readonly userGrant: Grant | null;
  readonly redirectUri: string;
  /** S256 of the verifier, or null when the request had none. */
  readonly challenge: string | null;
}

interface AccessToken {
  readonly grant: Grant;
  expiresAtMs: number;
}

interface RefreshToken {
  readonly grant: Grant;
  readonly expiresAtMs: number;
  rotatedAtMs: number | null;
}

const MS_PER_SECOND = 1000;
const SECRET_BYTES = 24;

/** All grants of an authorization server, and the codes and tokens made from them. */
interface Memory {
  readonly rules: GrantRules;
  readonly grants: Set<Grant>;
  readonly codes: Map<string, PendingCode & { used: boolean }>;
  readonly accessTokens: Map<string, AccessToken>;
  readonly refreshTokens: Map<string, RefreshToken>;
  readonly issuedSecrets: Set<string>;
}

/** The authorization server's grants. Answers null for `invalid_grant`. */
export function createGrants(rules: GrantRules) {
  const memory: Memory = {
    rules,
    grants: new Set(),
    codes: new Map(),
    accessTokens: new Map(),
    refreshTokens: new Map(),
    issuedSecrets: new Set(),
  };
  return {
    issuedSecrets: memory.issuedSecrets,
    grantOf: (token: string) => (memory.accessTokens.get(token) ?? memory.refreshTokens.get(token))?.grant,
    createGrant: (account: TestAccount, scopes: readonly string[], kind: Grant["kind"] = null) =>
      createGrant(memory, account, scopes, kind),
    createCode: (pending: PendingCode) => createCode(memory, pending),
    redeemCode: (code: string, redirectUri: string, verifier: string | null) => redeemCode(memory, code, redirectUri, verifier),
    redeemRefreshToken: (token: string) => redeemRefreshToken(memory, token),
    findGrant: (accessToken: string) => findGrant(memory, accessToken),
    revoke: (token: string) => revoke(memory, token),
    revokeGrants: (accountId?: string, kind?: Grant["kind"]) => revokeGrants(memory, accountId, kind),
    expireAccessTokens: () => expireAccessTokens(memory),
    issueTokens: (account: TestAccount, scopes: readonly string[]) =>
      issue(memory, createGrant(memory, account, scopes), mint(memory, "refresh")),
    liveAccessTokens: () => [...memory.accessTokens.keys()].filter((token) => findGrant(memory, token) !== null),
  };
}

export type Grants = ReturnType<typeof createGrants>;

function mint({ issuedSecrets }: Memory, prefix: string): string {
  const secret = `${prefix}_${randomBytes(SECRET_BYTES).toString("base64url")}`;
  issuedSecrets.add(secret);
  return secret;
}

function createGrant({ grants }: Memory, account: TestAccount, scopes: readonly string[], kind: Grant["kind"] = null): Grant {
  const grant = { account, scopes, kind, revoked: false };
  grants.add(grant);
  return grant;
}

function createCode(memory: Memory, pending: PendingCode): string {
  const code = mint(memory, "code");
  memory.codes.set(code, { ...pending, used: false });
  return code;
}

/** RFC 6749 section 4.1.3, and section 4.1.2: a code used twice ends the grant. */
function redeemCode(memory: Memory, code: string, redirectUri: string, verifier: string | null): IssuedTokens | null {
  const pending = memory.codes.get(code);
  if (pending === undefined || pending.redirectUri !== redirectUri || !provesChallenge(pending.challenge, verifier)) return null;
  if (pending.used) pending.grant.revoked = true;
  pending.used = true;
  if (pending.grant.revoked) return null;
  const user = pending.userGrant && issue(memory, pending.userGrant, mint(memory, "refresh"));
  return { ...issue(memory, pending.grant, mint(memory, "refresh")), user };
}

/** RFC 6749 section 6, with rotation and reuse detection as RFC 9700 section 4.14.2 describes them. */
function redeemRefreshToken(memory: Memory, token: string): IssuedTokens | null {
  const { rules, refreshTokens } = memory;
  const held = refreshTokens.get(token);
  if (held === undefined || held.grant.revoked || held.expiresAtMs <= rules.now()) return null;
  if (isReuse(rules, held)) {
    held.grant.revoked ||= rules.reuseDetection;
    return null;
  }
  if (rules.refreshKillsAccessTokens) expireAccessTokens(memory, held.grant);
  if (!rules.rotate) return issue(memory, held.grant, token);
  held.rotatedAtMs ??= rules.now();
  return issue(memory, held.grant, mint(memory, "refresh"));
}

function isReuse(rules: GrantRules, { rotatedAtMs }: RefreshToken): boolean {
  return rotatedAtMs !== null && rules.now() >= rotatedAtMs + rules.graceSeconds * MS_PER_SECOND;
}

function issue(memory: Memory, grant: Grant, refreshToken: string): IssuedTokens {
  const { accessTokens, refreshTokens } = memory;
  const { accessTokenSeconds, refreshTokenSeconds, now } = memory.rules;
  const accessToken = mint(memory, "access");
  accessTokens.set(accessToken, { grant, expiresAtMs: now() + accessTokenSeconds * MS_PER_SECOND });
  const expiresAtMs = refreshTokenSeconds === null ? Number.POSITIVE_INFINITY : now() + refreshTokenSeconds * MS_PER_SECOND;
  if (!refreshTokens.has(refreshToken)) refreshTokens.set(refreshToken, { grant, expiresAtMs, rotatedAtMs: null });
  return {
    accessToken,
    refreshToken,
    expiresInSeconds: accessTokenSeconds,
    refreshExpiresInSeconds: refreshTokenSeconds,
    scopes: grant.scopes,
    user: null,
  };
}

function findGrant({ rules, accessTokens }: Memory, accessToken: string): Grant | null {
  const held = accessTokens.get(accessToken);
  return held !== undefined && !held.grant.revoked && held.expiresAtMs > rules.now() ? held.grant : null;
}

/** RFC 7009 section 2.1: a refresh token takes its grant along, an access token goes alone. */
function revoke(memory: Memory, token: string): void {
  const refreshToken = memory.refreshTokens.get(token);
  const grant = refreshToken?.grant ?? memory.accessTokens.get(token)?.grant;
  if (refreshToken !== undefined) refreshToken.grant.revoked = true;
  if (memory.rules.revokesWholeAccount && grant !== undefined) revokeGrants(memory, grant.account.id);
  memory.accessTokens.delete(token);
}

function expireAccessTokens({ rules, accessTokens }: Memory, grant?: Grant): void {
  for (const held of accessTokens.values()) if (grant === undefined || held.grant === grant) held.expiresAtMs = rules.now();
}

function revokeGrants({ grants }: Memory, accountId?: string, kind?: Grant["kind"]): void {
  for (const grant of grants)
    grant.revoked ||= (accountId === undefined || grant.account.id === accountId) && (kind === undefined || grant.kind === kind);
}

function provesChallenge(challenge: string | null, verifier: string | null): boolean {
  if (challenge === null) return verifier === null;
  return verifier !== null && createHash("sha256").update(verifier).digest("base64url") === challenge;
}
