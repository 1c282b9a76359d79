import type { Connection, ConnectionActions } from "../../schema/upstream.ts";
import type { Database } from "../store/database.ts";
import { type StoredConnection, toConnection, topicOf } from "./connections.ts";
import { createDisabling, type DisablingDependencies } from "./disabling.ts";
import { createRefreshNow, type RefreshNowDependencies } from "./refresh-now.ts";

interface Dependencies extends RefreshNowDependencies, DisablingDependencies {
  database: Pick<Database, "dropCaches">;
  disconnect(this: void, stored: StoredConnection, by: null): Promise<void>;
}

/** What servers do with a connection of any owner. One of a connector that the configuration no longer has is not found. */
export function createConnectionActions(dependencies: Dependencies): ConnectionActions {
  const setDisabled = createDisabling(dependencies);
  const refreshNow = createRefreshNow(dependencies);
  const { connections, database, disconnect, clock, metadataOf, publicUrl } = dependencies;

  async function act(id: string, action: (stored: StoredConnection) => Promise<unknown>) {
    const stored = await connections.read(id);
    if (!stored) return null;
    await action(stored);
    return seen(toConnection((await connections.read(id)) ?? stored, { clock, metadataOf, publicUrl, reader: null }));
  }

  /** Another process may have done it: what this one has cached must not be older than what it answers. */
  function seen(connection: Connection): Connection {
    database.dropCaches(topicOf(connection.owner));
    return connection;
  }

  return {
    disconnect: (id) => act(id, (stored) => disconnect(stored, null)),
    async refresh(id, kind) {
      const refreshed = await refreshNow(id, kind);
      if (refreshed) seen(refreshed.connection);
      return refreshed;
    },
    disable: (id) => act(id, (stored) => setDisabled(stored, true)),
    enable: (id) => act(id, (stored) => setDisabled(stored, false)),
  };
}
