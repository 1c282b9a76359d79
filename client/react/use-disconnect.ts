import { useCallback } from "react";
import type { Connection } from "../api/types.ts";
import type { ConnectionName } from "../api/where.ts";
import { useXkit } from "./provider.tsx";
import { type ActionResult, type ActionState, useAction } from "./use-action.ts";

/** Disconnecting on a click; answers the connection as it was. */
export function useDisconnect(): [
  state: ActionState<Connection>,
  disconnect: (name: ConnectionName) => Promise<ActionResult<Connection>>,
  reset: () => void,
] {
  const xkit = useXkit();
  return useAction(useCallback((name: ConnectionName) => xkit.disconnect(name), [xkit]));
}
