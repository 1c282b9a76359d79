import { notFound } from "../../schema/errors.ts";
import {
  type Connection,
  type ConnectionWhere,
  type Owner,
  type OwnerConnections,
  ownerOfViewer,
  type Viewer,
  type ViewerConnections,
} from "../../schema/upstream.ts";
import type { RequestOrigin } from "../custody/audit-event.ts";
import type { Actor } from "../custody/history.ts";
import type { Clock } from "../runtime/clock.ts";
import type { AccessTokens } from "./access-token.ts";
import type { Bind, Link } from "./attempts.ts";
import type { Connecting } from "./connecting.ts";
import { choose, type ConnectionStore, type StoredConnection, toConnection, type View } from "./connections.ts";
import { createHistory } from "./history.ts";
import type { Database } from "../store/database.ts";
import type { StillAllowed, Watching } from "./watch.ts";

/** A signed-in user before the vault: who, in which browser, and whether that is still so. */
export interface VaultCaller {
  viewer: Viewer;
  /** Binds what is started to that browser. */
  bind: Bind;
  link: Link | null;
  /** Where the request came from, for the audit. */
  from?: RequestOrigin;
  stillAllowed: StillAllowed;
}

interface Dependencies {
  connections: ConnectionStore;
  database: Database;
  accessToken: AccessTokens;
  connecting: Connecting;
  disconnect: (stored: StoredConnection, by: Actor | null) => Promise<void>;
  watching: Watching;
  clock: Clock;
  metadataOf: View["metadataOf"];
  publicUrl: string;
}

/** The connections of an owner, as `reader` sees them: a user, or null for a server. */
export function connectionsOf(
  { connections, database, accessToken, clock, metadataOf, publicUrl }: Omit<Dependencies, "connecting" | "disconnect" | "watching">,
  owner: Owner,
  reader: string | null,
): OwnerConnections {
  const view = { clock, metadataOf, publicUrl, reader };
  return {
    async find(where) {
      const stored = choose(await connections.list(owner), where);
      return stored && toConnection(stored, view);
    },
    async list(slug) {
      const stored = await connections.list(owner);
      return stored.filter(({ connection }) => slug === null || connection.connector_slug === slug).map((row) => toConnection(row, view));
    },
    history: createHistory({ connections, database }, owner),
    accessToken: (where, request) => accessToken(owner, where, request, reader),
  };
}

/** The connections of a user or of their group, and what that user may do with them. */
export function connectionsOfCaller(
  dependencies: Dependencies,
  { viewer, bind, link, from, stillAllowed }: VaultCaller,
): ViewerConnections {
  const { connecting, watching } = dependencies;
  const owner = ownerOfViewer(viewer);
  const watcher = { owner, userId: viewer.userId, stillAllowed };
  const { find, list, history, accessToken } = connectionsOf(dependencies, owner, viewer.userId);
  return {
    find,
    list,
    history,
    accessToken,
    start: (slug, options) => connecting.start(owner, { viewer, bind, link }, slug, options),
    submit: (state, fields) => connecting.submit(viewer, state, fields, { link, from }),
    disconnect: (where) => disconnectOne(dependencies, owner, where, viewer),
    findAuthorization: (id) => watching.findAuthorization(watcher, id),
    watch: (slug) => watching.watch(watcher, slug),
    watchAuthorization: (id) => watching.watchAuthorization(watcher, id),
  };
}

async function disconnectOne(
  { connections, disconnect, clock, metadataOf, publicUrl }: Dependencies,
  owner: Owner,
  where: ConnectionWhere,
  { userId: reader, name }: Viewer,
): Promise<Connection> {
  const stored = choose(await connections.list(owner), where);
  if (!stored) throw notFound("There is no connection to disconnect.");
  await disconnect(stored, { id: reader, name });
  return toConnection(stored, { clock, metadataOf, publicUrl, reader });
}
