import { useCallback, useMemo, useState, useSyncExternalStore } from "react";
import { useXkit } from "../react/provider.tsx";

export type Route = { page: "list" } | { page: "connector"; slug: string };

/** The host's router, for a catalog that is to keep its page in the host's address bar. Paths begin below the catalog: `/`, `/connectors/slack`. */
export interface CatalogRouter {
  /** Where the catalog is, with the query. */
  path: string;
  /** Goes to another path. `replace`: without a new entry of the history. */
  navigate: (path: string, options: { replace: boolean }) => void;
  /** The host's address of a path, for links. Default: the gateway's own pages. */
  hrefOf?: (path: string) => string;
}

export interface Router {
  route: Route;
  /** The query of the page, with its question mark. */
  search: string;
  /** Whether another page was here before. */
  hasMoved: boolean;
  hrefOf: (route: Route) => string;
  navigate: (route: Route) => void;
  /** Sets parameters of the page's query, and drops those that are empty. No new entry of the history. */
  replaceSearch: (parameters: Record<string, string>) => void;
}

/** Where the catalog is, and how it goes elsewhere. */
interface Place {
  path: string;
  go: (path: string, replace: boolean) => void;
  hrefOf: (path: string) => string;
}

const NAVIGATED = "xkit:navigated";

function subscribe(onChange: () => void): () => void {
  addEventListener("popstate", onChange);
  addEventListener(NAVIGATED, onChange);
  return () => {
    removeEventListener("popstate", onChange);
    removeEventListener(NAVIGATED, onChange);
  };
}

/** A slug as an address has it; one that is badly encoded is its own. */
function decode(slug: string): string {
  try {
    return decodeURIComponent(slug);
  } catch {
    return slug;
  }
}

function parsePath(path: string): Route {
  const slug = /^\/connectors\/([^/?]+)\/?(?:\?|$)/.exec(path)?.[1];
  return slug === undefined ? { page: "list" } : { page: "connector", slug: decode(slug) };
}

const pathOf = (route: Route): string => (route.page === "list" ? "/" : `/connectors/${encodeURIComponent(route.slug)}`);
const searchOf = (path: string): string => (path.includes("?") ? path.slice(path.indexOf("?")) : "");

/** What each page of the catalog's own address hands on to the next: where to lead back to, and the language. */
const handedOn = ["returnTo", "locale"];

function handedOnQuery(search: string): string {
  const query = new URLSearchParams([...new URLSearchParams(search)].filter(([name]) => handedOn.includes(name)));
  return query.size > 0 ? `?${query}` : "";
}

/** What relative addresses are resolved against: an origin that no page has. */
const NO_ORIGIN = "https://app.invalid";

/**
 * A path as the address bar has it, with a leading slash and without one at its end; `""` for the root. Throws TypeError for what is no path,
 * as another origin or a query.
 */
export function parseBasePath(basePath: string): string {
  const { pathname, href } = new URL(basePath, NO_ORIGIN);
  if (href !== NO_ORIGIN + pathname) throw new TypeError(`basePath must be a path such as /integrations, not ${JSON.stringify(basePath)}.`);
  return pathname.replace(/\/+$/, "");
}

/** The address bar, below `basePath` (no trailing slash; `""` for the root). */
function useAddressBar(basePath: string | undefined): Place | null {
  const full = useSyncExternalStore(
    subscribe,
    () => location.pathname + location.search,
    () => basePath ?? "",
  );
  const go = useCallback(
    (path: string, replace: boolean) => {
      const href = `${basePath}${path}`;
      if (replace) return history.replaceState(history.state, "", href);
      history.pushState(null, "", href);
      scrollTo(0, 0);
      dispatchEvent(new Event(NAVIGATED));
    },
    [basePath],
  );
  const hrefOf = useCallback(
    (path: string) => (basePath && path.replace(/^\/(?=\?|$)/, "") === "" ? basePath : `${basePath}${path}`),
    [basePath],
  );
  return useMemo(() => {
    if (basePath === undefined) return null;
    return { path: full.startsWith(basePath) ? full.slice(basePath.length) : full, go, hrefOf };
  }, [full, basePath, go, hrefOf]);
}

/** No address: the page around the catalog keeps its own. Links that are opened elsewhere lead to the gateway's pages. */
function useMemory(first: Route): Place {
  const { url } = useXkit();
  const [path, setPath] = useState(() => pathOf(first));
  return useMemo(() => ({ path, go: setPath, hrefOf: (to) => `${url}${to}` }), [path, url]);
}

function useGiven(router: CatalogRouter | undefined): Place | null {
  const { url } = useXkit();
  return useMemo(() => {
    if (!router) return null;
    const { path, navigate, hrefOf = (to: string) => `${url}${to}` } = router;
    return { path, go: (to, replace) => navigate(to, { replace }), hrefOf };
  }, [router, url]);
}

interface RouterOptions {
  /** Kept in the address bar below this path. Undefined: it is not kept there. */
  basePath: string | undefined;
  router: CatalogRouter | undefined;
  /** The first page where there is no address. */
  first: Route;
}

/** The two pages, kept by the host's router, in the address bar, or in memory alone. */
export function useRouter({ basePath, router, first }: RouterOptions): Router {
  const [given, bar, memory] = [useGiven(router), useAddressBar(basePath), useMemory(first)];
  const place = given ?? bar ?? memory;
  const [firstPath] = useState(() => pathOf(parsePath(place.path)));
  const [hasMoved, setHasMoved] = useState(false);
  if (!hasMoved && pathOf(parsePath(place.path)) !== firstPath) setHasMoved(true);
  const isAddressed = place === bar;
  return useMemo(() => {
    const pathTo = (to: Route) => pathOf(to) + (isAddressed ? handedOnQuery(searchOf(place.path)) : "");
    return {
      route: parsePath(place.path),
      search: searchOf(place.path),
      hasMoved,
      hrefOf: (to) => place.hrefOf(pathTo(to)),
      navigate: (to) => place.go(pathTo(to), false),
      replaceSearch(parameters) {
        const query = new URLSearchParams(searchOf(place.path));
        for (const [name, value] of Object.entries(parameters)) {
          if (value === "") query.delete(name);
          else query.set(name, value);
        }
        place.go(place.path.replace(/\?.*$/s, "") + (query.size > 0 ? `?${query}` : ""), true);
      },
    };
  }, [place, isAddressed, hasMoved]);
}
