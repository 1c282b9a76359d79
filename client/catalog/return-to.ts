import type { Platform } from "../types.ts";

/**
 * `?returnTo=`, when it leads to this page's own origin or to one the platform names: a link must not send people just anywhere.
 * Others are the gateway's to judge, and shown as no link.
 */
export function readReturnTo(platform: Platform | undefined): URL | null {
  const text = new URLSearchParams(location.search).get("returnTo");
  const url = text === null ? null : URL.parse(text, location.origin);
  if (!url || !/^https?:$/.test(url.protocol)) return null;
  const known = [location.origin, platform?.website, platform?.loginRedirectUrl].map((place) => place && URL.parse(place)?.origin);
  return known.includes(url.origin) ? url : null;
}
