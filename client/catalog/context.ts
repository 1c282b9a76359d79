import { createContext, useContext, useEffect } from "react";
import type { Platform } from "../api/types.ts";
import type { Router } from "./router.ts";

/** What every part of one catalog shares. */
export interface CatalogContextValue extends Router {
  platform: Platform | undefined;
  /** Whether it is known who the platform and the viewer are, or that they cannot be known: before that, nothing is said of either. */
  isSettled: boolean;
  popup: boolean;
  /** Whether this is the gateway's own page: its title and its keys are then the catalog's. */
  isHosted: boolean;
  /** Says that something has succeeded, to the eye and to screen readers. */
  announce: (sentence: string) => void;
}

export const CatalogContext = createContext<CatalogContextValue | null>(null);

export function useCatalog(): CatalogContextValue {
  const value = useContext(CatalogContext);
  if (!value) throw new Error("This is a part of <Catalog>.");
  return value;
}

/** True within the gateway's own page. */
export const HostedContext = createContext(false);

/** Names the hosted page after what it shows, once that is known. */
export function useTitle(title: string | undefined): void {
  const { isHosted, platform } = useCatalog();
  const full = isHosted && title && platform && `${title} · ${platform.name}`;
  useEffect(() => {
    if (full) document.title = full;
  }, [full]);
}
