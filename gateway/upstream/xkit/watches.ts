import { notFound } from "../../../schema/errors.ts";
import type { Authorization, Connection, Viewer, ViewerConnections } from "../../../schema/upstream.ts";
import { isSameUser } from "../same-user.ts";
import type { Polling } from "./polling.ts";

/** How often an upstream is asked about an authorization that is waited for, and about connections that are watched. */
export const AUTHORIZATION_POLL_MS = 1_000;
export const CONNECTIONS_POLL_MS = 3_000;

export interface WatchesOptions {
  polling: Polling;
  /** Whose the bearer is at each reading. */
  viewer(): Promise<Viewer>;
  /** The connections; `findViewer` says who sees those of which the upstream does not tell whose they are. */
  list(slug: string | null, findViewer: () => Promise<Viewer>): Promise<Connection[]>;
  findAuthorization: ViewerConnections["findAuthorization"];
}

/** Live views over a service that tells of no changes: it is asked again and again, until the bearer ends or its user changes groups. */
export function createWatches({
  polling,
  viewer,
  list,
  findAuthorization,
}: WatchesOptions): Pick<ViewerConnections, "watch" | "watchAuthorization"> {
  return {
    watch(slug) {
      let first: Viewer | null = null;
      return polling.watch<Connection[], Connection>({
        everyMs: CONNECTIONS_POLL_MS,
        async read() {
          const asked = viewer();
          const [current, connections] = await Promise.all([asked, list(slug, () => asked)]);
          first ??= current;
          return isSameUser(first, current) ? connections : null;
        },
        changesOf(current, before) {
          const seen = new Map(before?.map((connection) => [connection.id, JSON.stringify(connection)]));
          return before ? current.filter((connection) => seen.get(connection.id) !== JSON.stringify(connection)) : [];
        },
        isLast: () => false,
      });
    },

    watchAuthorization(id) {
      let isKnown = false;
      return polling.watch<Authorization, Authorization>({
        everyMs: AUTHORIZATION_POLL_MS,
        async read() {
          const authorization = await findAuthorization(id);
          if (!authorization && !isKnown) throw notFound("There is no such authorization.");
          isKnown = true;
          return authorization;
        },
        changesOf: (current, before) => (JSON.stringify(current) === JSON.stringify(before) ? [] : [current]),
        isLast: ({ status }) => status === "active" || status === "error",
      });
    },
  };
}
