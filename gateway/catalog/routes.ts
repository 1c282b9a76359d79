import { Hono } from "hono";
import type { Catalog } from "../../schema/upstream.ts";
import type { Clock } from "../runtime/clock.ts";
import { type Language, LANGUAGES } from "../../client/languages/language.ts";
import { sentencesFor } from "../../client/languages/sentences.ts";
import { type Asset, createAsset, IMMUTABLE, readAssets, serveAsset } from "../http/assets.ts";
import { LANGUAGE_HEADER, languageOfPage } from "../http/language.ts";
import { createLogoRoutes } from "./logo-files.ts";
import { createLogoOrigins } from "./logos.ts";

/** `/xkit.js` and what it loads keep their names: browsers ask again after this long, and are told that nothing changed. */
const SCRIPT_MAXIMUM_AGE_SECONDS = 300;

interface Dependencies {
  catalog: Catalog;
  clock: Clock;
  /** The built pages, and the browser bundle; null when they have not been built. Default: those beside this code. */
  pages?: ReadonlyMap<string, Asset> | null;
  bundle?: ReadonlyMap<string, Asset> | null;
}

/** The files of a folder, read when the first of them is asked for. */
function readLater(folder: Parameters<typeof readAssets>[0], given: ReadonlyMap<string, Asset> | null | undefined) {
  let files = given;
  return (path: string): Asset | undefined => {
    if (files === undefined) files = readAssets(folder);
    return files?.get(path);
  };
}

/** The hosted catalog at `/` and `/connectors/:slug`, its files, the logos of known providers, and the browser bundle at `/xkit.js` with the catalog that it opens. */
export function createCatalogRoutes({ catalog, clock, pages, bundle }: Dependencies): Hono {
  const findPage = readLater("catalog", pages);
  const findScript = readLater("browser", bundle);
  const findLogoOrigins = createLogoOrigins(catalog, clock);
  let translated: ReadonlyMap<Language, Asset> | undefined;

  async function servePage(request: Request): Promise<Response> {
    const page = findPage("/index.html");
    if (!page) return notBuilt("The catalog");
    translated ??= new Map(LANGUAGES.map((language) => [language, translate(page, language)]));
    return serveAsset(request, translated.get(languageOfPage(request)) ?? page, {
      vary: LANGUAGE_HEADER,
      "content-security-policy": createPolicy(await findLogoOrigins()),
      "cache-control": "no-cache",
      "referrer-policy": "strict-origin-when-cross-origin",
    });
  }

  const routes = new Hono();
  for (const path of ["/", "/connectors", "/connectors/:slug"]) routes.get(path, ({ req }) => servePage(req.raw));
  routes.get("/assets/*", ({ req }) => {
    const asset = findPage(req.path);
    return asset ? serveAsset(req.raw, asset, { "cache-control": IMMUTABLE }) : new Response("Not found.", { status: 404 });
  });
  const serveScript = (path: string, request: Request): Response => {
    const headers = {
      "cache-control": `public, max-age=${SCRIPT_MAXIMUM_AGE_SECONDS}`,
      "cross-origin-resource-policy": "cross-origin",
      "access-control-allow-origin": "*",
    };
    const script = findScript(path);
    return script ? serveAsset(request, script, headers) : notBuilt("The browser bundle");
  };
  for (const path of ["/xkit.js", "/catalog-dialog.js"]) routes.get(path, ({ req }) => serveScript(path, req.raw));
  routes.route("/", createLogoRoutes());
  return routes;
}

/** The document in another language than it was built in: what it says before its script runs, and which language that loads. */
function translate({ type, plain }: Asset, language: Language): Asset {
  const { hosted: built } = sentencesFor("en");
  const { hosted } = sentencesFor(language);
  const text = plain
    .toString()
    .replace('<html lang="en"', `<html lang="${language}"`)
    .replace(built.title, hosted.title)
    .replace(built.needsScript, hosted.needsScript);
  return createAsset(type, Buffer.from(text));
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

const notBuilt = (what: string): Response => new Response(`${what} has not been built: run "npm run build".\n`, { status: 503 });
