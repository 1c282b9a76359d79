import { Hono } from "hono";
import { type Asset, readAssets } from "./assets.ts";

/** Names with a hash of the content never change their meaning. */
const IMMUTABLE = "public, max-age=31536000, immutable";
/** `/xkit.js` keeps its name: browsers ask again after this long, and are told that nothing changed. */
const SCRIPT_MAXIMUM_AGE_SECONDS = 300;

/**
 * The hosted catalog at `/` and `/connectors/:slug`, its files, and the browser bundle at `/xkit.js`.
 * @param imageUrls logos that the pages show, from wherever the operator put them.
 */
export function createCatalogRoutes(imageUrls: readonly (string | null)[]): Hono {
  const pages = readAssets("catalog");
  const script = readAssets("browser")?.get("/xkit.js") ?? null;
  const policy = createPolicy(imageUrls);
  const pageHeaders = {
    "content-security-policy": policy,
    "cache-control": "no-cache",
    "referrer-policy": "strict-origin-when-cross-origin",
    "x-frame-options": "DENY",
  };

  const servePage = (request: Request): Response => {
    const page = pages?.get("/index.html");
    return page ? serve(request, page, pageHeaders) : notBuilt("The catalog");
  };

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

/** Scripts, styles and requests of this origin alone; images also from where the operator put logos. */
function createPolicy(imageUrls: readonly (string | null)[]): string {
  const origins = new Set(imageUrls.flatMap((url) => (url?.startsWith("http") ? new URL(url).origin : [])));
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    `img-src 'self' data: ${[...origins].join(" ")}`.trim(),
    "font-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}

function serve(request: Request, asset: Asset, headers: Record<string, string>): Response {
  const all = { ...headers, etag: asset.etag, vary: "accept-encoding", "x-content-type-options": "nosniff" };
  if (request.headers.get("if-none-match")?.includes(asset.etag)) return new Response(null, { status: 304, headers: all });
  const isGzipped = /\bgzip\b/.test(request.headers.get("accept-encoding") ?? "");
  const encoding: Record<string, string> = isGzipped ? { "content-encoding": "gzip" } : {};
  return new Response(new Uint8Array(isGzipped ? asset.gzipped : asset.plain), {
    headers: { ...all, ...encoding, "content-type": asset.type },
  });
}

const notBuilt = (what: string): Response => new Response(`${what} has not been built: run "npm run build".\n`, { status: 503 });
