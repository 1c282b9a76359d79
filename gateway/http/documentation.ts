import { Hono } from "hono";
import { type Asset, hasAssets, readAssets, serveAsset } from "./assets.ts";

const PATH = "/docs/";
/** Where the documentation is for who has the package alone. */
const PACKAGE_URL = "https://www.npmjs.com/package/xkit-gateway";

/** The site starts itself by a script in each page. */
const POLICY = [
  "default-src 'self'",
  "script-src 'self' 'unsafe-inline'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** Where the documentation is: this gateway's own copy, where it has been built from a clone (`npm run docs:build`), else the package's page. */
export const findDocumentation = (): string => (hasAssets("docs") ? PATH : PACKAGE_URL);

/**
 * The documentation site, for development. It is read when the first page is asked for.
 * @param files the site by its paths; null when it has not been built. Default: the one beside this code.
 */
export function createDocumentationRoutes(files?: ReadonlyMap<string, Asset> | null): Hono {
  let site = files;
  const routes = new Hono();
  routes.get(`${PATH}*`, ({ req }) => {
    if (site === undefined) site = readAssets("docs");
    const path = `/${decodeURIComponent(req.path.slice(PATH.length))}`;
    const asset = site?.get(path.endsWith("/") ? `${path}index.html` : path);
    return asset
      ? serveAsset(req.raw, asset, { "content-security-policy": POLICY, "cache-control": "no-cache" })
      : new Response("Not found.", { status: 404 });
  });
  return routes;
}
