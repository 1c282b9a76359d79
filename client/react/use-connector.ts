import { useMemo } from "react";
import { ConnectorDocument } from "../generated/graphql.ts";
import type { ListedConnector } from "../api/types.ts";
import { type Reading, useLiveReading } from "./use-reading.ts";

/** One connector with the viewer's connections of it; null when the catalog has none of that slug. Public; live while mounted. */
export function useConnector(slug: string): Reading<ListedConnector | null> {
  const variables = useMemo(() => ({ slug }), [slug]);
  return useLiveReading(ConnectorDocument, variables, ({ connector }) => connector);
}
