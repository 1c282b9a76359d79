import { randomUUID } from "node:crypto";
import type { Clock } from "../runtime/clock.ts";
import { createRowCache } from "../store/cache.ts";
import type { Topic } from "../store/changes.ts";
import type { Database } from "../store/database.ts";
import type { RowMacs } from "../store/row-macs.ts";
import { createSecret, hashSecret } from "../store/sealing.ts";
import type { SessionRow } from "../store/tables.ts";
import type { Lifetimes } from "./lifetimes.ts";
import type { Users } from "./users.ts";

/** The use of a session is recorded at most once in five minutes. */
const RECORD_USE_EVERY_MS = 300_000;
/** Expired sessions deleted at most whenever one starts. */
export const EXPIRED_SESSIONS_DELETED = 100;
const SECOND_MS = 1_000;

export const topicOfSession = (id: string): Topic => `session:${id}`;

export interface LiveSession {
  id: string;
  userId: string;
  expiresAt: Date;
}

export interface Sessions {
  /**
   * A new session, and the secret for its cookie: 32 random bytes, of which only the hash is stored.
   * @param maximumAgeSeconds ends it earlier than others.
   */
  start(userId: string, maximumAgeSeconds?: number): Promise<LiveSession & { secret: string }>;
  /** The living session that a cookie's secret belongs to, or null. Counts as use. Always read from the store. */
  find(secret: string): Promise<LiveSession | null>;
  /** Whether a session has neither ended nor expired, nor been revoked with its user's tokens. Cached until it ends, in any process. */
  isLive(id: string): Promise<boolean>;
  /** When a session that is live expires, in milliseconds since the epoch; null for one that is not. Cached in the same way. */
  findEnd(id: string): Promise<number | null>;
  /** Ends a session, at once and in every process. True also when there was none. */
  end(id: string): Promise<void>;
  /** Ends all sessions of a user, and one-time tokens that would start another. Answers how many there were. */
  endAll(userId: string): Promise<number>;
}

export interface SessionsOptions {
  database: Database;
  macs: RowMacs;
  users: Pick<Users, "isRevoked">;
  clock: Clock;
  lifetimes: Pick<Lifetimes, "sessionSeconds" | "sessionIdleSeconds">;
}

export function createSessions({ database, macs, users, clock, lifetimes }: SessionsOptions): Sessions {
  const cache = createRowCache<Pick<SessionRow, "user_id" | "created_at" | "ended_at" | "expires_at">>(database.changes);
  const hasIdled = (row: SessionRow) => clock.now() >= row.last_used_at + lifetimes.sessionIdleSeconds * SECOND_MS;

  async function findEnd(id: string): Promise<number | null> {
    const load = async () => {
      const row = await database.query.selectFrom("sessions").selectAll().where("id", "=", id).executeTakeFirst();
      return row && macs.accept("sessions", row) ? row : { user_id: "", created_at: 0, ended_at: 0, expires_at: 0 };
    };
    const row = await cache.get(topicOfSession(id), load);
    const isLive = isOpen(row, clock.now()) && !(await users.isRevoked(row.user_id, row.created_at));
    return isLive ? row.expires_at : null;
  }

  return {
    async start(userId, maximumAgeSeconds = lifetimes.sessionSeconds) {
      const [secret, now] = [createSecret(), clock.now()];
      const facts = {
        id: randomUUID(),
        secret_hash: hashSecret(secret),
        user_id: userId,
        created_at: now,
        last_used_at: now,
        expires_at: now + Math.min(maximumAgeSeconds, lifetimes.sessionSeconds) * SECOND_MS,
        ended_at: null,
      };
      const row = { ...facts, mac: macs.sign("sessions", facts) };
      await insertSession(database, row);
      return { ...toLiveSession(row), secret };
    },

    async find(secret) {
      const row = await database.query.selectFrom("sessions").selectAll().where("secret_hash", "=", hashSecret(secret)).executeTakeFirst();
      if (!row || !isOpen(row, clock.now()) || hasIdled(row) || !macs.accept("sessions", row)) return null;
      if (await users.isRevoked(row.user_id, row.created_at)) return null;
      await recordUse(database, row, clock.now());
      return toLiveSession(row);
    },

    isLive: async (id) => (await findEnd(id)) !== null,
    findEnd,

    end: (id) => endSession({ database, macs, clock }, id),
    endAll: (userId) => endSessionsOf({ database, macs, clock }, userId),
  };
}

/** Inserts a session, and deletes some that have expired. */
function insertSession(database: Database, row: SessionRow): Promise<void> {
  return database.write([], async (transaction) => {
    const expired = transaction
      .selectFrom("sessions")
      .select("id")
      .where("expires_at", "<=", row.created_at)
      .limit(EXPIRED_SESSIONS_DELETED)
      // Several processes delete at once, and SQLite knows no other way than one after the other.
      .$if(database.kind === "postgres", (query) => query.forUpdate().skipLocked());
    await transaction.deleteFrom("sessions").where("id", "in", expired).execute();
    await transaction.insertInto("sessions").values(row).execute();
  });
}

async function recordUse(database: Database, { id, last_used_at }: SessionRow, now: number): Promise<void> {
  if (now - last_used_at < RECORD_USE_EVERY_MS) return;
  // No cache holds this column, so no change is told.
  await database.query.updateTable("sessions").set({ last_used_at: now }).where("id", "=", id).execute();
}

function endSession({ database, macs, clock }: Pick<SessionsOptions, "database" | "macs" | "clock">, id: string): Promise<void> {
  return database.write([topicOfSession(id)], async (transaction) => {
    const row = await transaction
      .selectFrom("sessions")
      .selectAll()
      .where("id", "=", id)
      .where("ended_at", "is", null)
      .$if(database.kind === "postgres", (query) => query.forUpdate())
      .executeTakeFirst();
    if (!row || !macs.accept("sessions", row)) return;
    const ended = { ...row, ended_at: clock.now() };
    await transaction
      .updateTable("sessions")
      .set({ ended_at: ended.ended_at, mac: macs.sign("sessions", ended) })
      .where("id", "=", id)
      .execute();
  });
}

/** Sessions ended at a time. */
const ENDED_AT_ONCE = 100;

async function endSessionsOf(dependencies: Pick<SessionsOptions, "database" | "macs" | "clock">, userId: string): Promise<number> {
  const { database, clock } = dependencies;
  // First, as each could start a session meanwhile.
  await database.query.deleteFrom("one_time_tokens").where("user_id", "=", userId).execute();
  // A session that starts from now on belongs to a new sign-in.
  const until = clock.now();
  let count = 0;
  for (let after = ""; ;) {
    const rows = await database.query
      .selectFrom("sessions")
      .select("id")
      .where("user_id", "=", userId)
      .where("ended_at", "is", null)
      .where("expires_at", ">", until)
      .where("created_at", "<=", until)
      .where("id", ">", after)
      .orderBy("id")
      .limit(ENDED_AT_ONCE)
      .execute();
    const last = rows.at(-1);
    if (!last) return count;
    for (const { id } of rows) await endSession(dependencies, id);
    count += rows.length;
    after = last.id;
  }
}

const isOpen = (row: Pick<SessionRow, "ended_at" | "expires_at">, now: number): boolean => row.ended_at === null && now < row.expires_at;

const toLiveSession = (row: SessionRow): LiveSession => ({ id: row.id, userId: row.user_id, expiresAt: new Date(row.expires_at) });
