import { useContext, useEffect, useMemo, useState } from "react";
import { useXkit, XkitProvider } from "../react/provider.tsx";
import { usePlatform } from "../react/use-platform.ts";
import type { ListedConnector } from "../api/types.ts";
import { OfflineCallout } from "./callout.tsx";
import { CatalogContext, HostedContext } from "./context.ts";
import { ConnectorPage } from "./connector-page.tsx";
import { SpeakLanguage } from "./language.tsx";
import { loadTheRest } from "./lazy-parts.ts";
import { ListPage } from "./list-page.tsx";
import { useRouter } from "./router.ts";
import { accentStyle, type CatalogTheme } from "./theme.ts";
import { useOnline } from "./use-online.ts";

/** What the first page does not need is loaded this long after it is there. */
const REST_DELAY_MS = 1_000;

export interface CatalogProps {
  /** The list's heading. Default: `Integrations`. */
  title?: string;
  /** Default: false. */
  hideTitle?: boolean;
  /** Default: false. */
  hideSearch?: boolean;
  /** Which connectors to list. Default: all. */
  filter?: (connector: ListedConnector) => boolean;
  /** Default: the platform's color, and the system's light or dark. */
  theme?: CatalogTheme;
  /** The path of the list in your app, without a trailing slash; a connector's page is under it, at `/connectors/:slug`. Default: the root. */
  basePath?: string;
  /** Connect in a popup instead of leaving the page. Default: false. */
  popup?: boolean;
  /** The language, as a BCP 47 tag such as `de` or `en-GB`; English and German are spoken. Default: the `locale` of the provider around it. */
  locale?: string;
}

/**
 * The platform's catalog: the list and a page for each connector. Needs an `<XkitProvider>` around it and the package's `catalog.css`.
 * It keeps its page in the address bar, under `basePath`.
 */
export function Catalog({ locale, ...props }: CatalogProps) {
  const xkit = useXkit();
  const spoken = (
    <SpeakLanguage locale={locale ?? xkit.session.locale}>
      <SpokenCatalog {...props} />
    </SpeakLanguage>
  );
  if (locale === undefined) return spoken;
  return (
    <XkitProvider xkit={xkit} locale={locale}>
      {spoken}
    </XkitProvider>
  );
}

function SpokenCatalog({
  title,
  hideTitle = false,
  hideSearch = false,
  filter,
  theme = {},
  basePath = "",
  popup = false,
}: Omit<CatalogProps, "locale">) {
  const [{ data: platform }] = usePlatform();
  const router = useRouter(basePath.replace(/\/+$/, ""));
  const [announcement, announce] = useState("");
  const isOnline = useOnline();
  const isHosted = useContext(HostedContext);
  const value = useMemo(() => ({ ...router, platform, popup, isHosted, announce }), [router, platform, popup, isHosted]);
  const { route } = router;
  useEffect(() => {
    const timer = setTimeout(loadTheRest, REST_DELAY_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <CatalogContext.Provider value={value}>
      <div className="xkit-catalog" data-scheme={theme.scheme ?? "system"} style={accentStyle(theme.color ?? platform?.color)}>
        {!isOnline && (
          <div className="mb-6">
            <OfflineCallout />
          </div>
        )}
        {route.page === "list" ? (
          <ListPage title={title} hideTitle={hideTitle} hideSearch={hideSearch} filter={filter} />
        ) : (
          <ConnectorPage key={route.slug} slug={route.slug} />
        )}
        <p role="status" className="sr-only">
          {announcement}
        </p>
      </div>
    </CatalogContext.Provider>
  );
}
