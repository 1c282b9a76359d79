import type { Operation } from "./failure.ts";
import { findAt, findObject } from "./path.ts";
import type { OAuthProvider } from "./provider.ts";

/** A body the way RFC 6749 sections 5.1 and 5.2 write it, or as near as the answer allows. */
export type StandardBody = Record<string, string | number>;

export interface StandardAnswer {
  readonly status: number;
  readonly body: StandardBody;
}

const STATUS_OK = 200;
const STATUS_MULTIPLE_CHOICES = 300;
const STATUS_BAD_REQUEST = 400;
const MS_PER_SECOND = 1000;
const decimalNumber = /^\s*[+-]?\d+(?:\.\d+)?\s*$/;
/** Token types that oauth4webapi takes (RFC 6750, RFC 9449). */
const knownTokenType = /^(?:bearer|dpop)$/i;

/**
 * Turns a token endpoint's answer into what RFC 6749 section 5 prescribes: the one place where a provider's deviations are undone.
 *
 * Reads JSON, and form encoding where the answer declares it. `status` is 200 with tokens, else 4xx with `error`. Null: the answer is
 * neither, so nothing can be said.
 */
export function normalise(
  operation: Operation,
  provider: OAuthProvider,
  status: number,
  contentType: string,
  text: string,
): StandardAnswer | null {
  const answer = parseBody(contentType, text);
  if (answer === null) return null;
  const succeeded = status >= STATUS_OK && status < STATUS_MULTIPLE_CHOICES;
  const renewed = succeeded && operation === "refresh" ? renewedTokensOf(provider, answer) : null;
  if (renewed !== null) return { status: STATUS_OK, body: renewed };
  const error = succeeded && !provider.errorsInOkBody ? null : errorOf(provider, answer);
  if (error !== null) return { status: succeeded ? STATUS_BAD_REQUEST : status, body: error };
  return succeeded ? { status: STATUS_OK, body: tokensOf(provider, answer) } : null;
}

function parseBody(contentType: string, text: string): Record<string, unknown> | null {
  if (/^application\/x-www-form-urlencoded\b/i.test(contentType)) return Object.fromEntries(new URLSearchParams(text));
  try {
    return findObject(JSON.parse(text));
  } catch {
    return null;
  }
}

function errorOf(provider: OAuthProvider, answer: Record<string, unknown>): StandardBody | null {
  const code = declaredCode(provider, answer) ?? nonEmpty(answer["error"]) ?? (answer["ok"] === false ? "unknown_error" : undefined);
  if (code === undefined) return null;
  const meaning = Object.hasOwn(provider.errorCodes, code) ? provider.errorCodes[code] : undefined;
  const description = nonEmpty(answer["error_description"]) ?? nonEmpty(answer["message"]);
  return { error: meaning ?? code, ...(description !== undefined && { error_description: description }) };
}

/** A vendor's declared code, by the vendor's own member name: `{"status":"BAD_REFRESH_TOKEN"}`, `{"error":{"code":190}}`. */
function declaredCode(provider: OAuthProvider, answer: Record<string, unknown>): string | undefined {
  const values = [...Object.values(answer), ...Object.values(findObject(answer["error"]) ?? {})];
  const texts = values.filter((value) => typeof value === "string" || typeof value === "number").map(String);
  return texts.find((text) => Object.hasOwn(provider.errorCodes, text));
}

/**
 * A refresh may have used the old refresh token up, so that refusing its answer loses the grant: an access token is taken, however wrong
 * the rest of the answer is. An exchange can be strict: nothing is lost yet.
 */
function renewedTokensOf(provider: OAuthProvider, answer: Record<string, unknown>): StandardBody | null {
  const tokens = tokensOf(provider, answer);
  if (tokens["access_token"] === undefined) return null;
  return knownTokenType.test(String(tokens["token_type"])) ? tokens : { ...tokens, token_type: "bearer" };
}

function tokensOf(provider: OAuthProvider, answer: Record<string, unknown>): StandardBody {
  const source = tokenObject(provider, answer);
  return withoutUndefined({
    access_token: nonEmpty(source["access_token"]),
    token_type: provider.assumedTokenType ?? nonEmpty(source["token_type"]),
    refresh_token: nonEmpty(source["refresh_token"]),
    expires_in: seconds(provider, source["expires_in"]) ?? provider.accessTokenLifetimeSeconds ?? undefined,
    misread: isMisread(source["expires_in"]) ? "expires_in" : undefined,
    scope: scopeText(provider, source["scope"]),
    // Under a name that oauth4webapi does not validate: an ID token names the account, and must not fail a refresh (see `idTokenClaims`).
    unverified_id_token: nonEmpty(answer["id_token"]),
  });
}

function tokenObject(provider: OAuthProvider, answer: Record<string, unknown>): Record<string, unknown> {
  if (provider.tokenResponsePath === null) return answer;
  return findObject(findAt(answer, provider.tokenResponsePath)) ?? answer;
}

/** Whole seconds; undefined where none are stated. A token with a negative life has expired: its life is 0. */
function seconds(provider: OAuthProvider, value: unknown): number | undefined {
  const number = numberOf(value);
  if (number === undefined) return undefined;
  return Math.max(0, Math.floor(provider.expiresInUnit === "milliseconds" ? number / MS_PER_SECOND : number));
}

/** A JSON number, or a decimal one in a string. */
function numberOf(value: unknown): number | undefined {
  const number = typeof value === "string" && decimalNumber.test(value) ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : undefined;
}

/** Something is stated, and it is no number. */
const isMisread = (value: unknown): boolean => value !== undefined && value !== null && value !== "" && numberOf(value) === undefined;

function scopeText(provider: OAuthProvider, value: unknown): string | undefined {
  const separator = provider.scopeResponseSeparator ?? provider.scopeSeparator;
  const listed = Array.isArray(value) ? value.filter((scope) => typeof scope === "string") : null;
  const scopes = listed ?? (typeof value === "string" ? value.split(separator) : null);
  return scopes
    ?.flatMap((scope) => scope.split(" "))
    .filter((scope) => scope !== "")
    .join(" ");
}

function nonEmpty(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function withoutUndefined(body: Record<string, string | number | undefined>): StandardBody {
  const kept: StandardBody = {};
  for (const [name, value] of Object.entries(body)) if (value !== undefined) kept[name] = value;
  return kept;
}
