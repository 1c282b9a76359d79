import { randomUUID } from "node:crypto";
import { GatewayError, unauthenticated } from "../../schema/errors.ts";
import type { Issuer } from "../config/token-issuers.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import type { Database } from "../store/database.ts";
import type { RowMacs } from "../store/row-macs.ts";
import { createSecret, hashSecret } from "../store/sealing.ts";
import type { OperatorSessionRow } from "../store/tables.ts";
import type { ApiKeys } from "./api-keys.ts";
import { compactJwt, KEYS_RETRY_SECONDS } from "./bearer.ts";
import { type Issuers, operatorRuleOf } from "./issuers.ts";
import { MAXIMUM_TOKEN_CHARACTERS } from "./jwt.ts";
import type { Users } from "./users.ts";

/** How long an operator who typed an API key stays signed in, in seconds: 8 hours. */
export const KEY_SESSION_SECONDS = 28_800;
/** The same for the bearer of an issuer's JWT, in seconds: an hour, as an issuer takes a claim back by its next JWT alone. */
export const ISSUED_SESSION_SECONDS = 3_600;
/** Expired sessions deleted at most whenever one starts. */
const EXPIRED_SESSIONS_DELETED = 100;
const SECOND_MS = 1_000;

/** What is typed at the operator's page: an API key, or a JWT of an issuer. */
export type TypedCredential = { publishableKey: string; secretKey: string } | { token: string };

/** Who is at the operator's page: the holder of an API key, or a user whom an issuer's claim makes an operator. */
export interface Operator {
  sessionId: string;
  keyId: string | null;
  userId: string | null;
  expiresAt: Date;
}

/** Sessions of the operator's page. Nothing else takes them. */
export interface Operators {
  /**
   * A new session for whom a credential belongs to, and the secret for its cookie, of which only the hash is stored.
   * Throws UNAUTHENTICATED, and TEMPORARILY_UNAVAILABLE while an issuer's keys have never been had.
   */
  signIn(credential: TypedCredential): Promise<Operator & { secret: string; seconds: number }>;
  /** Whose session a cookie's secret belongs to; null where it has ended or expired, or what it was begun with is no longer good. */
  find(secret: string): Promise<Operator | null>;
  /** Ends a session, at once and in every process. */
  end(sessionId: string): Promise<void>;
  /** Ends all sessions of a user, at once and in every process. Answers how many had not expired. */
  endAll(userId: string): Promise<number>;
}

export interface OperatorsOptions {
  database: Database;
  macs: RowMacs;
  clock: Clock;
  log: Pick<Log, "warn">;
  apiKeys: Pick<ApiKeys, "verify" | "isInForce">;
  users: Pick<Users, "isRevoked">;
  issuers: Issuers;
  configuredIssuers: readonly Issuer[];
}

/** Whom a credential belongs to, and for how long that may hold, in seconds. */
type Found = Pick<OperatorSessionRow, "key_id" | "user_id" | "rule"> & { seconds: number };

export function createOperators(options: OperatorsOptions): Operators {
  const { database, macs, clock, apiKeys, users, configuredIssuers } = options;
  const rules = new Set(configuredIssuers.map(operatorRuleOf).filter((rule) => rule !== null));

  const isStillGood = async ({ key_id: keyId, user_id: userId, rule, created_at: at }: OperatorSessionRow): Promise<boolean> => {
    if (keyId !== null) return apiKeys.isInForce(keyId);
    return userId !== null && rule !== null && rules.has(rule) && !(await users.isRevoked(userId, at));
  };

  return {
    async signIn(credential) {
      const { seconds, ...who } = await ("token" in credential ? findByToken(options, credential.token) : findByKey(options, credential));
      const [secret, now] = [createSecret(), clock.now()];
      const facts = { id: randomUUID(), secret_hash: hashSecret(secret), ...who, created_at: now, expires_at: now + seconds * SECOND_MS };
      const row = { ...facts, mac: macs.sign("operator_sessions", facts) };
      await insertSession(database, row);
      return { ...toOperator(row), secret, seconds };
    },

    async find(secret) {
      const hash = hashSecret(secret);
      // Always read, so that a session ends at once everywhere.
      const row = await database.query.selectFrom("operator_sessions").selectAll().where("secret_hash", "=", hash).executeTakeFirst();
      // Not `accept`: no earlier release has written one.
      if (!row || clock.now() >= row.expires_at || !macs.verify("operator_sessions", row)) return null;
      return (await isStillGood(row)) ? toOperator(row) : null;
    },

    async end(sessionId) {
      await database.query.deleteFrom("operator_sessions").where("id", "=", sessionId).execute();
    },

    async endAll(userId) {
      // Those that have expired are deleted when another one starts.
      const living = database.query.deleteFrom("operator_sessions").where("user_id", "=", userId).where("expires_at", ">", clock.now());
      return Number((await living.executeTakeFirstOrThrow()).numDeletedRows);
    },
  };
}

async function findByKey(
  { apiKeys }: OperatorsOptions,
  { publishableKey, secretKey }: Extract<TypedCredential, { publishableKey: string }>,
): Promise<Found> {
  if (!(await apiKeys.verify(publishableKey, secretKey)))
    throw unauthenticated("This API key is unknown, wrong or revoked: check both keys, or create a new one with xkit-gateway keys create.");
  return { key_id: publishableKey, user_id: null, rule: null, seconds: KEY_SESSION_SECONDS };
}

/** Makes no user known: who operates the gateway need not be one of the platform's users. */
async function findByToken({ issuers, users, log }: OperatorsOptions, token: string): Promise<Found> {
  if (token.length > MAXIMUM_TOKEN_CHARACTERS || !compactJwt.test(token)) throw unauthenticated(NOT_AN_OPERATOR);
  const claims = await issuers.verify(token);
  if (!claims.ok) {
    log.warn({ reason: claims.reason }, "A token was refused on the operator's page.");
    if (claims.ok === false) throw unauthenticated(NOT_AN_OPERATOR);
    throw new GatewayError("TEMPORARILY_UNAVAILABLE", KEYS_MISSING, { retryAfter: KEYS_RETRY_SECONDS });
  }
  const { userId, operatorRule: rule, issuedAt, clockToleranceSeconds } = claims;
  const isRevoked = await users.isRevoked(userId, issuedAt.getTime() - clockToleranceSeconds * SECOND_MS);
  if (rule === null || isRevoked) throw unauthenticated(NOT_AN_OPERATOR);
  return { key_id: null, user_id: userId, rule, seconds: ISSUED_SESSION_SECONDS };
}

const NOT_AN_OPERATOR = "This is neither the secret of an API key with its publishable key, nor a token that makes its bearer an operator.";
const KEYS_MISSING = "The token cannot be verified yet, because the keys of its issuer could not be fetched: try again shortly.";

/** Inserts a session, and deletes some that have expired. */
function insertSession(database: Database, row: OperatorSessionRow): Promise<void> {
  return database.write([], async (transaction) => {
    const expired = transaction
      .selectFrom("operator_sessions")
      .select("id")
      .where("expires_at", "<=", row.created_at)
      .limit(EXPIRED_SESSIONS_DELETED)
      .$if(database.kind === "postgres", (query) => query.forUpdate().skipLocked());
    await transaction.deleteFrom("operator_sessions").where("id", "in", expired).execute();
    await transaction.insertInto("operator_sessions").values(row).execute();
  });
}

const toOperator = ({ id, key_id: keyId, user_id: userId, expires_at: expiresAt }: OperatorSessionRow): Operator => ({
  sessionId: id,
  keyId,
  userId,
  expiresAt: new Date(expiresAt),
});
