import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Viewer, ViewerConnections } from "../../schema/upstream.ts";
import { type Config, parseConfig } from "../config/config.ts";
import { requestWithBearer } from "../http/bearer-request.ts";
import { noLimits } from "../http/rate-limits.ts";
import type { Clock } from "../runtime/clock.ts";
import { createLog } from "../runtime/log.ts";
import { noTelemetry } from "../runtime/telemetry.ts";
import { openServices, type Services } from "../services.ts";
import { createUpstream } from "../upstream/create.ts";
import type { OpenUpstream } from "../upstream/outside/adapter.ts";
import type { Upstream } from "../upstream/upstream.ts";

/** An upstream, as a gateway opens it, and what it stands on. */
export interface OpenedUpstream {
  services: Services;
  upstream: Upstream;
  close(): Promise<void>;
}

/** Opens the upstream that is handed in, else the one that a configuration names. */
export async function openUpstream(config: Config, machine: Clock, open?: OpenUpstream): Promise<OpenedUpstream> {
  const log = createLog("silent");
  const services = await openServices(config, machine, log);
  const timeoutMs = config.providerTimeoutMs;
  const { kind, clock } = services.database;
  const upstream = await createUpstream(config.upstream, {
    ...config,
    ...services,
    timeoutMs,
    clock,
    log,
    open,
    isShared: kind === "postgres",
    countDelivery() {},
    noteOutboxAge() {},
    telemetry: noTelemetry,
  });
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
  { services, upstream }: Pick<OpenedUpstream, "services" | "upstream">,
  bearer: string,
): Promise<IdentifiedUser> {
  const request = requestWithBearer(bearer);
  const authenticate = () => services.auth.authenticate(request);
  const requester = await upstream.users.identify({ request, limits: noLimits, authenticate });
  if (requester.kind !== "user") throw new TypeError("A bearer belongs to a user.");
  const { viewer, connectionsIn } = requester.caller;
  return { viewer: await viewer(), connections: connectionsIn({ bind: () => "", link: null }) };
}

/** Opens an adapter from outside in a gateway of its own, with an empty store that is removed when it closes. */
export async function openAdapter(open: OpenUpstream, clock: Clock): Promise<OpenedUpstream> {
  const directory = mkdtempSync(join(tmpdir(), "xkit-suite-"));
  const env = {
    XKIT_PUBLIC_URL: "http://localhost:4000",
    DATABASE_URL: `file:${join(directory, "xkit.db")}`,
    XKIT_ENCRYPTION_KEYS: `suite:${randomBytes(32).toString("base64")}`,
  };
  const platform = { name: "Acme", website: "https://acme.example", login_redirect_url: "https://acme.example/login" };
  const config = parseConfig(env, { path: "xkit.config.json", text: JSON.stringify({ platform }) });
  const opened = await openUpstream(config, clock, open);
  return {
    ...opened,
    async close() {
      await opened.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
