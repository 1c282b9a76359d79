import { Hono } from "hono";
import { type Asset, readAssets, serveAsset } from "./assets.ts";

export const DOCUMENTATION_PATH = "/docs/";
/** It is not part of the package. */
const NOT_BUILT = 'The documentation has not been built: run "npm run docs:build" in a clone, and load this page again.\n';

/** The site starts itself by a script in each page. */
const POLICY = [
  "default-src 'self'",
  "script-src 'self' 'unsafe-inline'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join("; ");

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
    const path = `/${decodeURIComponent(req.path.slice(DOCUMENTATION_PATH.length))}`;
    const asset = site.get(path.endsWith("/") ? `${path}index.html` : path);
    return asset
      ? serveAsset(req.raw, asset, { "content-security-policy": POLICY, "cache-control": "no-cache" })
      : new Response("Not found.", { status: 404 });
  });
  return routes;
}
