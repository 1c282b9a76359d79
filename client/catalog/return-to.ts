import type { Platform } from "../api/types.ts";
import { isActionPath } from "./action-path.ts";

/**
 * Where this page was asked to lead back to, as `?returnTo=` says; the gateway judges it when connecting starts. `search` is the query of
 * the catalog's own address: that of an app's page around it is the app's.
 */
export const readReturnTo = (search: string): string | null => new URLSearchParams(search).get("returnTo");

/** Where the platform signs its users in, told to bring them back to this page. */
export function signInUrl(loginRedirectUrl: string): string {
  if (typeof location === "undefined" || !URL.canParse(loginRedirectUrl, location.href)) return loginRedirectUrl;
  const url = new URL(loginRedirectUrl, location.href);
  url.searchParams.set("returnTo", location.href);
  return url.href;
}

/** As `URL.parse`, which Safari 17 lacks. */
const parseUrl = (url: string, base?: string): URL | null => (URL.canParse(url, base) ? new URL(url, base) : null);

/**
 * The same as a link, when it leads to this page's own origin, to one the platform names, or to where the browser came from: a link must
 * not send people just anywhere, and never to an address of the gateway that acts when it is opened.
 */
export function readReturnLink(search: string, platform: Platform | undefined, gatewayUrl: string): URL | null {
  const text = readReturnTo(search);
  const url = text === null ? null : parseUrl(text, location.origin);
  if (!url || !/^https?:$/.test(url.protocol)) return null;
  if (url.origin === parseUrl(gatewayUrl)?.origin && isActionPath(url.pathname)) return null;
  const places = [location.origin, document.referrer, platform?.website, platform?.loginRedirectUrl];
  return places.some((place) => place && parseUrl(place)?.origin === url.origin) ? url : null;
}
