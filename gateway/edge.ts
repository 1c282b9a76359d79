import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { Hono } from "hono";
import { createLazyAdmin } from "./admin/lazy.ts";
import { isStaleCredential } from "./auth/bearer.ts";
import { developmentUsersOf } from "./auth/development-users.ts";
import { listenToSignIns } from "./auth/sign-in-changes.ts";
import { createCatalogRoutes } from "./catalog/routes.ts";
import type { Config } from "./config/config.ts";
import { createContinueRoutes } from "./connect/continue-link.ts";
import { createPopupTokens, handOffToPopup, type HandoffTokens } from "./connect/handoff.ts";
import { type Pages, renderSignedIn } from "./connect/page.ts";
import { sentencesFor } from "../client/languages/sentences.ts";
import { createFaviconRoute } from "./connect/favicon.ts";
import { createPageLinkRoutes, createPageLinkTokens, linkPage } from "./connect/page-link.ts";
import { admitWithoutSignIn, createPopupRoutes } from "./connect/popup.ts";
import { createPopupSignIn } from "./connect/popup-sign-in.ts";
import { createConnectRoutes } from "./connect/routes.ts";
import { createSignInRoute, SIGN_IN_PATH, renderUserForms } from "./connect/sign-in.ts";
import { createSignOutRoute } from "./connect/sign-out.ts";
import { pageSurfaceOf } from "./connect/surface.ts";
import { createPendingHandoffs } from "./connect/switch-user.ts";
import { createContextFactory } from "./context.ts";
import { findDevelopmentBearer } from "./graphql/development-bearer.ts";
import { createGraphql } from "./graphql/endpoint.ts";
import { exampleConnectorOf } from "./graphql/example-tabs.ts";
import { createGraphiql, type Development, type Graphiql } from "./graphql/graphiql.ts";
import { graphqlSurface } from "./graphql/surface.ts";
import type { TrustedDocuments } from "./graphql/trusted-documents.ts";
import { limitBody } from "./http/body-limit.ts";
import { forwardedHeadersOf } from "./http/client-address.ts";
import { sendAnswer } from "./http/compress.ts";
import { allowWebOrigins } from "./http/cors.ts";
import { createDocumentationRoutes, DOCUMENTATION_PATH } from "./http/documentation.ts";
import { createExchange } from "./http/exchange.ts";
import { createCookieList } from "./http/plain-answer.ts";
import { refuseForbiddenMethods } from "./http/forbidden-methods.ts";
import { maskErrors } from "./http/mask.ts";
import { measure } from "./http/measure.ts";
import { answerNotFound, refuseOtherMethods } from "./http/not-found.ts";
import { createOperatorRoutes } from "./http/operator-routes.ts";
import type { Peer } from "./http/peer.ts";
import { createPipeline, type Handler, type Routed, type Surface } from "./http/pipeline.ts";
import { countRefusal, createRateLimits } from "./http/rate-limits.ts";
import { createReadiness, type Degradations } from "./http/readiness.ts";
import { nameRequests } from "./http/request-id.ts";
import { refusePreviews } from "./http/refuse-previews.ts";
import { addSecurityHeaders } from "./http/security-headers.ts";
import { traceRequests } from "./http/trace-requests.ts";
import { answerWithEvents, eventStreamOperation } from "./rest/event-stream.ts";
import { createOpenApiRoute, createRest, type RestHandler } from "./rest/routes.ts";
import { createStatusChannel } from "./rest/socket.ts";
import { restSurfaceOf } from "./rest/surface.ts";
import type { Clock } from "./runtime/clock.ts";
import type { Log } from "./runtime/log.ts";
import type { Metrics } from "./runtime/metrics.ts";
import type { Telemetry } from "./runtime/telemetry.ts";
import type { Primary } from "./runtime/primary.ts";
import { createRateLimiter, type RateLimiter } from "./runtime/rate-limiter.ts";
import type { Services } from "./services.ts";
import { createSharedRates } from "./store/shared-rates.ts";
import type { Upstream } from "./upstream/upstream.ts";

interface Dependencies {
  config: Config;
  services: Services;
  upstream: Upstream;
  trustedDocuments: TrustedDocuments;
  telemetry: Telemetry;
  clock: Clock;
  log: Log;
  /** What this process shares with the other workers of its gateway. Null: it is alone. */
  primary: Primary | null;
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
  const {
    config,
    telemetry: { metrics, tracing },
    log,
  } = dependencies;
  const parts = createParts(dependencies);
  const { auth, limitsOf, readiness } = parts;
  const pipeline = createPipeline(
    [
      measure(metrics, log),
      nameRequests,
      addSecurityHeaders({ strictTransport: config.strictTransport }),
      allowWebOrigins(auth.origins.isValid),
      refuseForbiddenMethods,
      refusePreviews,
      limitBody,
    ],
    createRouter(parts),
    maskErrors(log),
    sendAnswer,
  );
  const handle = tracing ? traceRequests(tracing, pipeline) : pipeline;
  const exchangeParts = { authenticate: auth.authenticate, limitsOf, surfaceOf: createSurfaces(parts) };
  const sockets = createSockets(parts);

  return {
    fetch: (request, peer) => handle(createExchange(exchangeParts, request, peer ?? null)),
    upgrade: sockets.upgrade,
    drain: readiness.drain,
    closeSockets: sockets.close,
  };
}

type Parts = ReturnType<typeof createParts>;

/** What several of them share. */
function createParts(dependencies: Dependencies) {
  const { config, services, upstream, telemetry, log, primary } = dependencies;
  const { auth, database, sealer, audit: audits } = services;
  const { signIn } = upstream.users;
  const handoffServices = { oneTimeTokens: auth.oneTimeTokens, sealer };
  const links = createPageLinkTokens(handoffServices);
  const contexts = createContextFactory(auth, upstream, {
    linkPage: (link, language) => linkPage(links, config.publicUrl, link, language),
    audits,
  });
  const pages: Pages = { platform: config.platform, findViewer: signIn.findViewer };
  const checks = [() => database.checkWritable(), () => auth.signingKeys.current(), () => upstream.check()];
  const degradations = {
    store: () => database.degradation(),
    upstream: () => upstream.degradation(),
    workers: () => primary?.degradation() ?? null,
  };
  showDegradations(telemetry.metrics, degradations);
  const readiness = createReadiness(checks, degradations);
  const limitsOf = createRateLimits({
    ...config.rateLimits,
    warnsOfProxy: config.mode === "production",
    log,
    limiter: createLimiter(dependencies),
    isStaleCredential,
  });
  return { ...dependencies, auth, database, audits, signIn, handoffServices, links, contexts, pages, readiness, limitsOf };
}

const showDegradations = ({ readGauge }: Metrics, degradations: Degradations): void =>
  readGauge({
    name: "xkit_degraded",
    help: "1 if a part of the gateway does not work although requests are served. /readyz says what is wrong.",
    labelNames: ["part"],
    ofWorkers: "max",
    read: () => Object.entries(degradations).map(([part, find]) => ({ labels: { part }, value: find() === null ? 0 : 1 })),
  });

/** Counts in the memory of this process, or of the primary for all workers, and over all processes of the store where that is shared. */
function createLimiter({ services: { database }, clock, log, primary }: Dependencies): RateLimiter {
  const share = createSharedRates(database);
  if (!primary) return createRateLimiter({ clock, log, share });
  if (share)
    primary.lendSharing(async (counts) => {
      const shared = await share(counts);
      return shared.map(({ key, drainedAt }) => ({ key, ms: drainedAt - clock.now() }));
    });
  return primary.limiter;
}

function createSurfaces({ pages }: Parts) {
  const pageSurface = pageSurfaceOf(pages);
  return (pathname: string): Surface => {
    if (pathname === "/graphql") return graphqlSurface;
    return pathname.startsWith("/api/") ? restSurfaceOf(pathname) : pageSurface;
  };
}

/** GraphQL and REST are the hot paths: they have no use for a router that would copy their answers. */
function createRouter(parts: Parts): Handler {
  const graphiql = parts.config.graphiql ? openGraphiql(parts) : null;
  const graphql = createGraphql({ ...parts, graphiql });
  const handoffs = createPopupTokens(parts.handoffServices);
  const routes = createRoutes(parts, graphiql, handoffs);
  const rest = createContract(parts, handoffs);
  const route: Handler = async (exchange) => rest(exchange) ?? routes.fetch(exchange.request, exchange);
  return (exchange) => (exchange.surface === graphqlSurface ? graphql(exchange) : route(exchange));
}

function openGraphiql({ config, upstream, signIn: { findViewer } }: Parts): Graphiql {
  const { provisionUser } = upstream.forPlatform();
  const users = developmentUsersOf(config);
  const development: Development = {
    findViewer,
    findBearer: (viewer) => findDevelopmentBearer({ provisionUser }, viewer),
    renderUser: (viewer) => (viewer ? renderSignedIn(viewer, sentencesFor("en")) : renderUserForms(users, "/graphql")),
  };
  return createGraphiql({
    documentationPath: config.mode === "development" ? DOCUMENTATION_PATH : null,
    example: exampleConnectorOf([...config.connectors.values()][0]),
    development: config.mode === "development" ? development : null,
  });
}

/** Pages, and what is asked too seldom to have a way of its own. */
function createRoutes(parts: Parts, graphiql: Graphiql | null, handoffs: HandoffTokens): Hono<Routed> {
  const { config, auth, signIn, telemetry, readiness, pages, upstream, clock, contexts } = parts;
  const routes = new Hono<Routed>();
  routes.route(
    "/",
    createOperatorRoutes({ metrics: telemetry.metrics, checkReady: readiness.check, publicJwks: auth.signingKeys.publicJwks }),
  );
  const { webhook } = upstream;
  routes.get(eventStreamOperation.path, ({ env }) => answerWithEvents(env, () => contexts.create(env, createCookieList())));
  if (webhook) routes.post(webhook.path, ({ env }) => webhook.receive(env.request));
  routes.route("/", createConnectingRoutes(parts, handoffs));
  routes.route("/", createFaviconRoute(config.platform));
  routes.route("/", createSignOutRoute({ pages, signIn, origins: auth.origins }));
  routes.route("/", createOpenApiRoute(openApiFacts(parts)));
  routes.route("/", createLazyAdmin({ ...parts, sealer: parts.services.sealer, checkReady: readiness.check }));
  if (graphiql) routes.route("/", graphiql.routes);
  routes.route("/", createCatalogRoutes({ catalog: upstream.catalog, clock }));
  if (config.mode === "development") {
    routes.route("/", createDocumentationRoutes());
    const { provisionUser } = upstream.forPlatform();
    routes.route("/", createSignInRoute({ pages, signIn, origins: auth.origins, users: developmentUsersOf(config), provisionUser }));
  }
  routes.notFound(
    ({ req, env }) =>
      refuseOtherMethods(env, (method) => routes.router.match(method, req.path)[0].length > 0) ?? answerNotFound(config.publicUrl, req.raw),
  );
  // The pipeline masks errors.
  routes.onError((error) => {
    throw error;
  });
  return routes;
}

/** The pages between a click on "Connect" and a connection. Before an upstream with pages of its own, only the popup's. */
function createConnectingRoutes(
  { config, auth, upstream, audits, signIn, pages, links, handoffServices, log }: Parts,
  handoffs: HandoffTokens,
): Hono<Routed> {
  const { bindings, cookies, origins, users } = auth;
  const shared = { signIn, bindings, origins, pages, findUser: users.find };
  const routes = new Hono<Routed>();
  const popup = { handoffs, origins, pages };
  if (!upstream.pages) return routes.route("/", createPopupRoutes({ ...popup, admit: admitWithoutSignIn }));
  const { vault, callerOf } = upstream.pages;
  const signInPath = config.mode === "development" ? SIGN_IN_PATH : null;
  const { admit, routes: switching } = createPopupSignIn({ ...shared, vault, cookies, pending: createPendingHandoffs(handoffServices) });
  routes.route("/", createConnectRoutes({ ...shared, vault, callerOf, audits, publicUrl: config.publicUrl, signInPath, log }));
  routes.route("/", createContinueRoutes({ ...shared, vault, handoffs }));
  routes.route("/", createPageLinkRoutes({ ...shared, vault, links }));
  routes.route("/", switching);
  return routes.route("/", createPopupRoutes({ ...popup, admit }));
}

/** The REST contract. */
function createContract(parts: Parts, handoffs: HandoffTokens): RestHandler {
  const { contexts, signIn, upstream } = parts;
  const vault = upstream.pages?.vault ?? null;
  return createRest({
    createContext: contexts.create,
    sessionsOf: ({ request, limits }, answer) => signIn.bind(request, answer, limits),
    createOneTimeToken: (userId, { limits }) => handOffToPopup({ vault, handoffs }, userId, limits),
  });
}

const openApiFacts = ({ config, auth }: Parts) => ({ publicUrl: config.publicUrl, sessionCookie: auth.cookies.session.name });

const createSockets = ({ database, auth, contexts, limitsOf, log, primary }: Parts) =>
  createStatusChannel({
    identify(bearer, { socket, headers }) {
      const limits = limitsOf({ address: socket.remoteAddress }, forwardedHeadersOf(headers));
      return countRefusal(limits, contexts.follow(bearer, limits));
    },
    isValidOrigin: auth.origins.isValid,
    onSignInChange: (listener) => listenToSignIns(database.changes, listener),
    log,
    createUserLimit: primary?.limitOf("sockets"),
  });
