import { randomBytes, timingSafeEqual } from "node:crypto";
import { LRUCache } from "lru-cache";
import { boundedByCount } from "../runtime/bounded-by-count.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import { createRowCache } from "../store/cache.ts";
import type { Topic } from "../store/changes.ts";
import type { Database } from "../store/database.ts";
import type { RowMacs } from "../store/row-macs.ts";
import { createSecret, hashSecret } from "../store/sealing.ts";
import type { ApiKeyRow } from "../store/tables.ts";

/** A process records the use of a key at most once in five minutes. */
const RECORD_USE_EVERY_MS = 300_000;
/** Keys whose last use a process remembers at most. */
const REMEMBERED_USES = 1_000;
const ID_BYTES = 16;
const publishableKey = /^pk_[A-Za-z0-9_-]{22}$/;
const secretKey = /^sk_[A-Za-z0-9_-]{43}$/;
/** Compared with when there is no such key, so that both answers take as long. */
const UNKNOWN_KEY_HASH = hashSecret("");

export const topicOfApiKey = (id: string): Topic => `api-key:${id}`;

/** An API key as it is listed. Its secret is not kept. */
export interface ApiKey {
  /** The publishable key, `pk_…`: the user name of Basic authentication. */
  id: string;
  name: string | null;
  createdAt: Date;
  lastUsedAt: Date | null;
  revokedAt: Date | null;
  /** False: no gateway wrote its row, and it is refused. */
  isGenuine: boolean;
}

export interface ApiKeys {
  /** A new pair. `secret`, `sk_…`, is the password of Basic authentication, and is never to be had again. */
  create(name: string | null): Promise<ApiKey & { secret: string }>;
  /** All keys, the newest first, revoked ones included. */
  list(): Promise<ApiKey[]>;
  /** Revokes a key, at once and in every process. False when there is no such key, or it was revoked before. */
  revoke(id: string): Promise<boolean>;
  /** Whether the pair is that of a key in force. Its use is recorded later, off the caller's path. */
  verify(id: string, secret: string): Promise<boolean>;
  /** Whether a key is in force, by its publishable part. Cached until it is revoked, in any process. */
  isInForce(id: string): Promise<boolean>;
  /** Records that a key in force is used, off the caller's path. */
  recordUse(id: string): void;
  /** Resolves once every recorded use is written. */
  settle(): Promise<void>;
}

export interface ApiKeysOptions {
  database: Database;
  macs: RowMacs;
  clock: Clock;
  log: Pick<Log, "warn">;
}

export function createApiKeys({ database, macs, clock, log }: ApiKeysOptions): ApiKeys {
  const cache = createRowCache<Pick<ApiKeyRow, "secret_hash" | "revoked_at">>(database.changes);
  const uses = createUseRecorder(database, clock, log);

  const find = (id: string) =>
    cache.get(topicOfApiKey(id), async () => {
      const row = await database.query.selectFrom("api_keys").selectAll().where("id", "=", id).executeTakeFirst();
      // Unknown keys are not kept: a caller can make up any number of them.
      return row && macs.accept("api_keys", row) ? row : null;
    });

  return {
    async create(name) {
      const secret = `sk_${createSecret()}`;
      const id = `pk_${randomBytes(ID_BYTES).toString("base64url")}`;
      const facts = { id, secret_hash: hashSecret(secret), name, created_at: clock.now(), last_used_at: null, revoked_at: null };
      const row = { ...facts, mac: macs.sign("api_keys", facts) };
      await database.write([topicOfApiKey(id)], (transaction) => transaction.insertInto("api_keys").values(row).execute());
      return { ...toApiKey(row, true), secret };
    },

    async list() {
      const rows = await database.query.selectFrom("api_keys").selectAll().orderBy("created_at", "desc").orderBy("id").execute();
      return rows.map((row) => toApiKey(row, macs.accept("api_keys", row)));
    },

    async revoke(id) {
      if (!publishableKey.test(id)) return false;
      return database.write([topicOfApiKey(id)], async (transaction) => {
        const row = await transaction
          .selectFrom("api_keys")
          .selectAll()
          .where("id", "=", id)
          .where("revoked_at", "is", null)
          .$if(database.kind === "postgres", (query) => query.forUpdate())
          .executeTakeFirst();
        if (!row || !macs.accept("api_keys", row)) return false;
        const revoked = { ...row, revoked_at: clock.now() };
        await transaction
          .updateTable("api_keys")
          .set({ revoked_at: revoked.revoked_at, mac: macs.sign("api_keys", revoked) })
          .where("id", "=", id)
          .execute();
        return true;
      });
    },

    async verify(id, secret) {
      if (!publishableKey.test(id) || !secretKey.test(secret)) return false;
      const row = await find(id);
      const isRight = timingSafeEqual(Buffer.from(row?.secret_hash ?? UNKNOWN_KEY_HASH), Buffer.from(hashSecret(secret)));
      if (!isRight || row?.revoked_at !== null) return false;
      uses.record(id);
      return true;
    },

    isInForce: async (id) => (await find(id))?.revoked_at === null,
    recordUse: uses.record,
    settle: () => uses.settle(),
  };
}

/** Records uses in the background. No cache holds that column, so no change is told. */
function createUseRecorder(database: Database, clock: Clock, log: Pick<Log, "warn">) {
  const recordedAt = new LRUCache<string, number>(boundedByCount(REMEMBERED_USES));
  const writing = new Set<Promise<void>>();

  const write = async (id: string): Promise<void> => {
    try {
      await database.query.updateTable("api_keys").set({ last_used_at: clock.now() }).where("id", "=", id).execute();
    } catch (error) {
      recordedAt.delete(id);
      log.warn({ keyId: id, reason: error instanceof Error ? error.message : "unknown" }, "The use of an API key could not be recorded.");
    }
  };

  return {
    record(id: string) {
      if (clock.now() - (recordedAt.get(id) ?? -Infinity) < RECORD_USE_EVERY_MS) return;
      recordedAt.set(id, clock.now());
      const written = write(id).finally(() => writing.delete(written));
      writing.add(written);
    },
    async settle() {
      await Promise.all(writing);
    },
  };
}

const toDate = (instant: number | null): Date | null => (instant === null ? null : new Date(instant));

const toApiKey = (row: ApiKeyRow, isGenuine: boolean): ApiKey => ({
  id: row.id,
  name: row.name,
  createdAt: new Date(row.created_at),
  lastUsedAt: toDate(row.last_used_at),
  revokedAt: toDate(row.revoked_at),
  isGenuine,
});
