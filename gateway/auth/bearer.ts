import { GatewayError, unauthenticated } from "../../schema/errors.ts";
import type { KnownUser, Viewer } from "../../schema/upstream.ts";
import type { Log } from "../runtime/log.ts";
import type { Topic } from "../store/changes.ts";
import type { Issuers } from "./issuers.ts";
import { MAXIMUM_TOKEN_CHARACTERS, type Refusal } from "./jwt.ts";
import { type Sessions, topicOfSession } from "./sessions.ts";
import { SIGNING_KEYS_TOPIC } from "./signing-keys.ts";
import type { RefusedToken, Tokens, VerifyingToken } from "./tokens.ts";
import { topicOfUser, type Users } from "./users.ts";

/** How long to wait before an issuer's keys may have been had, in seconds. */
export const KEYS_RETRY_SECONDS = 2;
/** Anything else is no JWT in compact form (RFC 7515 section 7.1). */
export const compactJwt = /^[\w-]+\.[\w-]+\.[\w-]*$/;

const staleErrors = new WeakSet<Error>();

/** Whether a bearer was refused that was valid before: it has expired, or its session or user has ended. */
export const isStaleCredential = (error: Error): boolean => staleErrors.has(error);

function refuseStale(message: string): never {
  const error = unauthenticated(message);
  staleErrors.add(error);
  throw error;
}

/** Who a bearer token belongs to, as the store has them now. */
export interface Bearer {
  viewer: Viewer;
  /** The session of a session token of ours; null with any other token. */
  sessionId: string | null;
  /** For how long this holds, unless what it was found out from changes. */
  holds: {
    /** Until then, in milliseconds since the epoch. */
    until: number;
    /** What it was found out from. */
    topics: readonly Topic[];
    /** Whether nothing else has changed either. */
    still(this: void): boolean;
  };
}

export interface Bearers {
  /**
   * Says whose token it is: a session token or user token of ours, or a JWT of a configured issuer, which provisions its user.
   * Throws UNAUTHENTICATED with what to do about it, and TEMPORARILY_UNAVAILABLE while an issuer's keys have never been had.
   */
  identify(token: string): Promise<Bearer>;
}

export interface BearersOptions {
  tokens: Tokens;
  sessions: Pick<Sessions, "findEnd">;
  issuers: Issuers;
  users: Pick<Users, "find" | "isRevoked" | "provision">;
  log: Pick<Log, "warn">;
}

export function createBearers({ tokens, sessions, issuers, users, log }: BearersOptions): Bearers {
  const ofOurs = async ({ sessionId, userId, issuedAt, verifiesUntil }: VerifyingToken): Promise<Bearer> => {
    const sessionEndsAt = sessionId === null ? Infinity : await sessions.findEnd(sessionId);
    if (sessionEndsAt === null) return refuseStale("The session of this token has ended: sign in again with login.");
    if (sessionId === null && (await users.isRevoked(userId, issuedAt))) refuseStale(REVOKED);
    const user = await users.find(userId);
    if (!user) return refuseStale("The user of this token no longer exists: sign in again with login.");
    const topics = [SIGNING_KEYS_TOPIC, topicOfUser(userId), ...(sessionId === null ? [] : [topicOfSession(sessionId)])];
    const holds = { until: Math.min(verifiesUntil, sessionEndsAt), topics, still: () => true };
    return { viewer: toViewer(user), sessionId, holds };
  };

  const ofIssuer = async (token: string): Promise<Bearer> => {
    const claims = await issuers.verify(token);
    if (claims.ok) {
      const { userId: id, groupId, name, issuedAt: assertedAt, clockToleranceSeconds } = claims;
      // As of the earliest time that it may have been issued.
      const refuseRevoked = async () =>
        (await users.isRevoked(id, assertedAt.getTime() - clockToleranceSeconds * SECOND_MS)) && refuseStale(REVOKED);
      await refuseRevoked();
      const user = await users.provision({ id, groupId, name, assertedAt, clockToleranceSeconds });
      // A row that did not verify was replaced by a blank one: tokens issued before may have been revoked in the old one.
      await refuseRevoked();
      const holds = { until: claims.expiresAt.getTime(), topics: [topicOfUser(id)], still: claims.hasCurrentKeys };
      return { viewer: toViewer(user), sessionId: null, holds };
    }
    log.warn({ reason: claims.reason }, "A bearer token was refused.");
    if (claims.ok === null) throw new GatewayError("TEMPORARILY_UNAVAILABLE", KEYS_MISSING, { retryAfter: KEYS_RETRY_SECONDS });
    if (claims.isExpired) refuseStale(REFUSED);
    throw unauthenticated(REFUSED);
  };

  const refuseOurs = (refused: RefusedToken): never => {
    log.warn({ kind: refused.kind, reason: refused.reason }, "A token of this gateway was refused.");
    if (refused.isExpired) refuseStale(sentenceFor(refused));
    throw unauthenticated(sentenceFor(refused));
  };

  return {
    async identify(token) {
      if (token.length > MAXIMUM_TOKEN_CHARACTERS) {
        log.warn({ reason: "it is longer than 16 KiB" }, "A bearer token was refused.");
        throw unauthenticated(REFUSED);
      }
      if (!compactJwt.test(token)) throw unauthenticated("The token is not a JWT: send a session token from login, or a user token.");
      const ours = await tokens.verify(token);
      if (ours === null) return ofIssuer(token);
      return ours.ok ? ofOurs(ours) : refuseOurs(ours);
    },
  };
}

const SECOND_MS = 1_000;
const REVOKED = "The tokens of this user were revoked: sign in again with a new token.";
const REFUSED = "The token was refused: sign in again.";
const KEYS_MISSING = "The token cannot be verified yet, because the keys of its issuer could not be fetched: try again shortly.";

function sentenceFor({ kind, isExpired }: Refusal & Pick<RefusedToken, "kind">): string {
  if (!isExpired) return REFUSED;
  return kind === "session"
    ? "The session token has expired: call refreshSession without Authorization, or sign in again with login."
    : "The user token has expired: ask your server for a new one.";
}

const toViewer = ({ id, groupId, name }: KnownUser): Viewer => ({ userId: id, groupId, name });
