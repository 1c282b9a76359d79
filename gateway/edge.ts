import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { Hono } from "hono";
import { html } from "hono/html";
import { forbidden, GatewayError, notFound } from "../schema/errors.ts";
import { isStaleCredential } from "./auth/bearer.ts";
import { createCatalogRoutes } from "./catalog/routes.ts";
import type { Config } from "./config/config.ts";
import { createContinueRoutes } from "./connect/continue-link.ts";
import { createHandoffTokens, type HandoffTokens, handoffSchema } from "./connect/handoff.ts";
import { type Pages, renderFailurePage } from "./connect/page.ts";
import { createPageLinkRoutes, PAGE_LINK_PATH, type PageLink, pageLinkSchema } from "./connect/page-link.ts";
import { createPopupRoutes } from "./connect/popup.ts";
import { createConnectRoutes } from "./connect/routes.ts";
import { createSignInRoute } from "./connect/sign-in.ts";
import { createSignOutRoute } from "./connect/sign-out.ts";
import { SWITCH_SECONDS } from "./connect/switch-user.ts";
import { type ContextFactory, createContextFactory } from "./context.ts";
import { createGraphql } from "./graphql/endpoint.ts";
import { createGraphiql, type Graphiql } from "./graphql/graphiql.ts";
import { graphqlSurface } from "./graphql/surface.ts";
import { limitBody } from "./http/body-limit.ts";
import { allowWebOrigins } from "./http/cors.ts";
import { toProblem } from "./http/failure.ts";
import { refuseForbiddenMethods } from "./http/forbidden-methods.ts";
import { maskErrors } from "./http/mask.ts";
import { measure } from "./http/measure.ts";
import { createOperatorRoutes } from "./http/operator-routes.ts";
import type { Peer } from "./http/peer.ts";
import { createPipeline, type Exchange, type Handler, type Principal, type Routed, type Surface } from "./http/pipeline.ts";
import { createRateLimits, type RequestLimits } from "./http/rate-limits.ts";
import { refusePreviews } from "./http/refuse-previews.ts";
import { addSecurityHeaders } from "./http/security-headers.ts";
import { createRestRoutes } from "./rest/routes.ts";
import { createStatusChannel } from "./rest/socket.ts";
import { restSurfaceOf } from "./rest/surface.ts";
import type { Clock } from "./runtime/clock.ts";
import type { Log } from "./runtime/log.ts";
import type { Metrics } from "./runtime/metrics.ts";
import type { Services } from "./services.ts";
import { createSharedRates } from "./store/shared-rates.ts";
import type { Upstream } from "./upstream/upstream.ts";
import { ATTEMPT_LIFETIME_SECONDS } from "./vault/attempts.ts";

interface Dependencies {
  config: Config;
  services: Services;
  upstream: Upstream;
  metrics: Metrics;
  clock: Clock;
  log: Log;
}

/** Everything that answers requests. */
export interface Edge {
  fetch(this: void, request: Request, peer?: Peer): Promise<Response>;
  upgrade(this: void, request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** From now on the gateway is not ready. Everything is served as before. */
  drain(this: void): void;
  /** Closes every WebSocket. */
  closeSockets(): void;
}

/** Builds the one way in: the steps that each request passes, the routes behind them, and the socket. */
export function createEdge(dependencies: Dependencies): Edge {
  const { config, services, upstream, metrics, clock, log } = dependencies;
  const { auth } = services;
  const { signIn } = upstream.users;
  const links = createHandoffTokens(
    { oneTimeTokens: auth.oneTimeTokens, sealer: services.sealer },
    { name: "page-link", schema: pageLinkSchema, lifetimeSeconds: ATTEMPT_LIFETIME_SECONDS },
  );
  const linkPage = async (link: PageLink) =>
    `${config.publicUrl}${PAGE_LINK_PATH}?${new URLSearchParams({ token: await links.create(link) })}`;
  const contexts = createContextFactory(auth, upstream, linkPage);
  let isDraining = false;
  const pages = { platform: config.platform, findViewer: signIn.findViewer };
  const parts = { ...dependencies, auth, contexts, links, pages, isDraining: () => isDraining };
  const surfaceOf = createSurfaces(pages, config.publicUrl);
  const { isValid } = auth.origins;

  const handle = createPipeline(
    [
      measure(metrics, log),
      addSecurityHeaders({ strictTransport: config.strictTransport }),
      allowWebOrigins(isValid),
      maskErrors(log),
      refuseForbiddenMethods,
      refusePreviews,
      limitBody,
    ],
    createRouter(parts),
  );
  const limitsOf = createRateLimits({
    ...config.rateLimits,
    warnsOfProxy: config.mode === "production",
    clock,
    log,
    share: createSharedRates(services.database),
    isStaleCredential,
  });
  const sockets = createSockets(parts, limitsOf);

  return {
    async fetch(request, peer) {
      const { pathname } = new URL(request.url);
      let principal: ReturnType<Exchange["authenticate"]> | undefined;
      const limits = limitsOf(peer ?? null, request.headers);
      const authenticate = () => (principal ??= countCredential(auth.authenticate(request), limits));
      return handle({ request, pathname, peer: peer ?? null, surface: surfaceOf(pathname), limits, authenticate });
    },
    upgrade: sockets.upgrade,
    drain: () => void (isDraining = true),
    closeSockets: sockets.close,
  };
}

async function countCredential(authenticating: Promise<Principal>, limits: RequestLimits): Promise<Principal> {
  const principal = await limits.countRefusal(authenticating);
  if (principal.kind === "platform") limits.exemptAddress();
  return principal;
}

function createSurfaces(pages: Pages, publicUrl: string) {
  const body = html`<a class="quiet" href="${publicUrl}/">Back to the connectors</a>`;
  const pageSurface: Surface = {
    cors: null,
    challenge: null,
    toBody: toProblem,
    toPage: (request, failure, headers) => renderFailurePage(pages, request, failure, { body, headers }),
  };
  return (pathname: string): Surface => {
    if (pathname === "/graphql") return graphqlSurface;
    return pathname.startsWith("/api/") ? restSurfaceOf(pathname) : pageSurface;
  };
}

interface Parts extends Dependencies {
  auth: Services["auth"];
  contexts: ContextFactory;
  /** What pages on other sites have started. */
  links: HandoffTokens<PageLink>;
  pages: Pages;
  isDraining: () => boolean;
}

/** GraphQL is the hot path: it has no use for a router that would copy its answers. */
function createRouter(parts: Parts): Handler {
  const graphiql = parts.config.graphiql ? openGraphiql(parts) : null;
  const graphql = createGraphql({ ...parts, graphiql });
  const routes = createRoutes(parts, graphiql);
  return async (exchange) => (exchange.surface === graphqlSurface ? graphql(exchange) : routes.fetch(exchange.request, exchange));
}

function openGraphiql({ config, upstream }: Parts): Graphiql {
  const { provisionUser } = upstream.forPlatform();
  const findDevelopmentBearer = async (request: Request) => {
    try {
      const viewer = await upstream.users.signIn.findViewer(request);
      return viewer && (await provisionUser({ id: viewer.userId })).token;
    } catch (error) {
      // Before an upstream that is away, or without its key pair: the page is good without a bearer, too.
      if (error instanceof GatewayError) return null;
      throw error;
    }
  };
  return createGraphiql({
    exampleSlug: [...config.connectors.keys()][0] ?? "slack",
    findDevelopmentBearer: config.mode === "development" ? findDevelopmentBearer : null,
  });
}

/** REST and pages. */
function createRoutes(
  { config, services: { database, sealer }, upstream, auth, contexts, links, pages, metrics, clock, isDraining }: Parts,
  graphiql: Graphiql | null,
): Hono<Routed> {
  const { publicUrl } = config;
  const { signIn } = upstream.users;
  const vault = upstream.pages?.vault ?? null;
  const { bindings, cookies, origins, signingKeys } = auth;
  const handoffs = createHandoffTokens({ oneTimeTokens: auth.oneTimeTokens, sealer }, { name: "one-time-token", schema: handoffSchema });
  const pending = createHandoffTokens(
    { oneTimeTokens: auth.oneTimeTokens, sealer },
    { name: "pending-hand-over", schema: handoffSchema, lifetimeSeconds: SWITCH_SECONDS },
  );
  const routes = new Hono<Routed>();
  const checkReady = async () => {
    if (isDraining()) throw new GatewayError("TEMPORARILY_UNAVAILABLE", "This gateway is stopping.");
    await Promise.all([database.checkWritable(), signingKeys.current(), upstream.check()]);
    return database.degradation();
  };
  routes.route("/", createOperatorRoutes({ metrics, checkReady, publicJwks: signingKeys.publicJwks }));
  if (upstream.pages) {
    const { vault, callerOf } = upstream.pages;
    routes.route("/", createConnectRoutes({ vault, callerOf, pages, publicUrl, bindings, origins }));
    routes.route("/", createContinueRoutes({ vault, handoffs, signIn, bindings, origins, pages }));
    routes.route("/", createPageLinkRoutes({ vault, links, signIn, bindings, origins, pages, findUser: auth.users.find }));
  }
  routes.route("/", createPopupRoutes({ vault, handoffs, pending, signIn, bindings, cookies, origins, pages, findUser: auth.users.find }));
  routes.route("/", createSignOutRoute({ pages, signIn, origins }));
  const rest = {
    createContext: contexts.create,
    sessionsOf: ({ request, limits }: Exchange, answer: Headers) => signIn.bind(request, answer, limits),
    async createOneTimeToken(userId: string, { limits }: Exchange) {
      if (!vault) throw forbidden("The popup of xkit.js is the upstream's: bind xkit.js to that, or send the browser to authorize_url.");
      limits.admit("oneTimeToken", userId);
      return handoffs.create({ userId, stateHash: await vault.findStarted(userId) });
    },
    publicUrl,
  };
  routes.route("/", createRestRoutes(rest));
  if (graphiql) routes.route("/", graphiql.routes);
  routes.route("/", createCatalogRoutes({ catalog: upstream.catalog, clock }));
  if (config.mode === "development") routes.route("/", createSignInRoute({ pages, signIn }));
  routes.notFound(({ req }) => {
    const { pathname, search } = new URL(req.url);
    const isPage = !pathname.startsWith("/api/");
    if (isPage && pathname.endsWith("/") && pathname !== "/")
      return redirectPermanently(`${publicUrl}${pathname.replace(/\/+$/, "")}${search}`);
    throw notFound(isPage ? "There is nothing at this address." : `There is nothing at ${pathname}.`);
  });
  // The pipeline masks errors.
  routes.onError((error) => {
    throw error;
  });
  return routes;
}

/** With the same method. */
const redirectPermanently = (location: string): Response => new Response(null, { status: 308, headers: { location } });

const createSockets = ({ services: { database }, auth, contexts, log }: Parts, limitsOf: ReturnType<typeof createRateLimits>) =>
  createStatusChannel({
    identify: (bearer, { socket, headers }) => {
      const forwarded = new Headers({ "x-forwarded-for": [headers["x-forwarded-for"] ?? ""].flat().join() });
      return limitsOf({ address: socket.remoteAddress }, forwarded).countRefusal(contexts.follow(bearer));
    },
    isValidOrigin: auth.origins.isValid,
    onSignInChange: (listener) => database.changes.listen((topic) => void (/^(session:|user:|everything)/.test(topic) && listener())),
    log,
  });
