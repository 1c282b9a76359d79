import { notFound } from "../../../schema/errors.ts";
import {
  type Authorization,
  type Connection,
  type ConnectionWhere,
  ownerOfViewer,
  type Viewer,
  type ViewerConnections,
} from "../../../schema/upstream.ts";
import type { Database } from "../../store/database.ts";
import type { StillAllowed } from "../../vault/watch.ts";
import { createWatches } from "../watches.ts";
import { start } from "./connecting.ts";
import { deleteConnection } from "./connections.ts";
import { choose, connectionsOf, listAll, type OwnerDependencies, type OwnerView } from "./owner-connections.ts";
import { showStarted } from "./shown.ts";

interface ViewerDependencies extends OwnerDependencies {
  database: Pick<Database, "changes">;
}

/** A signed-in user, and whether they still are. */
export interface NangoCaller {
  viewer: Viewer;
  stillAllowed: StillAllowed;
}

/** The connections that a user sees. Their group's tokens are withheld by `withhold.ts`. */
export function connectionsOfCaller(dependencies: ViewerDependencies, caller: NangoCaller): ViewerConnections {
  const { viewer } = caller;
  const owner = ownerOfViewer(viewer);
  const view = { owner, reader: viewer.userId };
  const connections = connectionsOf(dependencies, view);
  const readings = { list: connections.list, findAuthorization: (id: string) => findAuthorization(dependencies, view, id) };
  const { poll } = dependencies.memoryOf(owner);
  return {
    ...connections,
    ...readings,
    ...createWatches({ ...dependencies, poll }, caller, readings),
    start: (slug, options) => start(dependencies, { owner, viewer }, slug, options),
    submit: () => Promise.reject(notFound("There are no fields to submit here: Nango's page asks for them.")),
    disconnect: (where) => disconnect(dependencies, view, where),
  };
}

/** One that serves a connection of the owner, or one that the reader has started. */
async function findAuthorization(dependencies: OwnerDependencies, view: OwnerView, id: string): Promise<Authorization | null> {
  const all = await listAll(dependencies, view);
  const serving = all.find(({ connection }) => connection.authorization?.id === id)?.connection.authorization;
  if (serving) return serving;
  const started = (await dependencies.attempts.list(view.owner)).find(({ authorizationId }) => authorizationId === id);
  return started && started.userId === view.reader ? showStarted(started) : null;
}

/** Deletes the connection at Nango, which itself revokes the grant at few providers. Answers it as it was. Throws NOT_FOUND. */
async function disconnect(dependencies: ViewerDependencies, view: OwnerView, where: ConnectionWhere): Promise<Connection> {
  const shown = choose(await listAll(dependencies, view), where);
  if (!shown) throw notFound("There is no connection to disconnect.");
  if (shown.held) await deleteConnection(dependencies, shown.held);
  await dependencies.attempts.remove(view.owner, shown.connection.id);
  return shown.connection;
}
