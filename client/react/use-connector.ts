import { useQuery } from "urql";
import { ConnectorDocument } from "../generated/graphql.ts";
import type { ListedConnector } from "../types.ts";
import { CONNECTION_CONTEXT, type Reading, REVALIDATE, select } from "./result.ts";
import { useOnChange } from "./use-on-change.ts";

/** One connector with the viewer's connections of it; null when the catalog has none of that slug. Public; live while mounted. */
export function useConnector(slug: string): Reading<ListedConnector | null> {
  const [state, refetch] = useQuery({
    query: ConnectorDocument,
    variables: { slug },
    requestPolicy: REVALIDATE,
    context: CONNECTION_CONTEXT,
  });
  useOnChange(() => refetch({ requestPolicy: "network-only" }));
  return [select(state, ({ connector }) => connector), refetch];
}
