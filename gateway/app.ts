import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { Hono } from "hono";
import { forbidden, GatewayError } from "../schema/errors.ts";
import { type Clock, systemClock } from "./runtime/clock.ts";
import { createCatalogRoutes } from "./catalog/routes.ts";
import type { Config } from "./config/config.ts";
import { createContinueRoutes } from "./connect/continue-link.ts";
import { createHandOver } from "./connect/popup-handoff.ts";
import { createPopupRoutes } from "./connect/popup.ts";
import { createConnectRoutes } from "./connect/routes.ts";
import { createSignInRoute } from "./connect/sign-in.ts";
import { createStatusChannel } from "./rest/socket.ts";
import { createContextFactory } from "./context.ts";
import { createGraphql } from "./graphql/endpoint.ts";
import { headersWhenTooLong, isHangUp, limitBody } from "./http/body-limit.ts";
import { createLog, type Log } from "./runtime/log.ts";
import { createMetrics } from "./runtime/metrics.ts";
import { createRelayedSignIn } from "./auth/relayed-sign-in.ts";
import { createRestCors, createRestRoutes } from "./rest/routes.ts";
import { openStore } from "./services.ts";
import { createUpstream } from "./upstream/create.ts";
import { observeOutcomes } from "./upstream/observe.ts";

/** Longest body of any request. */
const MAXIMUM_BODY_BYTES = 262_144;
/** Methods that no `Request` can have (fetch.spec.whatwg.org, "forbidden method"). */
const FORBIDDEN_METHODS: readonly string[] = ["CONNECT", "TRACE", "TRACK"];
const ALLOWED_METHODS = "GET, HEAD, POST, PUT, DELETE, OPTIONS";
/** The status of a request whose client is gone: for the log alone. */
const HUNG_UP_STATUS = 499;

/** A gateway, without a port: hand it requests. */
export interface App {
  fetch(this: void, request: Request): Promise<Response>;
  /** Takes a WebSocket over, or refuses it. */
  upgrade(this: void, request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Mints a user token, making the user known first: what the command line and the demo hand out. */
  provisionUser: (input: { id: string; groupId?: string | null; name?: string | null }) => Promise<{ token: string; expiresAt: Date }>;
  /** Ends every subscription, which would otherwise keep a stopping server waiting. */
  endSubscriptions(): void;
  /** Lets running refreshes finish, then closes the store. */
  close(): Promise<void>;
}

export interface AppParts {
  clock?: Clock;
  log?: Log;
}

/**
 * Builds a gateway from its configuration.
 * Throws `ConfigError` when the store's secrets do not open, `MigrationError` when the store is of another version, and whatever the
 * store's driver throws when it cannot be reached.
 */
export async function createApp(config: Config, { clock = systemClock, log = createLog(config.logLevel) }: AppParts = {}): Promise<App> {
  const { database, sealer, auth: ownAuth, close } = await openStore(config, clock, log);
  const { connectors, publicUrl, platform, providerTimeoutMs: timeoutMs } = config;
  const users = { ...ownAuth.users, provision: ownAuth.provisionUser };
  const metrics = createMetrics();
  const upstream = observeOutcomes(
    await createUpstream(config.upstream, { database, sealer, connectors, clock, log, publicUrl, timeoutMs, users, platform }),
    metrics.countOutcome,
  );
  const auth = upstream.users.knownHere
    ? ownAuth
    : { ...ownAuth, signIn: createRelayedSignIn({ auth: ownAuth, users: upstream.users, sealer }) };
  const { vault } = upstream;
  const { provisionUser } = upstream.forPlatform();
  const contexts = createContextFactory(auth, upstream);
  const isDevelopment = config.mode === "development";

  const graphql = createGraphql({
    contexts,
    log,
    isValidOrigin: auth.origins.isValid,
    maximumBodyBytes: MAXIMUM_BODY_BYTES,
    exampleSlug: [...connectors.keys()][0] ?? "slack",
    findDevelopmentBearer: isDevelopment
      ? async (request) => {
          try {
            const viewer = await auth.signIn.signedInUser(request);
            return viewer && (await provisionUser({ id: viewer.userId })).token;
          } catch (error) {
            // Before an upstream that is away, or without its key pair: the page is good without a bearer, too.
            if (error instanceof GatewayError) return null;
            throw error;
          }
        }
      : null,
  });

  const app = new Hono();
  // Before anything that answers: pages may read each refusal.
  app.use("/api/*", createRestCors(auth.origins.isValid));
  app.use(async (exchange, next) => {
    const { raw } = exchange.req;
    const request = await limitBody(raw, MAXIMUM_BODY_BYTES);
    if (!request) return problem(413, "BAD_USER_INPUT", `The body is longer than ${MAXIMUM_BODY_BYTES} bytes.`, headersWhenTooLong(raw));
    exchange.req.raw = request;
    return next();
  });
  app.get("/healthz", () => Response.json({ status: "alive" }));
  app.get("/readyz", () =>
    Promise.all([database.ping(), auth.signingKeys.current(), upstream.check()]).then(
      () => Response.json({ status: "ready" }),
      (error: unknown) =>
        problem(503, "TEMPORARILY_UNAVAILABLE", error instanceof GatewayError ? error.message : "The store cannot be reached."),
    ),
  );
  app.get("/metrics", async ({ req }) => {
    const asker = await ownAuth.authenticate(req.raw).catch(() => null);
    return asker?.kind === "platform"
      ? metrics.print()
      : problem(401, "UNAUTHENTICATED", "Metrics are for operators: send an API key as Authorization: Basic.");
  });
  app.get("/.well-known/jwks.json", async () =>
    Response.json(await auth.signingKeys.publicJwks(), { headers: { "cache-control": "public, max-age=300" } }),
  );
  const { cookies, origins, signIn } = auth;
  const handOver = createHandOver({ oneTimeTokens: auth.oneTimeTokens, sealer });
  if (vault) {
    const { connectionsOf } = contexts;
    const connecting = { vault, platform, publicUrl, cookies, origins, findSignedIn: signIn.signedInUser, connectionsOf };
    app.route("/", createConnectRoutes(connecting));
    app.route("/", createContinueRoutes({ vault, handOver, signIn, cookies, origins, platform }));
  }
  app.route("/", createPopupRoutes({ handOver, signIn, cookies, origins, platformName: platform.name }));
  app.route(
    "/",
    createRestRoutes({
      createContext: contexts.create,
      sessionsOf: signIn.bind,
      async createOneTimeToken(userId, request, answer) {
        if (!vault) throw forbidden("The popup of xkit.js is the upstream's: bind xkit.js to that, or send the browser to authorize_url.");
        return handOver.create({ userId, browser: contexts.browserOf(request, (header) => answer.append("set-cookie", header)) });
      },
      publicUrl,
      log,
    }),
  );
  const statusChannel = createStatusChannel({
    identify: contexts.follow,
    isValidOrigin: origins.isValid,
    onSignInChange: (listener) => database.changes.listen((topic) => void (/^(session:|user:|everything)/.test(topic) && listener())),
    log,
  });
  app.route("/", createCatalogRoutes({ catalog: upstream.catalog, clock }));
  if (isDevelopment) app.route("/", createSignInRoute({ platform, signIn }));
  app.notFound(({ req }) => problem(404, "NOT_FOUND", `There is nothing at ${req.path.slice(0, 200)}.`));
  const mask = (error: unknown, request: Request): Response => {
    if (isHangUp(error, request)) {
      log.debug({ err: error }, "the client hung up");
      return new Response(null, { status: HUNG_UP_STATUS });
    }
    const id = randomUUID();
    log.error({ id, err: error }, "unexpected error");
    return problem(500, "INTERNAL", `Something went wrong here, not with your request. Tell the operator this id: ${id}`);
  };
  app.onError((error, { req }) => mask(error, req.raw));

  /** GraphQL is the hot path: it has no use for a router that would copy its answers. */
  async function route(request: Request, pathname: string): Promise<Response> {
    if (FORBIDDEN_METHODS.includes(request.method))
      return problem(405, "BAD_USER_INPUT", `No address takes ${request.method}: use one of ${ALLOWED_METHODS}.`, {
        allow: ALLOWED_METHODS,
      });
    try {
      return await (pathname === "/graphql" ? graphql(request) : app.fetch(request));
    } catch (error) {
      return mask(error, request);
    }
  }

  return {
    async fetch(request) {
      const startedAt = performance.now();
      const { pathname } = new URL(request.url);
      const response = await route(request, pathname);
      const ms = performance.now() - startedAt;
      metrics.countRequest(request.method, pathname, response.status, ms / 1000);
      // The path alone: queries carry codes and states.
      log.info({ method: request.method, path: pathname, status: response.status, ms: Math.round(ms) }, "request");
      return response;
    },
    provisionUser,
    upgrade: statusChannel.upgrade,
    endSubscriptions() {
      statusChannel.close();
      upstream.endSubscriptions();
    },
    async close() {
      statusChannel.close();
      upstream.endSubscriptions();
      await upstream.close();
      await close();
    },
  };
}

const problem = (status: number, code: string, error: string, headers: Record<string, string> = {}): Response =>
  Response.json({ error, code }, { status, headers: { "cache-control": "no-store", ...headers } });
