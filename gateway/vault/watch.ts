import { notFound } from "../../schema/errors.ts";
import type { Authorization, Connection, Owner } from "../../schema/upstream.ts";
import type { Clock } from "../runtime/clock.ts";
import type { ConnectorConfig } from "../providers/connector.ts";
import { follow, type News, type Topic } from "../store/changes.ts";
import { type ConnectionStore, isShownTo, toAuthorization, toConnection, topicOf, type View } from "./connections.ts";
import type { Database } from "../store/database.ts";
import { interruptedAt, shown } from "./interrupted.ts";
import type { AuthorizationRow } from "../store/tables.ts";

/** Whether the user may still see what they subscribed to: signed in, and in the same group. */
export type StillAllowed = () => Promise<boolean>;

/** Who watches. */
export interface Watcher {
  owner: Owner;
  userId: string;
  stillAllowed: StillAllowed;
}

interface Dependencies {
  database: Database;
  connections: ConnectionStore;
  connectors: ReadonlyMap<string, ConnectorConfig>;
  clock: Clock;
  metadataOf: View["metadataOf"];
  publicUrl: string;
}

interface Found {
  row: AuthorizationRow;
  connector: Pick<ConnectorConfig, "name" | "oauth" | "facts" | "tokenKinds">;
  /** The label of the account that its connection has. */
  expectedAccount: string | null;
}

/** Live views of an owner's connections, over changes that any process makes. */
export function createWatch(dependencies: Dependencies) {
  const { database, connections, clock, metadataOf, publicUrl } = dependencies;
  const viewOf = ({ userId }: Pick<Watcher, "userId">): View => ({ clock, metadataOf, publicUrl, reader: userId });

  /**
   * Ends as soon as the watcher may see no more: a user who moves to another group is a change too. Asked after the reading, so that
   * nothing is shown that was read when they no longer might.
   */
  function view<Value>({ owner, userId, stillAllowed }: Watcher, read: () => Promise<News<Value>>): Promise<AsyncIterableIterator<Value>> {
    const topics: Topic[] = [topicOf(owner), `user:${userId}`];
    return follow(database.changes, topics, async () => {
      const news = await read();
      return (await stillAllowed()) ? news : { values: [], isLast: true };
    });
  }

  /** Yields a connection each time it changes. Resolves once it knows how things stand, and yields nothing for that. */
  function watch(watcher: Watcher, slug: string | null): Promise<AsyncIterableIterator<Connection>> {
    let seen: Map<string, string> | null = null;
    return view(watcher, async () => {
      const stored = await connections.list(watcher.owner);
      const current = stored
        .filter(({ connection }) => slug === null || connection.connector_slug === slug)
        .map((row) => toConnection(row, viewOf(watcher)));
      const before = seen;
      seen = new Map(current.map((connection) => [connection.id, JSON.stringify(connection)]));
      return { values: before ? current.filter(({ id }) => seen?.get(id) !== before.get(id)) : [], isLast: false };
    });
  }

  /** Yields an authorization now and at each change, until it is final. Throws NOT_FOUND for one that is not the owner's. */
  function watchAuthorization(watcher: Watcher, id: string): Promise<AsyncIterableIterator<Authorization>> {
    let seen = "";
    return view(watcher, async () => {
      const found = await find(dependencies, watcher, id);
      if (!found && !seen) throw notFound("No authorization of yours has this id.");
      if (!found) return { values: [], isLast: true };
      const { row, connector, expectedAccount } = found;
      const before = seen;
      seen = JSON.stringify([row.status, row.error_code, row.updated_at]);
      const endsAt = interruptedAt(row);
      return {
        values: seen === before ? [] : [toAuthorization(row, connector, viewOf(watcher), expectedAccount)],
        isLast: row.status === "active" || row.status === "error",
        // Nothing changes when the process that had the exchange is dead.
        ...(endsAt !== null && { again: clock.until(endsAt) }),
      };
    });
  }

  async function findAuthorization(watcher: Pick<Watcher, "owner" | "userId">, id: string): Promise<Authorization | null> {
    const found = await find(dependencies, watcher, id);
    return found && toAuthorization(found.row, found.connector, viewOf(watcher), found.expectedAccount);
  }

  return { watch, watchAuthorization, findAuthorization };
}

export type Watching = ReturnType<typeof createWatch>;

/** One that the watcher has started, or that serves their owner. */
async function find(
  { database, connectors, clock }: Dependencies,
  { owner, userId }: Pick<Watcher, "owner" | "userId">,
  id: string,
): Promise<Found | null> {
  const found = await database.query
    .selectFrom("authorizations")
    .innerJoin("connections", "connections.id", "authorizations.connection_id")
    .leftJoin("authorizations as current", "current.id", "connections.authorization_id")
    .selectAll("authorizations")
    .select(["connections.connector_slug", "current.display_label as expected_account"])
    .where("authorizations.id", "=", id)
    .where("connections.owner_kind", "=", owner.kind)
    .where("connections.owner_id", "=", owner.id)
    .executeTakeFirst();
  if (!found || !isShownTo(userId, found)) return null;
  const { connector_slug: slug, expected_account: expectedAccount, ...row } = found;
  // The configuration may no longer have the connector.
  return { row: shown(row, clock.now()), connector: connectors.get(slug) ?? goneConnector(slug), expectedAccount };
}

const goneConnector = (slug: string): Found["connector"] => ({
  name: slug,
  oauth: null,
  facts: null,
  tokenKinds: [{ kind: null, scopes: [], allowedScopes: [] }],
});
