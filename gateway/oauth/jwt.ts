import { safeParseObject } from "./json.ts";

/** A JWT's claims set (RFC 7519 section 4). */
type Claims = Readonly<Record<string, unknown>>;

/** A later `exp` is in milliseconds: as seconds it would be in the year 5138. */
const LATEST_EXP_SECONDS = 100_000_000_000;

/**
 * When a token that happens to be a JWT expires: its `exp`, in seconds since 1970 (RFC 7519 section 4.1.4), else null.
 *
 * Nothing is verified: good for knowing when to refresh, for nothing else.
 */
export function jwtExpiry(token: string): number | null {
  const exp = findClaims(token)?.["exp"];
  if (typeof exp !== "number" || !Number.isFinite(exp)) return null;
  return exp > LATEST_EXP_SECONDS ? exp / 1000 : exp;
}

/**
 * The claims of an ID token made for this client, else null.
 *
 * Read without a signature check, which OpenID Connect Core section 3.1.3.7 allows for a token that came straight from the token
 * endpoint over TLS. Claims of another audience, or of another issuer than the known one, are ignored: they only name the account.
 */
export function idTokenClaims(token: unknown, issuer: string | null, clientId: string): Claims | null {
  const claims = typeof token === "string" ? findClaims(token) : null;
  if (claims === null || ![claims["aud"]].flat().includes(clientId)) return null;
  return issuer === null || claims["iss"] === issuer ? claims : null;
}

function findClaims(token: string): Claims | null {
  const [, payload = ""] = token.split(".");
  return safeParseObject(Buffer.from(payload, "base64url").toString());
}
