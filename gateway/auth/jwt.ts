import { decodeJwt, decodeProtectedHeader, errors } from "jose";
import { LRUCache } from "lru-cache";
import { z } from "zod";
import { isTemporary } from "../../schema/errors.ts";
import { boundedByCount } from "../runtime/bounded-by-count.ts";
import type { Clock } from "../runtime/clock.ts";
import { hashSecret } from "../store/sealing.ts";

/** The longest token that is looked at: 16 KiB. */
export const MAXIMUM_TOKEN_CHARACTERS = 16_384;
/** Verified tokens remembered at most, of each kind. */
const REMEMBERED_TOKENS = 10_000;

/** A token that was refused. `reason` is for the log, and holds nothing of the token. */
export interface Refusal {
  ok: false;
  reason: string;
  isExpired: boolean;
}

export const createRefusal = (reason: string): Refusal => ({ ok: false, reason, isExpired: false });

const unverifiedSchema = z.object({
  iss: z.string(),
  aud: z.union([z.string(), z.array(z.string())]).optional(),
});

/** Who a JWT says it is from and for, and its `typ` (RFC 7519 section 5.1), before anything is verified; null when it is no JWT. */
export function decodeUnverified(token: string): { issuer: string; audiences: string[]; type: string | null } | null {
  try {
    const { iss, aud } = unverifiedSchema.parse(decodeJwt(token));
    return { issuer: iss, audiences: [aud ?? []].flat(), type: decodeProtectedHeader(token).typ ?? null };
  } catch {
    return null;
  }
}

/** Why jose refused a token. Its messages name claims and headers, never their values. Throws an error that says nothing about the token. */
export function toRefusal(error: unknown): Refusal {
  if (isTemporary(error)) throw error;
  if (error instanceof errors.JOSEError)
    return { ok: false, reason: `${error.code}: ${error.message}`, isExpired: error instanceof errors.JWTExpired };
  return createRefusal(`it could not be checked (${error instanceof Error ? error.name : typeof error})`);
}

/** What tokens said whose signature is verified. */
export interface TokenCache<Result extends { expiresAt: Date }> {
  find(token: string): Result | null;
  add(token: string, result: Result): void;
}

/** Creates a bounded cache of verified tokens, by the token's hash, until each expires. It knows nothing of revocation. */
export function createTokenCache<Result extends { expiresAt: Date }>(clock: Clock): TokenCache<Result> {
  const results = new LRUCache<string, Result>(boundedByCount(REMEMBERED_TOKENS));
  return {
    find(token) {
      const result = results.get(hashSecret(token));
      return result && clock.now() < result.expiresAt.getTime() ? result : null;
    },
    add: (token, result) => void results.set(hashSecret(token), result),
  };
}
