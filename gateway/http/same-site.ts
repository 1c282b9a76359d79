import type { OriginCheck } from "./web-origin.ts";

/**
 * Whether two origins are surely of one site: same scheme, and one host is the other or above it.
 * Siblings (`app.` and `xkit.example.com`) may be of two sites, as under `github.io`; only the public suffix list knows. They count as
 * two, which costs nothing: `None` works within a site too, and what reads the session cookie checks the origin itself.
 */
export function isSameSite(origin: string, publicUrl: string): boolean {
  const [one, other] = [new URL(origin.replace("*.", "")), new URL(publicUrl)];
  if (one.protocol !== other.protocol) return false;
  return one.hostname === other.hostname || isAbove(one.hostname, other.hostname) || isAbove(other.hostname, one.hostname);
}

const isAbove = (parent: string, child: string): boolean => parent.includes(".") && child.endsWith(`.${parent}`);

/**
 * The web origin of the page that asks, if that is on another site than this gateway, as the browser says (Fetch Metadata); else null.
 * Whether a cookie came says nothing: a browser may send one and keep others away. Browsers without Fetch Metadata are judged by `Origin`.
 */
export function crossSiteOriginOf(request: Request, { own, isValid }: Pick<OriginCheck, "own" | "isValid">): string | null {
  const origin = request.headers.get("origin");
  if (origin === null || !isValid(origin)) return null;
  const site = request.headers.get("sec-fetch-site");
  const isCrossSite = site === null ? !isSameSite(origin, own) : site === "cross-site";
  return isCrossSite ? origin : null;
}
