import { CatalogListDocument } from "../generated/graphql.ts";
import type { CatalogEntry } from "../api/types.ts";
import { type Reading, useLiveReading } from "./use-reading.ts";

const NO_VARIABLES = {};

/** What the catalog's list shows of each connector: a tenth of what `useConnectors` answers. */
export const useCatalogEntries = (): Reading<CatalogEntry[]> =>
  useLiveReading(CatalogListDocument, NO_VARIABLES, ({ connectors }) => connectors);
