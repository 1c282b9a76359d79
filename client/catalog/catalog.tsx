import { useCallback, useContext, useEffect, useMemo, useState } from "react";
import { useXkit, XkitProvider } from "../react/provider.tsx";
import { usePlatform } from "../react/use-platform.ts";
import { useViewer } from "../react/use-viewer.ts";
import type { ListedConnector } from "../api/types.ts";
import { parseLocale } from "../languages/locale.ts";
import { OfflineCallout } from "./callout.tsx";
import { CatalogContext, HostedContext } from "./context.ts";
import { ConnectorPage } from "./connector-page.tsx";
import { SpeakLanguage, useSentences } from "./language.tsx";
import { loadTheRest } from "./lazy-parts.ts";
import { ListPage } from "./list-page.tsx";
import { type CatalogRouter, parseBasePath, type Route, useRouter } from "./router.ts";
import { type CatalogTheme, useRootAttributes } from "./theme.ts";
import { type Announcement, Toast } from "./toast.tsx";
import { useArrival } from "./use-arrival.ts";
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
  /** Default: the platform's color, and the `color-scheme` of the page around it. */
  theme?: CatalogTheme;
  /**
   * Keeps the catalog's page in the address bar: the path of the list in your app, such as `/integrations`, `""` for the root. A connector's page
   * is under it, at `/connectors/:slug`. Default: the address and the history stay your app's.
   */
  basePath?: string;
  /** The same by your app's own router. */
  router?: CatalogRouter;
  /** The connector whose page is shown first, where the catalog has no address. Default: the list. */
  slug?: string;
  /** Connect in a popup instead of leaving the page. Default: false. */
  popup?: boolean;
  /** The language, as a BCP 47 tag such as `de` or `en-GB`; English and German are spoken. Default: the `locale` of the provider around it. */
  locale?: string;
}

/**
 * The platform's catalog: the list and a page for each connector. Needs an `<XkitProvider>` around it and the package's `catalog.css`.
 * It leaves the address and the history to your app, unless it is given a `basePath` or a `router`.
 * Throws TypeError for a `basePath` that is no path of the page's origin.
 */
export function Catalog({ locale: tag, ...props }: CatalogProps) {
  const xkit = useXkit();
  const locale = parseLocale(tag);
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
  basePath,
  router: given,
  slug,
  popup = false,
}: Omit<CatalogProps, "locale">) {
  const [{ data: platform, error: platformError }] = usePlatform();
  const [{ data: viewer, error: viewerError }] = useViewer();
  const isSettled = (platform ?? platformError) !== undefined && (viewer !== undefined || viewerError !== undefined);
  const first: Route = slug === undefined ? { page: "list" } : { page: "connector", slug };
  const router = useRouter({ basePath: basePath === undefined ? undefined : parseBasePath(basePath), router: given, first });
  const { connecting: words } = useSentences();
  const [announcement, setAnnouncement] = useState<Announcement | null>(null);
  const announce = useCallback((sentence: string) => setAnnouncement({ sentence }), []);
  const silence = useCallback(() => setAnnouncement(null), []);
  useArrival((name) => announce(words.connected(name)));
  const isOnline = useOnline();
  const isHosted = useContext(HostedContext);
  const value = useMemo(
    () => ({ ...router, platform, isSettled, popup, isHosted, announce }),
    [router, platform, isSettled, popup, isHosted, announce],
  );
  const { route } = router;
  const attributes = useRootAttributes(theme);
  useEffect(() => {
    const timer = setTimeout(loadTheRest, REST_DELAY_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <CatalogContext.Provider value={value}>
      <div className="xkit-catalog" {...attributes}>
        <div className="@container">
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
        </div>
        <Toast announcement={announcement} onClose={silence} />
      </div>
    </CatalogContext.Provider>
  );
}
