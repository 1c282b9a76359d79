import { useQuery } from "urql";
import { ConnectorsDocument } from "../generated/graphql.ts";
import type { ListedConnector } from "../types.ts";
import { CONNECTION_CONTEXT, type Reading, REVALIDATE, select } from "./result.ts";
import { useOnChange } from "./use-on-change.ts";

/** The platform's catalog, each connector with the viewer's connections of it. Public; live while mounted. */
export function useConnectors(): Reading<ListedConnector[]> {
  const [state, refetch] = useQuery({ query: ConnectorsDocument, requestPolicy: REVALIDATE, context: CONNECTION_CONTEXT });
  useOnChange(() => refetch({ requestPolicy: "network-only" }));
  return [select(state, ({ connectors }) => connectors), refetch];
}
