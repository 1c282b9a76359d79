import { decodeJwt } from "jose";
import { jwtExpiry } from "../../oauth/jwt.ts";

/** How long a session token or user token is taken to last when neither the upstream nor the token says, in seconds. */
const ASSUMED_LIFETIME_SECONDS = 300;

/** The parts of a JWT that is signed (RFC 7515 section 7.1). */
const JWT_PARTS = 3;

/** When a token expires, by the first that says so: the upstream, else the token itself where it is a JWT (RFC 7519 section 4.1.4), else null. */
export function statedExpiryOf(token: string, stated: Date | null): Date | null {
  const seconds = stated ? null : jwtExpiry(token);
  return seconds === null ? stated : new Date(seconds * 1000);
}

/** When a token was issued, as far as it tells itself: a JWT's `iat` (RFC 7519 section 4.1.6). Nothing is verified. */
export function statedIssueOf(token: string): Date | null {
  // Most tokens are none, and an error costs more than a look.
  if (token.split(".").length !== JWT_PARTS) return null;
  try {
    const { iat } = decodeJwt(token);
    return typeof iat === "number" && Number.isFinite(iat) ? new Date(iat * 1000) : null;
  } catch {
    return null;
  }
}

/** When a credential of ours to renew expires, which must have an end: five minutes from `now` (milliseconds) when it is not stated. */
export const expiryOf = (token: string, stated: Date | null, now: number): Date =>
  statedExpiryOf(token, stated) ?? new Date(now + ASSUMED_LIFETIME_SECONDS * 1000);
