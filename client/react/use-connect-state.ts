import { useCallback, useState } from "react";
import { BadUserInputError } from "../api/errors.ts";
import { isOutdated } from "../api/outdated.ts";
import type { ListedConnector } from "../api/types.ts";
import { type Status, summarise } from "../connecting/status.ts";
import { useConnect, type UseConnectOptions } from "./use-connect.ts";
import { useConnector } from "./use-connector.ts";
import { useViewer } from "./use-viewer.ts";

/** What a connector is at for the viewer: the catalog's own states, and those around them. */
export type ConnectState = Status | "loading" | "signed_out" | "unknown" | "connecting" | "blocked" | "failed";

export interface ConnectorState {
  /**
   * `loading`, `signed_out`, `unknown` (the catalog has no such connector), `none` (not connected), `connecting`, `blocked` (the browser has
   * blocked the popup: show `blockedUrl` as a link), `pending`, `connected`, `attention` (reconnect), `misconfigured`, `unavailable`, `failed`.
   */
  state: ConnectState;
  connector: ListedConnector | null | undefined;
  /** What the user opens by a link while the state is `blocked`. */
  blockedUrl: string | null;
  error: Error | undefined;
  /** Connects, or repairs what is there. Call it in a click. */
  connect: () => void;
  /** Stops waiting for the popup. */
  cancel: () => void;
}

/** One connector as a button or a row of your own shows it: the states of the catalog, without its looks. Live while mounted. */
export function useConnectState(slug: string, options: Omit<UseConnectOptions, "add" | "onBlocked"> = {}): ConnectorState {
  const [{ data: viewer }] = useViewer();
  const [{ data: connector, error: readingError }] = useConnector(slug);
  const [{ fetching, error }, run, cancel] = useConnect();
  const [blockedUrl, setBlockedUrl] = useState<string | null>(null);

  function connect(): void {
    setBlockedUrl(null);
    void run(slug, { popup: true, ...options, onBlocked: setBlockedUrl });
  }

  function stateOf(): ConnectState {
    if (fetching) return blockedUrl === null ? "connecting" : "blocked";
    // The gateway takes no slug that none can have.
    if (connector === null || (readingError instanceof BadUserInputError && !isOutdated(readingError))) return "unknown";
    if (viewer === null) return "signed_out";
    if (connector === undefined) return readingError ? "failed" : "loading";
    if (viewer === undefined) return "loading";
    return summarise(connector.connections);
  }

  return {
    state: stateOf(),
    connector,
    blockedUrl: fetching ? blockedUrl : null,
    error: error ?? readingError,
    connect,
    cancel: useCallback(() => cancel(), [cancel]),
  };
}
