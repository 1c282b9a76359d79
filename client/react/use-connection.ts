import { useMemo } from "react";
import { useQuery } from "urql";
import { ConnectionDocument } from "../generated/graphql.ts";
import type { Connection } from "../types.ts";
import type { ConnectionName } from "../where.ts";
import { CONNECTION_CONTEXT, type Reading, REVALIDATE, select } from "./result.ts";
import { useOnChange } from "./use-on-change.ts";
import { useWhere } from "./use-where.ts";

/** One of the viewer's connections; null when it was never made. Live while mounted. The error is UnauthenticatedError when nobody is signed in. */
export function useConnection(name: ConnectionName): Reading<Connection | null> {
  const where = useWhere(name);
  const variables = useMemo(() => ({ where }), [where]);
  const [state, refetch] = useQuery({ query: ConnectionDocument, variables, requestPolicy: REVALIDATE, context: CONNECTION_CONTEXT });
  useOnChange(() => refetch({ requestPolicy: "network-only" }));
  return [select(state, ({ connection }) => connection), refetch];
}
