import { redactSecrets } from "../http/redact-secrets.ts";
import { findDeclaredError } from "./error-rules.ts";
import type { GrantOperation } from "./failure.ts";
import { findObject, safeParseObject } from "./json.ts";
import { readLifetime, readRefreshLifetime } from "./lifetime.ts";
import { findAt } from "./path.ts";
import { declaredSources, type OAuthProvider } from "./provider.ts";
import { readStated } from "./stated-values.ts";
import { findTokenOfKind, findNestedKind, furtherKinds } from "./token-kinds.ts";
import type { TokenKind } from "./provider-requests.ts";

/** A body the way RFC 6749 sections 5.1 and 5.2 write it, or as near as the answer allows. */
export type StandardBody = Record<string, string | number>;

export interface StandardResponse {
  readonly status: number;
  readonly body: StandardBody;
}

const STATUS_OK = 200;
const STATUS_MULTIPLE_CHOICES = 300;
const STATUS_BAD_REQUEST = 400;
/** Longest access token that is one: 64 KiB. */
const MAXIMUM_ACCESS_TOKEN_BYTES = 65_536;
/** What no header can hold: control characters, and what is beyond a byte (Fetch section 2.2.2). */
const unsendable = /[\p{Cc}\u{100}-\u{10ffff}]/u;
/** What begins like `access_token=`. */
const formEncoded = /^\s*[\w.%+-]+=/;
/** Token types that oauth4webapi takes (RFC 6750, RFC 9449). */
const knownTokenType = /^(?:bearer|dpop)$/i;

/** A token endpoint's answer, as it came. */
export interface TokenResponse {
  readonly operation: GrantOperation;
  readonly provider: OAuthProvider;
  readonly status: number;
  readonly text: string;
  /** Milliseconds since the epoch: when the tokens were asked for. */
  readonly askedAt: number;
}

/**
 * Turns a token endpoint's answer into what RFC 6749 section 5 prescribes: the one place where a provider's deviations are undone.
 *
 * Reads JSON and form encoding, by the content: the media type is often another one. `status` is 200 with tokens, else 4xx with `error`.
 * Null: the answer is neither, or its access token goes into no header, so nothing can be said.
 */
export function normalizeTokenResponse(answer: TokenResponse): StandardResponse | null {
  const { operation, status } = answer;
  const body = parseBody(answer.text);
  if (body === null) return null;
  if (!isSendable(tokenObject(answer, body).source["access_token"])) return null;
  const succeeded = status >= STATUS_OK && status < STATUS_MULTIPLE_CHOICES;
  const renewed = succeeded && operation === "refresh" ? renewedTokensOf(answer, body) : null;
  if (renewed !== null) return { status: STATUS_OK, body: renewed };
  const error = !succeeded || mayHoldError(answer, body) ? errorOf(answer, body) : null;
  if (error !== null) return { status: succeeded ? STATUS_BAD_REQUEST : status, body: error };
  return succeeded ? { status: STATUS_OK, body: tokensOf(answer, body) } : null;
}

/** The member that a standard answer lacks, or of which it has no known kind, so that its tokens cannot be used; null when all is there. */
export function missingMember({ status, body }: StandardResponse): string | null {
  if (status !== STATUS_OK) return null;
  if (body["access_token"] === undefined) return "access_token";
  return knownTokenType.test(String(body["token_type"])) ? null : "token_type";
}

/** Nothing can be done with a token that fits into no header, or of more than 64 KiB. */
function isSendable(accessToken: unknown): boolean {
  if (typeof accessToken !== "string") return true;
  return !unsendable.test(accessToken) && Buffer.byteLength(accessToken) <= MAXIMUM_ACCESS_TOKEN_BYTES;
}

/** The members of an answer: JSON or form encoding, by the content. Null: it is neither. */
export const parseBody = (text: string): Record<string, unknown> | null => safeParseObject(text) ?? parseForm(text);

const parseForm = (text: string): Record<string, unknown> | null =>
  formEncoded.test(text) ? Object.fromEntries(new URLSearchParams(text.trim())) : null;

function errorOf(answer: TokenResponse, body: Record<string, unknown>): StandardBody | null {
  const { operation, provider, status } = answer;
  const declared = findDeclaredError(provider, { operation, status, body });
  const code = declared ?? nonEmpty(body["error"]) ?? (body["ok"] === false ? "unknown_error" : undefined);
  if (code === undefined) return null;
  const description = nonEmpty(body["error_description"]) ?? nonEmpty(body["message"]);
  const hide = (text: string) => redactSecrets(text, tokensIn(answer, body));
  return { error: hide(code), ...(description !== undefined && { error_description: hide(description) }) };
}

/**
 * Whether an answer with status 200 may be an error: where the provider is declared to do so, and where there is no token while a code waits
 * for its user, of which most answers are errors (RFC 8628 section 3.5).
 */
function mayHoldError(answer: TokenResponse, body: Record<string, unknown>): boolean {
  const { operation, provider, status } = answer;
  if (provider.errorsInOkBody) return true;
  const hasToken = nonEmpty(tokenObject(answer, body).source["access_token"]) !== undefined;
  return !hasToken && (provider.grantType === "device_code" || findDeclaredError(provider, { operation, status, body }) !== null);
}

/** New tokens beside an error, which its words must not repeat. */
function tokensIn(answer: TokenResponse, body: Record<string, unknown>): string[] {
  const further = furtherKinds(answer.provider).map(([, kind]) => findTokenOfKind(body, kind) ?? {});
  const sources = [body, tokenObject(answer, body).source, ...further];
  return sources.flatMap((source) => ["access_token", "refresh_token", "id_token"].flatMap((name) => nonEmpty(source[name]) ?? []));
}

/**
 * A refresh may have used the old refresh token up, so that refusing its answer loses the grant: an access token is taken, however wrong
 * the rest of the answer is. An exchange can be strict: nothing is lost yet.
 */
function renewedTokensOf(answer: TokenResponse, body: Record<string, unknown>): StandardBody | null {
  const tokens = tokensOf(answer, body);
  if (tokens["access_token"] === undefined) return null;
  return knownTokenType.test(String(tokens["token_type"])) ? tokens : { ...tokens, token_type: "bearer" };
}

function tokensOf(answer: TokenResponse, body: Record<string, unknown>): StandardBody {
  const { provider } = answer;
  const { source, unused } = tokenObject(answer, body);
  const { members, misread } = membersOf(answer, [body, source], findNestedKind(provider)?.tokenType ?? null);
  const further = furtherOf(answer, body);
  return withoutUndefined({
    ...members,
    misread: nonEmpty([...unused, ...misread, ...further.misread].join(" ")),
    stated: statedText(provider, body),
    further: further.text,
    // Under a name that oauth4webapi does not validate: an ID token names the account, and must not fail a refresh (see `idTokenClaims`).
    unverified_id_token: nonEmpty(source["id_token"]) ?? nonEmpty(body["id_token"]),
  });
}

type Source = Record<string, unknown>;

/** The members of RFC 6749 section 5.1 of one kind of token. Declared paths are looked for in the first source, then in the token's own. */
function membersOf({ operation, provider, askedAt }: TokenResponse, [first, source]: readonly [Source, Source], tokenType: string | null) {
  const accessToken = nonEmpty(source["access_token"]);
  // Where the access token itself is exchanged for the next one, it is what a refresh sends.
  const refreshToken = provider.refreshesBy === "access_token" ? accessToken : nonEmpty(source["refresh_token"]);
  const isRenewable = operation === "refresh" || refreshToken !== undefined;
  const atPath = (path: string | null) => (path === null ? undefined : (findAt(first, path) ?? findAt(source, path)));
  const life = readLifetime(source, { provider, askedAt, isRenewable }, atPath(provider.expiryPath));
  const members = {
    access_token: accessToken,
    token_type: tokenType ?? provider.assumedTokenType ?? nonEmpty(source["token_type"]),
    refresh_token: refreshToken,
    expires_in: life.seconds ?? provider.accessTokenLifetimeSeconds ?? undefined,
    refresh_token_expires_in: readRefreshLifetime(atPath(provider.refreshExpiryPath), { provider, askedAt }),
    scope: scopeText(provider, source["scope"]),
  };
  return { members, misread: life.misread };
}

/** Tokens of further kinds as a JSON text; only an exchange has them. One that fits into no header is left out, and its path is in `misread`. */
function furtherOf(answer: TokenResponse, body: Record<string, unknown>): { text: string | undefined; misread: string[] } {
  const further: Record<string, StandardBody> = {};
  const misread: string[] = [];
  const kinds: readonly [string, TokenKind][] = answer.operation === "exchange" ? furtherKinds(answer.provider) : [];
  for (const [name, kind] of kinds) {
    const source = findTokenOfKind(body, kind);
    if (source === null) continue;
    const found = membersOf(answer, [source, source], kind.tokenType);
    misread.push(...found.misread);
    if (isSendable(source["access_token"])) further[name] = { token_type: "bearer", ...withoutUndefined(found.members) };
    else misread.push(kind.path);
  }
  return { text: Object.keys(further).length === 0 ? undefined : JSON.stringify(further), misread };
}

/** Undefined: the answer states nothing that is declared. */
function statedText(provider: OAuthProvider, body: Record<string, unknown>): string | undefined {
  const stated = readStated("token", body, declaredSources(provider));
  return Object.keys(stated).length === 0 ? undefined : JSON.stringify(stated);
}

/**
 * The object that holds the tokens: at the declared path, else at the top. `unused`: the path, where it leads to no token.
 *
 * The answer to a refresh holds one kind of token, which may be where the standard has it. In the answer to an exchange, another kind is there.
 */
function tokenObject(
  { operation, provider }: TokenResponse,
  body: Record<string, unknown>,
): { source: Record<string, unknown>; unused: string[] } {
  const kind = findNestedKind(provider);
  const held = kind && findTokenOfKind(body, kind);
  if (kind !== null && (held !== null || operation === "exchange")) return { source: held ?? {}, unused: [] };
  const { tokenResponsePath: path } = provider;
  const nested = path === null ? null : findObject(findAt(body, path));
  if (path === null || nested === null) return { source: body, unused: [] };
  const isUsed = nonEmpty(nested["access_token"]) !== undefined || nonEmpty(body["access_token"]) === undefined;
  return isUsed ? { source: nested, unused: [] } : { source: body, unused: [path] };
}

/** Undefined: nothing is said of scopes, as by an empty text. */
function scopeText(provider: OAuthProvider, value: unknown): string | undefined {
  const separator = provider.scopeResponseSeparator ?? provider.scopeSeparator;
  const listed = Array.isArray(value) ? value.filter((scope) => typeof scope === "string") : null;
  const scopes = listed ?? (typeof value === "string" ? value.split(separator) : null);
  const named = scopes?.flatMap((scope) => scope.split(" ")).filter((scope) => scope !== "");
  return nonEmpty(named?.join(" "));
}

function nonEmpty(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function withoutUndefined(body: Record<string, string | number | undefined>): StandardBody {
  const kept: StandardBody = {};
  for (const [name, value] of Object.entries(body)) if (value !== undefined) kept[name] = value;
  return kept;
}
