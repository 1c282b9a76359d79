import { decodeProtectedHeader, jwtVerify, SignJWT } from "jose";
import { z } from "zod";
import type { Clock } from "../runtime/clock.ts";
import { createTokenCache, decodeUnverified, type Refusal, createRefusal, toRefusal } from "./jwt.ts";
import type { Lifetimes } from "./lifetimes.ts";
import type { LiveSession } from "./sessions.ts";
import { SIGNING_ALGORITHM, type SigningKeys } from "./signing-keys.ts";

/** Who tokens of ours are for: this gateway alone (RFC 7519 section 4.1.3). */
export const TOKEN_AUDIENCE = "xkit-gateway";
const USER_TYPE = "user+jwt";
const SESSION_TYPE = "session+jwt";
const SECOND_MS = 1_000;

export interface MintedToken {
  token: string;
  expiresAt: Date;
}

/** What a token of ours says. That its session lives, and its user exists, is for the caller to check. */
export interface VerifiedToken {
  ok: true;
  userId: string;
  /** Null in a user token. */
  sessionId: string | null;
  /** In milliseconds since the epoch. */
  issuedAt: number;
  expiresAt: Date;
  /** The key that signed it. */
  keyId: string;
}

/** A token that verifies now. */
export interface VerifyingToken extends VerifiedToken {
  /** Until when it verifies unless the keys change, in milliseconds since the epoch. */
  verifiesUntil: number;
}

export interface RefusedToken extends Refusal {
  /** What the token claims to be. */
  kind: "user" | "session";
}

export interface Tokens {
  /** What `login` takes and bearers may be, for an hour unless configured. */
  mintUserToken(userId: string): Promise<MintedToken>;
  /** A bearer that dies with its session; ten minutes unless configured, and never longer than the session. */
  mintSessionToken(session: LiveSession): Promise<MintedToken>;
  /**
   * Checks signature, type, issuer, audience and expiry; null when the token does not claim to be ours.
   * A signature is checked once and then remembered.
   */
  verify(token: string): Promise<VerifyingToken | RefusedToken | null>;
}

export interface TokensOptions {
  signingKeys: SigningKeys;
  /** The gateway's public URL: `iss` of everything it signs. */
  publicUrl: string;
  clock: Clock;
  lifetimes: Pick<Lifetimes, "userTokenSeconds" | "sessionTokenSeconds">;
}

const headerSchema = z.object({ kid: z.string() });
const payloadSchema = z.object({ sub: z.string(), iat: z.number(), exp: z.number() });
const sessionPayloadSchema = payloadSchema.extend({ sid: z.string() });

/** The key that a token names; empty where it names none. */
function keyIdOf(token: string): string {
  try {
    return headerSchema.safeParse(decodeProtectedHeader(token)).data?.kid ?? "";
  } catch {
    return "";
  }
}

export function createTokens({ signingKeys, publicUrl, clock, lifetimes }: TokensOptions): Tokens {
  const cache = createTokenCache<VerifiedToken>(clock);

  const mint = async (type: string, userId: string, expiresAtMs: number, claims: { sid?: string }): Promise<MintedToken> => {
    const { id, privateJwk } = await signingKeys.current();
    const exp = Math.floor(expiresAtMs / SECOND_MS);
    const token = await new SignJWT(claims)
      .setProtectedHeader({ alg: SIGNING_ALGORITHM, kid: id, typ: type })
      .setIssuer(publicUrl)
      .setAudience(TOKEN_AUDIENCE)
      .setSubject(userId)
      // To the millisecond (RFC 7519 section 2): what is revoked until now is told from what is issued next.
      .setIssuedAt(clock.now() / SECOND_MS)
      .setExpirationTime(exp)
      .sign(privateJwk);
    return { token, expiresAt: new Date(exp * SECOND_MS) };
  };

  /** Looks the key up outside of `try`: a store that is unavailable says nothing about the token. */
  const check = async (token: string, typ: string): Promise<VerifiedToken | Refusal> => {
    const keyId = keyIdOf(token);
    const key = await signingKeys.find(keyId);
    if (!key) return createRefusal("this gateway does not have the key that signed it");
    try {
      const currentDate = new Date(clock.now());
      const rules = { algorithms: [SIGNING_ALGORITHM], typ, issuer: publicUrl, audience: TOKEN_AUDIENCE, currentDate };
      const { payload } = await jwtVerify(token, key, rules);
      const { sub, iat, exp } = payloadSchema.parse(payload);
      const sessionId = typ === SESSION_TYPE ? sessionPayloadSchema.parse(payload).sid : null;
      return { ok: true, userId: sub, sessionId, issuedAt: Math.round(iat * SECOND_MS), expiresAt: new Date(exp * SECOND_MS), keyId };
    } catch (error) {
      return toRefusal(error);
    }
  };

  /** Null: its key verifies no longer. */
  const verifyingWith = async (token: VerifiedToken): Promise<VerifyingToken | null> => {
    const keyEndsAt = await signingKeys.findEnd(token.keyId);
    return keyEndsAt === null ? null : { ...token, verifiesUntil: Math.min(keyEndsAt, token.expiresAt.getTime()) };
  };

  return {
    mintUserToken: (userId) => mint(USER_TYPE, userId, clock.now() + lifetimes.userTokenSeconds * SECOND_MS, {}),

    mintSessionToken({ id, userId, expiresAt }) {
      const expiresAtMs = Math.min(clock.now() + lifetimes.sessionTokenSeconds * SECOND_MS, expiresAt.getTime());
      return mint(SESSION_TYPE, userId, expiresAtMs, { sid: id });
    },

    async verify(token) {
      const cached = cache.find(token);
      // A key that was taken out of the store takes its tokens with it.
      const verifying = cached && (await verifyingWith(cached));
      if (verifying) return verifying;
      const decoded = decodeUnverified(token);
      if (decoded?.issuer !== publicUrl) return null;
      const kind = decoded.type === SESSION_TYPE ? "session" : "user";
      const result = await check(token, kind === "session" ? SESSION_TYPE : USER_TYPE);
      if (!result.ok) return { ...result, kind };
      cache.add(token, result);
      return (await verifyingWith(result)) ?? { ...createRefusal("its key was removed meanwhile"), kind };
    },
  };
}
