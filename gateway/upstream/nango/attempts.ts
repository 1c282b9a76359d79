import type { Owner } from "../../../schema/upstream.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Database } from "../../store/database.ts";
import type { UpstreamAttemptRow } from "../../store/tables.ts";
import { topicOf } from "../../vault/connections.ts";

/** Expired attempts deleted at most whenever one starts. */
const EXPIRED_DELETED = 100;

/** A connection that was started here. Nango has none until connecting has succeeded. */
export interface Attempt {
  authorizationId: string;
  connectionId: string;
  owner: Owner;
  /** Who started it. */
  userId: string;
  slug: string;
  startedAt: number;
  expiresAt: number;
}

/** What was started and may still succeed, over all processes. */
export interface Attempts {
  /** The newest first. */
  list(owner: Owner): Promise<Attempt[]>;
  /** Whether another owner has started a connection under this id. */
  isTaken(connectionId: string, owner: Owner): Promise<boolean>;
  /** Tells every process of it. */
  add(attempt: Attempt): Promise<void>;
  /** Forgets what was started under this id, and tells every process that the owner's connections have changed. */
  remove(owner: Owner, connectionId: string): Promise<void>;
  /** Tells every process that the owner's connections have changed. */
  tell(owner: Owner): Promise<void>;
}

export function createAttempts({ database, clock }: { database: Database; clock: Pick<Clock, "now"> }): Attempts {
  const { query } = database;
  const pending = () => query.selectFrom("upstream_attempts").selectAll().where("expires_at", ">", clock.now());
  return {
    async list({ kind, id }) {
      const rows = pending().where("owner_kind", "=", kind).where("owner_id", "=", id).orderBy("started_at", "desc");
      return (await rows.execute()).map(toAttempt);
    },

    async isTaken(connectionId, owner) {
      const rows = await pending().where("connection_id", "=", connectionId).execute();
      return rows.map(toAttempt).some((attempt) => attempt.owner.kind !== owner.kind || attempt.owner.id !== owner.id);
    },

    add: (attempt) =>
      database.write([topicOf(attempt.owner)], async (transaction) => {
        const expired = transaction
          .selectFrom("upstream_attempts")
          .select("authorization_id")
          .where("expires_at", "<=", clock.now())
          .limit(EXPIRED_DELETED)
          // Several processes delete at once; what another one is deleting is left to it.
          .$if(database.kind === "postgres", (rows) => rows.forUpdate().skipLocked());
        await transaction.deleteFrom("upstream_attempts").where("authorization_id", "in", expired).execute();
        await transaction.insertInto("upstream_attempts").values(toRow(attempt)).execute();
      }),

    remove: (owner, connectionId) =>
      database.write([topicOf(owner)], async (transaction) => {
        await transaction
          .deleteFrom("upstream_attempts")
          .where("connection_id", "=", connectionId)
          .where("owner_kind", "=", owner.kind)
          .where("owner_id", "=", owner.id)
          .execute();
      }),

    tell: (owner) => database.write([topicOf(owner)], () => Promise.resolve()),
  };
}

const toAttempt = (row: UpstreamAttemptRow): Attempt => ({
  authorizationId: row.authorization_id,
  connectionId: row.connection_id,
  owner: { kind: row.owner_kind, id: row.owner_id },
  userId: row.user_id,
  slug: row.connector_slug,
  startedAt: row.started_at,
  expiresAt: row.expires_at,
});

const toRow = ({ authorizationId, connectionId, owner, userId, slug, startedAt, expiresAt }: Attempt): UpstreamAttemptRow => ({
  authorization_id: authorizationId,
  connection_id: connectionId,
  owner_kind: owner.kind,
  owner_id: owner.id,
  user_id: userId,
  connector_slug: slug,
  started_at: startedAt,
  expires_at: expiresAt,
});
