import { useCallback, useRef } from "react";
import { cancelled } from "../connecting/connect-window.ts";
import type { ConnectOptions } from "../connecting/connect.ts";
import type { Connection } from "../api/types.ts";
import type { ConnectorName } from "../api/where.ts";
import { useXkit } from "./provider.tsx";
import { type ActionResult, type ActionState, useAction } from "./use-action.ts";

export interface UseConnectOptions extends Omit<ConnectOptions, "signal"> {
  /** One more connection instead of the one that exists. Default: false. */
  add?: boolean;
}

/** A connector, to connect it; or one of its connections, to reconnect that very one. */
export type ConnectTarget = ConnectorName | Connection;

/**
 * Connecting on a click. By default the page leaves for the provider, and `fetching` stays true until it is gone.
 * The error is a ConnectError when the user did not succeed. `cancel` stops waiting, and
 * connecting again replaces what is still waited for: both close its popup.
 */
export function useConnect(): [
  state: ActionState<Connection>,
  connect: (target: ConnectTarget, options?: UseConnectOptions) => Promise<ActionResult<Connection>>,
  cancel: () => void,
] {
  const xkit = useXkit();
  const controller = useRef<AbortController>(null);
  const [state, connect, reset] = useAction(
    useCallback(
      (target: ConnectTarget, { add = false, ...rest }: UseConnectOptions = {}) => {
        controller.current?.abort(cancelled());
        controller.current = new AbortController();
        const options = { ...rest, signal: controller.current.signal };
        if (typeof target === "object" && "connector" in target) return xkit.reconnect(target, options);
        return add ? xkit.addConnection(target, undefined, options) : xkit.connect(target, options);
      },
      [xkit],
    ),
  );
  const cancel = useCallback(() => {
    controller.current?.abort(cancelled());
    reset();
  }, [reset]);
  return [state, connect, cancel];
}
