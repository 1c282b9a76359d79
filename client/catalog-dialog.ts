import { xkitError } from "./api/errors.ts";

/** What `xkit.openCatalog` takes. */
export interface CatalogDialogOptions {
  /** The connector whose page is shown first. Default: the list. */
  slug?: string;
  /** The heading of the list. Default: `Integrations`. */
  title?: string;
  /** Default: the platform's color, and the `color-scheme` of the page. */
  theme?: { color?: string; scheme?: "light" | "dark" | "system" };
  /** The language, as a BCP 47 tag. Default: the `locale` of `createXkit`. */
  locale?: string;
  /** Connect in a popup instead of leaving the page. Default: true. */
  popup?: boolean;
}

/** The catalog in a dialog over the page. */
export interface CatalogDialog {
  /** Closes it; what had the focus gets it back. */
  close: () => void;
  /** Resolves when it is closed, by its user or by `close`. */
  closed: Promise<void>;
}

/** The `xkit` object of the page. */
interface Gateway {
  readonly url: string;
}

/** What the gateway's `/catalog-dialog.js` exports. */
interface CatalogModule {
  openCatalog: (xkit: Gateway, options: CatalogDialogOptions) => CatalogDialog;
}

const isCatalogModule = (loaded: unknown): loaded is CatalogModule =>
  typeof loaded === "object" && loaded !== null && "openCatalog" in loaded && typeof loaded.openCatalog === "function";

/**
 * Loads the catalog from the gateway, which has the same version as what it serves, and shows it.
 * Throws TypeError where there is no page, and NetworkError where it cannot be loaded.
 */
export async function openCatalogDialog(xkit: Gateway, options: CatalogDialogOptions): Promise<CatalogDialog> {
  if (typeof document === "undefined") throw new TypeError("openCatalog needs a page.");
  const address = `${xkit.url}/catalog-dialog.js`;
  const loaded: unknown = await import(/* @vite-ignore */ /* webpackIgnore: true */ address).catch(() => null);
  if (!isCatalogModule(loaded)) throw xkitError("NETWORK", `The catalog cannot be loaded from ${address}.`);
  return loaded.openCatalog(xkit, options);
}
