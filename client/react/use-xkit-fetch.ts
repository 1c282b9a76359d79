import { useCallback } from "react";
import type { ConnectionName } from "../api/where.ts";
import type { XkitRequestInit } from "../session/api-request.ts";
import { useXkit } from "./provider.tsx";
import { useWhere } from "./use-where.ts";

/**
 * `fetch` with the connection's token: the same function for the same connection. See `xkit.fetch` for the addresses that it takes, and what it retries.
 * It throws NoAccessTokenError, whose `outcome` says what the user can do, when there is no token to send.
 */
export function useXkitFetch(name: ConnectionName): (input: string | URL | Request, init?: XkitRequestInit) => Promise<Response> {
  const xkit = useXkit();
  const where = useWhere(name);
  return useCallback((input, init) => xkit.fetch(where, input, init), [xkit, where]);
}
