import { Hono } from "hono";
import { html } from "hono/html";
import type { HtmlEscapedString } from "hono/utils/html";
import type { Viewer } from "../../schema/upstream.ts";
import { type Asset, IMMUTABLE, readAssets, serveAsset } from "../http/assets.ts";
import { answerCompressed } from "../http/compress.ts";
import { type ExampleConnector, exampleTabs } from "./example-tabs.ts";

/** Monaco, the editor, makes styles of its own; everything else comes from files of this origin. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "worker-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join("; ");

export interface GraphiqlOptions {
  /** The connector that the examples ask for. */
  example: ExampleConnector;
  /** Null where it is not served. */
  documentationPath: string | null;
  development: Development | null;
}

/** Who asks, in development: the user who is signed in in this browser. */
export interface Development {
  findViewer(request: Request): Promise<Viewer | null>;
  /** A bearer for the user, or null. */
  findBearer(viewer: Viewer): Promise<string | null>;
  /** The user with a way to sign out, or ways to sign in. */
  renderUser(viewer: Viewer | null): Html;
}

type Html = HtmlEscapedString | Promise<HtmlEscapedString>;

/** GraphiQL: its page, for the endpoint to answer browsers with, and the routes of its assets. */
export interface Graphiql {
  showPage(request: Request): Promise<Response>;
  routes: Hono;
}

/** Whether a browser asks for the page, and not a program for data. */
export const asksForPage = ({ method, headers }: Request): boolean =>
  method === "GET" && (headers.get("accept") ?? "").includes("text/html");

/** The page is small. Its 9 MB of assets are read when the first browser asks. */
export function createGraphiql({ example, documentationPath, development }: GraphiqlOptions): Graphiql {
  const defaultTabs = exampleTabs(example);
  const defaultQuery = defaultTabs[0].query;
  let files: ReadonlyMap<string, Asset> | null = null;
  const find = (path: string) => (files ??= readAssets("graphiql"))?.get(path);
  const routes = new Hono();
  routes.get("/assets/graphiql/:file", ({ req }) => {
    const asset = find(req.path);
    return asset ? serveAsset(req.raw, asset, { "cache-control": IMMUTABLE }) : new Response("Not found.", { status: 404 });
  });
  return {
    routes,
    async showPage(request) {
      const page = find("/index.html");
      if (!page) return new Response('GraphiQL has not been built: run "npm run build".\n', { status: 503 });
      // In an outage the page is shown without the user.
      const viewer = (await development?.findViewer(request).catch(() => null)) ?? null;
      const bearer = viewer && (await development?.findBearer(viewer));
      const additionalHeaders = bearer ? { Authorization: `Bearer ${bearer}` } : {};
      // Named as the query too: with defaults alone every visit after the first opens an empty tab.
      const query = new URL(request.url).searchParams.get("query") || defaultQuery;
      const bar = await renderBar(documentationPath, development?.renderUser(viewer) ?? "");
      const body = renderPage(page, String(bar), { title: "Xkit Gateway", query, defaultQuery, defaultTabs, additionalHeaders });
      const headers = headersOf(page);
      // With a user or a bearer in it, its length would tell of that (SECURITY.md, "BREACH").
      return viewer ? new Response(body, { headers }) : answerCompressed(request, body, headers);
    },
  };
}

/** What is above GraphiQL: the ways to catalog and documentation, and in development who asks. */
const renderBar = (documentationPath: string | null, user: Html | ""): Html =>
  html`<nav aria-label="Xkit Gateway">
    <strong>Xkit Gateway</strong>
    <a href="/">Catalog</a>
    ${documentationPath === null ? "" : html`<a href="${documentationPath}">Documentation</a>`} ${user}
  </nav>`;

/** The page with its options as data, in which no tag can end. */
function renderPage({ plain }: Asset, bar: string, options: object): string {
  const json = JSON.stringify(options).replaceAll("<", "\\u003c");
  // Functions, to which `$` means nothing.
  return (
    plain
      .toString()
      // First, as the bar may hold braces too, in a user's name. No comment is in the options.
      .replace("{}", () => json)
      .replace("<!--bar-->", () => bar)
  );
}

const headersOf = ({ type }: Asset): Record<string, string> => ({
  "content-type": type,
  "content-security-policy": POLICY,
  // With `no-referrer` a browser would send a form with `Origin: null` (fetch.spec.whatwg.org, "append a request Origin header").
  "referrer-policy": "same-origin",
});
