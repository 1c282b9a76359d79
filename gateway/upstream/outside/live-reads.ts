import type { Authorization, Connection, Viewer, ViewerConnections } from "../../../schema/upstream.ts";
import type { Clock } from "../../runtime/clock.ts";
import { createPauses } from "../pauses.ts";
import { keyOfViewer } from "../same-user.ts";
import { createSharedReads } from "../shared-reads.ts";

/** How often an adapter is asked again while it is watched, in milliseconds. */
const POLL_MS = 2_000;

type Reads = Pick<ViewerConnections, "list" | "findAuthorization">;

/** The same reads, one of which serves all open subscriptions of a user. */
interface LiveReads extends Reads {
  /** Resolves when to read again, for all of them at the same moment. */
  poll(this: void): Promise<void>;
}

export function createLiveReads(clock: Pick<Clock, "now" | "until">): (viewer: Viewer, reads: Reads) => LiveReads {
  const pauses = createPauses(() => clock.until(clock.now() + POLL_MS));
  const connections = createSharedReads<Connection[]>();
  const authorizations = createSharedReads<Authorization | null>();
  return (viewer, { list, findAuthorization }) => {
    const key = keyOfViewer(viewer);
    return {
      poll: () => new Promise((resolve) => void pauses.wait(key, resolve)),
      async list(slug) {
        const all = await connections.read(key, () => list(null));
        return all.filter(({ connector }) => slug === null || connector.slug === slug);
      },
      findAuthorization: (id) => authorizations.read(keyOfViewer(viewer, id), () => findAuthorization(id)),
    };
  };
}
