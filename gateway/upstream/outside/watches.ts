import { notFound } from "../../../schema/errors.ts";
import { type Authorization, type Connection, ownerOfViewer, type ViewerConnections } from "../../../schema/upstream.ts";
import type { Clock } from "../../runtime/clock.ts";
import { follow, type News, type Topic } from "../../store/changes.ts";
import type { Database } from "../../store/database.ts";
import { topicOf } from "../../vault/connections.ts";
import type { VaultCaller } from "../../vault/owner-connections.ts";

/** How often an adapter is asked again while it is watched, in milliseconds. */
const POLL_MS = 2_000;

export interface WatchDependencies {
  database: Pick<Database, "changes">;
  clock: Pick<Clock, "now" | "until">;
}

/** Live views of what can be listed. It is read again at each change that is told, and every `POLL_MS`. */
export function createWatches(
  { database, clock }: WatchDependencies,
  { viewer, stillAllowed }: Pick<VaultCaller, "viewer" | "stillAllowed">,
  { list, findAuthorization }: Pick<ViewerConnections, "list" | "findAuthorization">,
): Pick<ViewerConnections, "watch" | "watchAuthorization"> {
  const topics: Topic[] = [topicOf(ownerOfViewer(viewer)), `user:${viewer.userId}`];

  /** Asked after the reading, so that nothing is shown that was read when they no longer might. */
  const view = <Value>(read: () => Promise<News<Value>>): Promise<AsyncIterable<Value>> =>
    follow(database.changes, topics, async () => {
      const news = await read();
      return (await stillAllowed()) ? { ...news, again: clock.until(clock.now() + POLL_MS) } : { values: [], isLast: true };
    });

  return {
    watch(slug) {
      let seen: Map<string, string> | null = null;
      return view<Connection>(async () => {
        const current = await list(slug);
        const before = seen;
        seen = new Map(current.map((connection) => [connection.id, JSON.stringify(connection)]));
        return { values: before ? current.filter(({ id }) => seen?.get(id) !== before.get(id)) : [], isLast: false };
      });
    },

    watchAuthorization(id) {
      let seen = "";
      return view<Authorization>(async () => {
        const authorization = await findAuthorization(id);
        if (!authorization && seen === "") throw notFound("There is no such authorization.");
        if (!authorization) return { values: [], isLast: true };
        const before = seen;
        seen = JSON.stringify(authorization);
        const { status } = authorization;
        return { values: seen === before ? [] : [authorization], isLast: status === "active" || status === "error" };
      });
    },
  };
}
