import type { Viewer, ViewerConnections } from "../../schema/upstream.ts";
import type { Auth } from "../../gateway/auth/index.ts";
import type { Config } from "../../gateway/config/config.ts";
import { requestWithBearer } from "../../gateway/http/bearer-request.ts";
import { noLimits } from "../../gateway/http/rate-limits.ts";
import type { Clock } from "../../gateway/runtime/clock.ts";
import { createLog } from "../../gateway/runtime/log.ts";
import { openServices, type Services } from "../../gateway/services.ts";
import { createUpstream } from "../../gateway/upstream/create.ts";
import type { OpenUpstream as OpenAdapter } from "../../gateway/upstream/outside/adapter.ts";
import type { Upstream } from "../../gateway/upstream/upstream.ts";
import type { AuthorizationServer } from "./authorization-server.ts";
import { createTestDatabase } from "./databases.ts";
import { createTestConfig } from "./test-app.ts";

/** The upstream of a configuration, as a gateway opens it. */
export interface OpenUpstream {
  services: Services;
  upstream: Upstream;
  close(): Promise<void>;
}

/** Opens the upstream that is handed in, else the one that a configuration names, and what it stands on. */
export async function openUpstream(config: Config, clock: Clock, open?: OpenAdapter): Promise<OpenUpstream> {
  const log = createLog("silent");
  const services = await openServices(config, clock, log);
  const timeoutMs = config.providerTimeoutMs;
  const upstream = await createUpstream(config.upstream, { ...config, ...services, timeoutMs, clock, log, open, countOutcome() {} });
  return {
    services,
    upstream,
    async close() {
      upstream.endSubscriptions();
      await upstream.close();
      await services.close();
    },
  };
}

/** A user, and what they have at an upstream. */
export interface IdentifiedUser {
  viewer: Viewer;
  connections: ViewerConnections;
}

/** Who the user of a bearer is. */
export async function identify(
  { services, upstream }: Pick<OpenUpstream, "services" | "upstream">,
  bearer: string,
): Promise<IdentifiedUser> {
  const request = requestWithBearer(bearer);
  const authenticate = () => services.auth.authenticate(request);
  const requester = await upstream.users.identify({ request, limits: noLimits, authenticate });
  if (requester.kind !== "user") throw new TypeError("A bearer is a user's.");
  const { viewer, connectionsIn } = requester.caller;
  return { viewer: await viewer(), connections: connectionsIn({ bind: () => "", link: null }) };
}

/** An Xkit upstream, and its users by their bearers. */
export interface OpenXkit {
  upstream: Upstream;
  identify(bearer: string): Promise<IdentifiedUser>;
  /** Where users are the gateway's own: makes one known, and a bearer of theirs. */
  provision: Auth["provisionUser"];
  close(): Promise<void>;
}

/** Opens the upstream of a gateway with `XKIT_UPSTREAM=xkit`. */
export async function openXkit(
  { url, keys }: { url: string; keys: { publishable: string; secret: string } },
  provider: AuthorizationServer,
  clock: Clock,
  users: "relayed" | "ours" = "relayed",
): Promise<OpenXkit> {
  const database = await createTestDatabase("sqlite");
  const env = {
    XKIT_UPSTREAM: "xkit",
    XKIT_UPSTREAM_URL: url,
    XKIT_UPSTREAM_PUBLISHABLE_KEY: keys.publishable,
    XKIT_UPSTREAM_SECRET_KEY: keys.secret,
    XKIT_UPSTREAM_USERS: users,
  };
  const config = createTestConfig(provider, database, { file: { connectors: [] }, env });
  const { services, upstream, close } = await openUpstream(config, clock);
  return {
    upstream,
    provision: services.auth.provisionUser,
    identify: (bearer) => identify({ services, upstream }, bearer),
    async close() {
      await close();
      await database.drop();
    },
  };
}
