import { notFound } from "../../../schema/errors.ts";
import {
  type Authorization,
  type Connection,
  type Owner,
  ownerOfViewer,
  type Viewer,
  type ViewerConnections,
} from "../../../schema/upstream.ts";
import type { Polling } from "./polling.ts";

/** How often an upstream is asked about an authorization that is waited for, and about connections that are watched. */
export const AUTHORIZATION_POLL_MS = 1_000;
export const CONNECTIONS_POLL_MS = 3_000;

export interface WatchesOptions {
  polling: Polling;
  /** Whose the bearer is at each reading. */
  viewer(): Promise<Viewer>;
  /** The connections; `findOwner` says whose those are of which the upstream does not tell. */
  list(slug: string | null, findOwner: () => Promise<Owner>): Promise<Connection[]>;
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
          const [current, connections] = await Promise.all([asked, list(slug, async () => ownerOfViewer(await asked))]);
          first ??= current;
          return first.userId === current.userId && first.groupId === current.groupId ? connections : null;
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
