import type { Connection, FindConnection, PlatformAccess } from "../../schema/upstream.ts";
import { type ConnectionStore, toConnection, type View } from "./connections.ts";
import { createConnectionList, type ListDependencies } from "./list.ts";

type Dependencies = ListDependencies & Omit<View, "reader"> & { connections: ConnectionStore };

/** What servers read of all owners' connections; nothing of it gives a token. */
export function createServerReads(dependencies: Dependencies): Required<Pick<PlatformAccess, "listConnections" | "findConnection">> {
  const { database, connections } = dependencies;
  const readList = createConnectionList(dependencies);
  const view: View = { ...dependencies, reader: null };

  async function findById(id: string): Promise<Connection | null> {
    const stored = await connections.read(id);
    return stored && toConnection(stored, view);
  }

  const findConnection: FindConnection = async (where) => {
    if ("id" in where) return findById(where.id);
    const grants = database.query.selectFrom("authorizations").select("connection_id").where("id", "=", where.authorizationId);
    const grant = await grants.executeTakeFirst();
    const connection = grant ? await findById(grant.connection_id) : null;
    // It may be an attempt, or a further kind's.
    return connection?.authorization?.id === where.authorizationId ? connection : null;
  };

  return {
    findConnection,
    async listConnections(filter, request) {
      const { items, ...page } = await readList(filter, request);
      return { ...page, items: items.map(({ cursor, item }) => ({ cursor, item: toConnection(item, view) })) };
    },
  };
}
