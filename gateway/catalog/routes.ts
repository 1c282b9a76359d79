import { Hono } from "hono";
import type { Catalog } from "../../schema/upstream.ts";
import type { Clock } from "../runtime/clock.ts";
import { type Asset, readAssets } from "./assets.ts";
import { createLogoOrigins } from "./logos.ts";

/** Names with a hash of the content never change their meaning. */
const IMMUTABLE = "public, max-age=31536000, immutable";
/** `/xkit.js` keeps its name: browsers ask again after this long, and are told that nothing changed. */
const SCRIPT_MAXIMUM_AGE_SECONDS = 300;

interface Dependencies {
  catalog: Catalog;
  clock: Clock;
  /** The built pages, and the browser bundle; null when they have not been built. */
  pages?: ReadonlyMap<string, Asset> | null;
  bundle?: ReadonlyMap<string, Asset> | null;
}

/** The hosted catalog at `/` and `/connectors/:slug`, its files, and the browser bundle at `/xkit.js`. */
export function createCatalogRoutes({ catalog, clock, pages = readAssets("catalog"), bundle = readAssets("browser") }: Dependencies): Hono {
  const script = bundle?.get("/xkit.js");
  const findLogoOrigins = createLogoOrigins(catalog, clock);

  async function servePage(request: Request): Promise<Response> {
    const page = pages?.get("/index.html");
    if (!page) return notBuilt("The catalog");
    return serve(request, page, {
      "content-security-policy": createPolicy(await findLogoOrigins()),
      "cache-control": "no-cache",
      "referrer-policy": "strict-origin-when-cross-origin",
    });
  }

  const routes = new Hono();
  for (const path of ["/", "/connectors", "/connectors/:slug"]) routes.get(path, ({ req }) => servePage(req.raw));
  routes.get("/assets/*", ({ req }) => {
    const asset = pages?.get(req.path);
    return asset ? serve(req.raw, asset, { "cache-control": IMMUTABLE }) : new Response("Not found.", { status: 404 });
  });
  routes.get("/xkit.js", ({ req }) => {
    const headers = {
      "cache-control": `public, max-age=${SCRIPT_MAXIMUM_AGE_SECONDS}`,
      "cross-origin-resource-policy": "cross-origin",
      "access-control-allow-origin": "*",
    };
    return script ? serve(req.raw, script, headers) : notBuilt("The browser bundle");
  });
  return routes;
}

/** Scripts, styles and requests of this origin alone; images also from where the catalog's logos are. */
const createPolicy = (logoOrigins: readonly string[]): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    ["img-src 'self' data:", ...logoOrigins].join(" "),
    "font-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join("; ");

function serve(request: Request, asset: Asset, headers: Record<string, string>): Response {
  const all = { ...headers, etag: asset.etag, vary: "accept-encoding" };
  if (request.headers.get("if-none-match")?.includes(asset.etag)) return new Response(null, { status: 304, headers: all });
  const isGzipped = /\bgzip\b/.test(request.headers.get("accept-encoding") ?? "");
  const encoding: Record<string, string> = isGzipped ? { "content-encoding": "gzip" } : {};
  return new Response(new Uint8Array(isGzipped ? asset.gzipped : asset.plain), {
    headers: { ...all, ...encoding, "content-type": asset.type },
  });
}

const notBuilt = (what: string): Response => new Response(`${what} has not been built: run "npm run build".\n`, { status: 503 });
