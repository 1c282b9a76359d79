import { notFound } from "../../../schema/errors.ts";
import type { Authorization, Connection } from "../../../schema/upstream.ts";
import type { Clock } from "../../runtime/clock.ts";
import { createPauses } from "../pauses.ts";
import { createSharedReads } from "../shared-reads.ts";
import { createPolling } from "./polling.ts";

/** How often an upstream is asked about an authorization that is waited for, and about connections that are watched. */
export const AUTHORIZATION_POLL_MS = 1_000;
export const CONNECTIONS_POLL_MS = 3_000;

/** What is watched, by one user. */
interface Watched<Reading> {
  /** Those with the same key may see the same: one of them reads for all. */
  key: string;
  read(): Promise<Reading>;
  /** Whether this user may still see it: signed in by what they showed, and in the same group. Asked after each reading. */
  stillAllowed(): Promise<boolean>;
}

/** Live views over a service that tells of no changes: it is asked again and again, once for all who watch the same. */
export interface Watching {
  /** `watched` reads all connections. */
  watch(watched: Watched<Connection[]>, slug: string | null): Promise<AsyncIterable<Connection>>;
  watchAuthorization(watched: Watched<Authorization | null>): Promise<AsyncIterable<Authorization>>;
  /** Ends every view: the process is about to stop. */
  end(): void;
}

export function createWatching(clock: Pick<Clock, "sleep">): Watching {
  const polling = createPolling();
  const every = (milliseconds: number) => createPauses((cancelled) => clock.sleep(milliseconds, cancelled));
  const [connectionPauses, authorizationPauses] = [every(CONNECTIONS_POLL_MS), every(AUTHORIZATION_POLL_MS)];
  const connections = createSharedReads<Connection[]>();
  const authorizations = createSharedReads<Authorization | null>();

  return {
    watch({ key, read, stillAllowed }, slug) {
      return polling.watch<Connection[], Connection>({
        wait: (wake) => connectionPauses.wait(key, wake),
        async read() {
          const all = await connections.read(key, read);
          return all.filter(({ connector }) => slug === null || connector.slug === slug);
        },
        stillAllowed,
        changesOf(current, before) {
          const seen = new Map(before?.map((connection) => [connection.id, JSON.stringify(connection)]));
          return before ? current.filter((connection) => seen.get(connection.id) !== JSON.stringify(connection)) : [];
        },
        isLast: () => false,
      });
    },

    watchAuthorization({ key, read, stillAllowed }) {
      let isKnown = false;
      return polling.watch<Authorization, Authorization>({
        wait: (wake) => authorizationPauses.wait(key, wake),
        async read() {
          const authorization = await authorizations.read(key, read);
          if (!authorization && !isKnown) throw notFound("No authorization of yours has this id.");
          isKnown = true;
          return authorization;
        },
        stillAllowed,
        changesOf: (current, before) => (JSON.stringify(current) === JSON.stringify(before) ? [] : [current]),
        isLast: ({ status }) => status === "active" || status === "error",
      });
    },

    end: () => polling.end(),
  };
}
