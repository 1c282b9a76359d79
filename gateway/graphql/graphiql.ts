import { Hono } from "hono";
import { type Asset, IMMUTABLE, readAssets, serveAsset } from "../http/assets.ts";

/** Monaco, the editor, makes styles of its own; everything else comes from files of this origin. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "worker-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** An example that asks for a token of the connector `slug`. */
const exampleQuery = (slug: string): string => `# A live access token for the signed-in user, or the exact reason why there is none.
#
# Who is asking? In development, open the sign-in link that the server printed at its start:
# this page then asks as the user who signed in. Anywhere else put a session token under
# "Headers":  { "Authorization": "Bearer …" }   and get one on the command line:
# npx xkit-gateway users token <user id>

query Token {
  viewer {
    id
  }
  accessToken(where: { slug: ${JSON.stringify(slug)} }) {
    ... on AccessToken {
      value
      expiresAt
      fingerprint
    }
    ... on NotConnected {
      message
      connectorUrl
    }
    ... on ReconnectRequired {
      message
      reason
      connectorUrl
    }
    ... on TokenWithheld {
      message
    }
    ... on TemporarilyUnavailable {
      message
      retryAfter
    }
    ... on ConnectorMisconfigured {
      message
    }
  }
}
`;

export interface GraphiqlOptions {
  /** The connector that the example asks for. */
  exampleSlug: string;
  /** In development: a bearer for the user who followed the sign-in link in this browser, or null. */
  findDevelopmentBearer: ((request: Request) => Promise<string | null>) | null;
}

/** GraphiQL: its page, for the endpoint to answer browsers with, and the routes of its assets. */
export interface Graphiql {
  showPage(request: Request): Promise<Response>;
  routes: Hono;
}

/** Whether a browser asks for the page, and not a program for data. */
export const asksForPage = ({ method, headers }: Request): boolean =>
  method === "GET" && (headers.get("accept") ?? "").includes("text/html");

/** The page has 2 kB of its own. Its 9 MB of assets are read when the first browser asks. */
export function createGraphiql({ exampleSlug, findDevelopmentBearer }: GraphiqlOptions): Graphiql {
  const defaultQuery = exampleQuery(exampleSlug);
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
      const bearer = await findDevelopmentBearer?.(request);
      const additionalHeaders = bearer ? { Authorization: `Bearer ${bearer}` } : {};
      // Named as the query too: with a default alone every visit after the first opens an empty tab.
      const query = new URL(request.url).searchParams.get("query") || defaultQuery;
      return renderPage(page, { title: "Xkit Gateway", query, defaultQuery, additionalHeaders });
    },
  };
}

/** The page with its options as data, in which no tag can end. */
function renderPage({ plain, type }: Asset, options: object): Response {
  const json = JSON.stringify(options).replaceAll("<", "\\u003c");
  // A function, to which `$` means nothing.
  const body = plain.toString().replace("{}", () => json);
  return new Response(body, { headers: { "content-type": type, "content-security-policy": POLICY } });
}
