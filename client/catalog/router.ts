import { useCallback, useMemo, useState, useSyncExternalStore } from "react";
import { readReturnTo } from "./return-to.ts";

export type Route = { page: "list" } | { page: "connector"; slug: string };

export interface Router {
  route: Route;
  /** Whether another page was here before. */
  hasMoved: boolean;
  hrefOf: (route: Route) => string;
  navigate: (route: Route) => void;
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

function parsePath(path: string, basePath: string): Route {
  const slug = /^\/connectors\/([^/]+)\/?$/.exec(path.startsWith(basePath) ? path.slice(basePath.length) : path)?.[1];
  return slug === undefined ? { page: "list" } : { page: "connector", slug: decode(slug) };
}

/** A user who came with a `returnTo` is led back to it from every page. */
function returnToQuery(): string {
  const returnTo = readReturnTo();
  return returnTo === null ? "" : `?${new URLSearchParams({ returnTo })}`;
}

/** The two pages under `basePath` (no trailing slash; `""` for the root), kept in the address bar. */
export function useRouter(basePath: string): Router {
  const path = useSyncExternalStore(
    subscribe,
    () => location.pathname,
    () => basePath,
  );
  const hrefOf = useCallback(
    (route: Route) =>
      (route.page === "list" ? basePath || "/" : `${basePath}/connectors/${encodeURIComponent(route.slug)}`) + returnToQuery(),
    [basePath],
  );
  const navigate = useCallback(
    (route: Route) => {
      history.pushState(null, "", hrefOf(route));
      scrollTo(0, 0);
      dispatchEvent(new Event(NAVIGATED));
    },
    [hrefOf],
  );
  const [firstPath] = useState(path);
  const [hasMoved, setHasMoved] = useState(false);
  if (!hasMoved && path !== firstPath) setHasMoved(true);
  const route = useMemo(() => parsePath(path, basePath), [path, basePath]);
  return useMemo(() => ({ route, hasMoved, hrefOf, navigate }), [route, hasMoved, hrefOf, navigate]);
}
