import { notFound } from "../../schema/errors.ts";
import { type Authorization, type Connection, ownerOfViewer, type ViewerConnections } from "../../schema/upstream.ts";
import { follow, type News, type Topic } from "../store/changes.ts";
import type { Database } from "../store/database.ts";
import { topicOf } from "../vault/connections.ts";
import type { VaultCaller } from "../vault/owner-connections.ts";

interface WatchDependencies {
  database: Pick<Database, "changes">;
  /** Resolves when to read again although no change was told. */
  poll: () => Promise<void>;
}

/** Live views of what can be listed. It is read again at each change that is told, and at each poll. */
export function createWatches(
  { database, poll }: WatchDependencies,
  { viewer, stillAllowed }: Pick<VaultCaller, "viewer" | "stillAllowed">,
  { list, findAuthorization }: Pick<ViewerConnections, "list" | "findAuthorization">,
): Pick<ViewerConnections, "watch" | "watchAuthorization"> {
  const topics: Topic[] = [topicOf(ownerOfViewer(viewer)), `user:${viewer.userId}`];

  /** Asked after the reading, so that nothing is shown that was read when they no longer might. */
  const view = <Value>(read: () => Promise<News<Value>>): Promise<AsyncIterable<Value>> =>
    follow(database.changes, topics, async () => {
      const news = await read();
      return (await stillAllowed()) ? { ...news, again: poll() } : { values: [], isLast: true };
    });

  return {
    watch(slug) {
      let before: readonly Connection[] | null = null;
      return view<Connection>(async () => {
        const current = await list(slug);
        const values = before ? changesOf(before, current) : [];
        before = current;
        return { values, isLast: false };
      });
    },

    watchAuthorization(id) {
      let seen = "";
      return view<Authorization>(async () => {
        const authorization = await findAuthorization(id);
        if (!authorization && seen === "") throw notFound("No authorization of yours has this id.");
        if (!authorization) return { values: [], isLast: true };
        const before = seen;
        seen = JSON.stringify(authorization);
        const { status } = authorization;
        return { values: seen === before ? [] : [authorization], isLast: status === "active" || status === "error" };
      });
    },
  };
}

/** What is new, or another than before. Of a connection that is listed no more, that it is not enabled. */
function changesOf(before: readonly Connection[], current: readonly Connection[]): Connection[] {
  const seen = new Map(before.map((connection) => [connection.id, JSON.stringify(connection)]));
  const ids = new Set(current.map(({ id }) => id));
  const gone = before.filter(({ id }) => !ids.has(id)).map((connection) => ({ ...connection, enabled: false, authorization: null }));
  return [...current.filter((connection) => seen.get(connection.id) !== JSON.stringify(connection)), ...gone];
}
