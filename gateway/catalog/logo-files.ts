import { Hono } from "hono";
import { type Asset, readAsset, serveAsset } from "../http/assets.ts";
import { findLogoFile, LOGO_PATH } from "../providers/logos.ts";

/** A logo keeps its name when it changes: browsers ask again after a day, and are told that nothing changed. */
const MAXIMUM_AGE_SECONDS = 86_400;

/** A logo that is opened as a page runs nothing and loads nothing. Catalogs on other origins may show it. */
const headers = {
  "cache-control": `public, max-age=${MAXIMUM_AGE_SECONDS}`,
  "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
  "cross-origin-resource-policy": "cross-origin",
};

/** The logos of known providers. Each is read once. */
export function createLogoRoutes(): Hono {
  const read = new Map<string, Asset>();

  function find(name: string): Asset | null {
    const known = read.get(name);
    if (known) return known;
    const file = findLogoFile(name);
    if (file === null) return null;
    const asset = readAsset(file);
    read.set(name, asset);
    return asset;
  }

  const routes = new Hono();
  routes.get(`${LOGO_PATH}/:name`, ({ req }) => {
    const logo = find(req.param("name"));
    return logo ? serveAsset(req.raw, logo, headers) : new Response("Not found.", { status: 404 });
  });
  return routes;
}
