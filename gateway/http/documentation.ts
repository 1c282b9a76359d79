import { Hono } from "hono";
import { type Asset, readAssets, serveAsset } from "./assets.ts";

export const DOCUMENTATION_PATH = "/docs/";
/** The site is not part of the package. */
const NOT_BUILT =
  'The documentation has not been built: run "npm run docs:build" in a clone, and load this page again. An installed package does not contain it: the README.md in node_modules/xkit-gateway is the way in, and npx xkit-gateway --help lists the commands.\n';

/** The site starts itself by a script in each page. */
const POLICY = [
  "default-src 'self'",
  "script-src 'self' 'unsafe-inline'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** A page of the site, also without `index.html` or `.html`, or a file of it. */
function findFile(site: ReadonlyMap<string, Asset>, encodedPath: string): Asset | undefined {
  let path: string;
  try {
    path = `/${decodeURIComponent(encodedPath)}`;
  } catch {
    return undefined;
  }
  return site.get(path.endsWith("/") ? `${path}index.html` : path) ?? site.get(`${path}.html`);
}

/** The site's own page for what is not there. */
const notFound = (site: ReadonlyMap<string, Asset>): Response => {
  const page = site.get("/404.html");
  const headers = { "content-type": page?.type ?? "text/plain; charset=utf-8", "content-security-policy": POLICY };
  return new Response(page ? new Uint8Array(page.plain) : "Not found.", { status: 404, headers });
};

/**
 * The documentation site, for development. It is read when the first page is asked for, once it has been built.
 * @param files the site by its paths; null when it has not been built. Default: the one beside this code.
 */
export function createDocumentationRoutes(files?: ReadonlyMap<string, Asset> | null): Hono {
  let site = files ?? null;
  const routes = new Hono();
  routes.get(`${DOCUMENTATION_PATH}*`, ({ req }) => {
    if (files === undefined) site ??= readAssets("docs");
    if (!site) return new Response(NOT_BUILT, { status: 503 });
    const asset = findFile(site, req.path.slice(DOCUMENTATION_PATH.length));
    return asset ? serveAsset(req.raw, asset, { "content-security-policy": POLICY, "cache-control": "no-cache" }) : notFound(site);
  });
  return routes;
}
