import type { Connection, ConnectionWhere, OwnerConnections, PlatformAccess, ViewerConnections } from "../../schema/upstream.ts";
import { createStoppableIterator } from "../runtime/stoppable-iterator.ts";

/**
 * The same connections for the length of one request: they are read once, however often an operation comes back to them. What the
 * request itself changes, and what a watch tells of, is read again. Access tokens are asked for each time.
 */
export function memoizeViewer(connections: ViewerConnections): ViewerConnections {
  const { reads, forget } = createReads(connections);
  const thenForget = async <Value>(change: Promise<Value>): Promise<Value> => change.finally(forget);
  return {
    ...connections,
    ...reads,
    start: (slug, options) => thenForget(connections.start(slug, options)),
    submit: (state, fields) => thenForget(connections.submit(state, fields)),
    disconnect: (where) => thenForget(connections.disconnect(where)),
    watch: async (slug) => forgetAtEach(await connections.watch(slug), forget),
    watchAuthorization: async (id) => forgetAtEach(await connections.watchAuthorization(id), forget),
  };
}

/** The same for a server: each owner's connections are read once. */
export function memoizePlatform(platform: PlatformAccess): PlatformAccess {
  const byOwner = new Map<string, OwnerConnections>();
  return {
    ...platform,
    connectionsOf(owner) {
      const key = JSON.stringify([owner.kind, owner.id]);
      const connections = byOwner.get(key) ?? createReads(platform.connectionsOf(owner)).reads;
      byOwner.set(key, connections);
      return connections;
    },
  };
}

function createReads(connections: OwnerConnections) {
  const lists = new Map<string | null, Promise<Connection[]>>();
  const found = new Map<string, Promise<Connection | null>>();

  function forget(): void {
    lists.clear();
    found.clear();
  }

  /** All are read at once: what follows is answered from the same list. */
  const listAll = () => once(lists, null, () => connections.list(null));

  const reads: OwnerConnections = {
    find: (where: ConnectionWhere) => once(found, JSON.stringify(where), () => connections.find(where)),
    list: (slug) =>
      slug === null
        ? listAll()
        : once(lists, slug, async () => (await listAll()).filter((connection) => connection.connector.slug === slug)),
    // A refresh may change the status.
    accessToken: (where, request) => connections.accessToken(where, request).finally(forget),
  };
  return { reads, forget };
}

function once<Key, Value>(answers: Map<Key, Promise<Value>>, key: Key, load: () => Promise<Value>): Promise<Value> {
  const answer = answers.get(key) ?? load();
  answers.set(key, answer);
  return answer;
}

function forgetAtEach<Value>(values: AsyncIterable<Value>, forget: () => void): AsyncIterableIterator<Value> {
  const iterator = values[Symbol.asyncIterator]();
  return createStoppableIterator(
    () => iterator.next().finally(forget),
    () => iterator.return?.(),
  );
}
