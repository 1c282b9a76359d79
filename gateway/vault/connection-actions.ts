import type { ConnectionActions } from "../../schema/upstream.ts";
import { type StoredConnection, toConnection } from "./connections.ts";
import { createDisabling, type DisablingDependencies } from "./disabling.ts";
import { createRefreshNow, type RefreshNowDependencies } from "./refresh-now.ts";

interface Dependencies extends RefreshNowDependencies, DisablingDependencies {
  disconnect(this: void, stored: StoredConnection, by: null): Promise<void>;
}

/** What servers do with a connection of any owner. One of a connector that the configuration no longer has is not found. */
export function createConnectionActions(dependencies: Dependencies): ConnectionActions {
  const setDisabled = createDisabling(dependencies);
  const { connections, disconnect, clock, metadataOf, publicUrl } = dependencies;

  async function act(id: string, action: (stored: StoredConnection) => Promise<unknown>) {
    const stored = await connections.read(id);
    if (!stored) return null;
    await action(stored);
    return toConnection((await connections.read(id)) ?? stored, { clock, metadataOf, publicUrl, reader: null });
  }

  return {
    disconnect: (id) => act(id, (stored) => disconnect(stored, null)),
    refresh: createRefreshNow(dependencies),
    disable: (id) => act(id, (stored) => setDisabled(stored, true)),
    enable: (id) => act(id, (stored) => setDisabled(stored, false)),
  };
}
