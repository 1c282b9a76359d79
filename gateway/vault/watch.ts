import { notFound } from "../../schema/errors.ts";
import type { Authorization, Connection, Owner } from "../../schema/upstream.ts";
import { changesOf } from "./changes.ts";
import { type ConnectionStore, toAuthorization, toConnection, topicOf } from "./connections.ts";
import type { Database } from "./database.ts";
import type { AuthorizationRow } from "./tables.ts";

/** Whether the asker may still see what it asked for when it subscribed: signed in, and in the same group. */
export type StillAllowed = () => Promise<boolean>;

/** Live views of an owner's connections, over changes that any process makes. */
export function createWatch({ database, connections, publicUrl }: { database: Database; connections: ConnectionStore; publicUrl: string }) {
  /** Yields a connection each time it changes; nothing for how things stand at the start. */
  async function* watch(owner: Owner, slug: string | null, stillAllowed: StillAllowed): AsyncGenerator<Connection, void, void> {
    let seen: Map<string, string> | null = null;
    for await (const _change of changesOf(database.changes, () => topicOf(owner))) {
      if (!(await stillAllowed())) return;
      const present = (await connections.list(owner)).filter(({ connection }) => slug === null || connection.connector_slug === slug);
      const states = new Map(present.map((stored) => [stored.connection.id, JSON.stringify(toConnection(stored, publicUrl))]));
      const changed = seen ? present.filter(({ connection }) => states.get(connection.id) !== seen?.get(connection.id)) : [];
      seen = states;
      for (const stored of changed) yield toConnection(stored, publicUrl);
    }
  }

  /** Yields an authorization now and at each change, until it is final. Throws NOT_FOUND for one that is not the owner's. */
  async function* watchAuthorization(owner: Owner, id: string, stillAllowed: StillAllowed): AsyncGenerator<Authorization, void, void> {
    let seen = "";
    for await (const _change of changesOf(database.changes, () => topicOf(owner))) {
      if (!(await stillAllowed())) return;
      const row = await find(owner, id);
      if (!row && !seen) throw notFound("There is no such authorization.");
      if (!row) return;
      const state = JSON.stringify([row.status, row.error_code, row.updated_at]);
      if (state !== seen) yield toAuthorization(row);
      seen = state;
      if (row.status === "active" || row.status === "error") return;
    }
  }

  function find(owner: Owner, id: string): Promise<AuthorizationRow | undefined> {
    return database.query
      .selectFrom("authorizations")
      .innerJoin("connections", "connections.id", "authorizations.connection_id")
      .selectAll("authorizations")
      .where("authorizations.id", "=", id)
      .where("connections.owner_kind", "=", owner.kind)
      .where("connections.owner_id", "=", owner.id)
      .executeTakeFirst();
  }

  async function findAuthorization(owner: Owner, id: string): Promise<Authorization | null> {
    const row = await find(owner, id);
    return row ? toAuthorization(row) : null;
  }

  return { watch, watchAuthorization, findAuthorization };
}
