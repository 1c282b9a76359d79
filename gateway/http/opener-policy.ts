import { firstSegmentOf } from "./action-path.ts";

/** What a closing popup of the client comes back with: then the page belongs to the popup, and only closes it. */
const CLOSING = "close";

const policies: ReadonlyMap<string, string> = new Map([
  ["", "same-origin-allow-popups"],
  ["connectors", "same-origin-allow-popups"],
  ["admin", "same-origin"],
  ["sign-in", "same-origin"],
]);

/**
 * The `Cross-Origin-Opener-Policy` of an address; null for none.
 *
 * A page of another site that opens the catalog loses hold of it. Whatever stands in a popup's chain has none, redirects included: an
 * opener reads `closed`, which a policy on the way would turn to true.
 */
export function openerPolicyOf(url: URL): string | null {
  const policy = policies.get(firstSegmentOf(url.pathname) ?? "nowhere") ?? null;
  return url.searchParams.has(CLOSING) && policy === "same-origin-allow-popups" ? null : policy;
}
