import { createContext, useContext } from "react";
import type { Platform } from "../types.ts";
import type { Router } from "./router.ts";

/** What every part of one catalog shares. */
export interface CatalogContextValue extends Router {
  platform: Platform | undefined;
  popup: boolean;
  /** Says something to screen readers, politely. */
  announce: (sentence: string) => void;
}

export const CatalogContext = createContext<CatalogContextValue | null>(null);

export function useCatalog(): CatalogContextValue {
  const value = useContext(CatalogContext);
  if (!value) throw new Error("This is a part of <Catalog>.");
  return value;
}
