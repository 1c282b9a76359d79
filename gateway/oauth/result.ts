import type { StatedValues } from "./stated-values.ts";

/** One kind of token, as a provider issued it. */
export interface IssuedToken {
  readonly accessToken: string;
  /** Null: none was sent, so the one already held stays valid (RFC 6749 section 6). */
  readonly refreshToken: string | null;
  /** Lower case, in practice `bearer` (RFC 6749 section 7.1). */
  readonly tokenType: string;
  /** The life that the answer states (`lifetime.ts`), else the provider's declared life, else null: unknown. */
  readonly expiresInSeconds: number | null;
  /** How long the refresh token lasts, where the answer states it, else null. */
  readonly refreshExpiresInSeconds: number | null;
  /** Null: the answer does not say, so the scopes are those asked for (RFC 6749 section 5.1). */
  readonly scopes: readonly string[] | null;
}

/** Tokens as a provider issued them, in one shape for all providers. */
export interface TokenSet extends IssuedToken {
  /** The members of the answer that could not be understood, for the log. */
  readonly misread: readonly string[];
  /** The values that the provider declares to be stated in this answer, or in the claims of its ID token. */
  readonly stated: StatedValues;
  /** Tokens of further kinds that the answer holds, by kind. Left out: none. */
  readonly further?: Readonly<Record<string, IssuedToken>> | undefined;
}

/**
 * What a failure means for the connection.
 *
 * - `revoked`: the grant is gone (`invalid_grant`, or at a refresh a request for the person); only connecting again helps.
 * - `denied`: the person said no.
 * - `temporary`: says nothing about the grant; ask again later.
 * - `misconfigured`: the connector's client, endpoints or scopes are wrong; the platform's operator must act.
 * - `invalid`: the callback cannot be trusted (wrong state or issuer); the attempt is over, an existing grant is untouched.
 * - `withdrawn`: `mayStillSend` said no, or the process was paused past the deadline: nothing was sent, and the provider has not failed.
 */
export type TokenFailureKind = "revoked" | "denied" | "temporary" | "misconfigured" | "invalid" | "withdrawn";

/**
 * How far a request came.
 *
 * - `unsent`: not a byte was written, so the provider has not acted.
 * - `lost`: it was sent, and no answer of the provider's own came back: it may have acted, e.g. rotated the refresh token.
 * - `answered`: the provider has refused it.
 */
export type Delivery = "unsent" | "lost" | "answered";

export interface TokenFailure {
  readonly ok: false;
  readonly kind: TokenFailureKind;
  readonly delivery: Delivery;
  /** The code of RFC 6749, else the provider's own, else one of ours: `timeout`, `connection_lost`, `http_503`, … Printable, at most 64 characters. */
  readonly code: string;
  /** The code, and the provider's words where it has any, free of tokens and secrets. */
  readonly reason: string;
  /** The same as one sentence a person can act on. */
  readonly message: string;
  /** The provider has judged the request, and not for a reason of the moment: whose fault it is shows when others are not refused. */
  readonly isRefusal: boolean;
  /** The member without which an answer holds no tokens, for the log. Null: none is missing. */
  readonly missing: string | null;
  /** From `Retry-After` (RFC 9110 section 10.2.3). */
  readonly retryAfterSeconds: number | null;
}

/** The outcome of a token request. Expected failures are values, never exceptions. */
export type TokenResult = { readonly ok: true; readonly tokens: TokenSet } | TokenFailure;
