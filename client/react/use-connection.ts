import { useMemo } from "react";
import { ConnectionDocument } from "../generated/graphql.ts";
import type { Connection } from "../api/types.ts";
import type { ConnectionName } from "../api/where.ts";
import { type Reading, useLiveReading } from "./use-reading.ts";
import { useWhere } from "./use-where.ts";

/** One of the viewer's connections; null when it was never made. Live while mounted. The error is UnauthenticatedError when no user is signed in. */
export function useConnection(name: ConnectionName): Reading<Connection | null> {
  const where = useWhere(name);
  const variables = useMemo(() => ({ where }), [where]);
  return useLiveReading(ConnectionDocument, variables, ({ connection }) => connection);
}
