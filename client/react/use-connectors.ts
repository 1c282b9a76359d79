import { ConnectorsDocument } from "../generated/graphql.ts";
import type { ListedConnector } from "../api/types.ts";
import { type Reading, useLiveReading } from "./use-reading.ts";

const NO_VARIABLES = {};

/** The platform's catalog, each connector with the viewer's connections of it. Public; live while mounted. */
export const useConnectors = (): Reading<ListedConnector[]> =>
  useLiveReading(ConnectorsDocument, NO_VARIABLES, ({ connectors }) => connectors);
