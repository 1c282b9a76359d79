import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { warnOfSharedIds } from "./auth/id-sources.ts";
import { type Config, ConfigError } from "./config/config.ts";
import type { Audit } from "./custody/audit.ts";
import { startAuditRetention } from "./custody/audit-retention.ts";
import { createEdge } from "./edge.ts";
import { readTrustedDocuments } from "./graphql/trusted-documents.ts";
import { type Clock, systemClock } from "./runtime/clock.ts";
import type { Peer } from "./http/peer.ts";
import { createLog, type Log } from "./runtime/log.ts";
import { createMetrics, type Metrics } from "./runtime/metrics.ts";
import type { TracesConfig, Tracing } from "./runtime/tracing.ts";
import type { Primary } from "./runtime/primary.ts";
import { openServices, type Services } from "./services.ts";
import { createUpstream } from "./upstream/create.ts";
import type { OpenUpstream } from "./upstream/outside/adapter.ts";

/** A gateway, without a port: hand it requests. */
export interface App {
  /** @param peer The other end of the socket; left out where there is none. */
  fetch(this: void, request: Request, peer?: Peer): Promise<Response>;
  /** Takes a WebSocket over, or refuses it. */
  upgrade(this: void, request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Mints a user token, making the user known first: what the command line and the demo hand out. */
  provisionUser: (input: { id: string; groupId?: string | null; name?: string | null }) => Promise<{ token: string; expiresAt: Date }>;
  /** From now on `/readyz` answers 503, so that balancers send no more. Everything else is served. */
  drain(this: void): void;
  /** Ends every subscription, which would otherwise keep a stopping server waiting. */
  endSubscriptions(): void;
  /** Lets running refreshes finish, then closes the store. */
  close(): Promise<void>;
}

const OTEL_PACKAGES = ["api@1.9", "core@2", "resources@2", "sdk-trace-base@2", "exporter-trace-otlp-proto@0.223"]
  .map((name) => `@opentelemetry/${name}`)
  .join(" ");

export interface AppParts {
  /** This machine's. */
  clock?: Clock;
  log?: Log;
  /** Opens the holder of the tokens, in place of the one that the configuration names. */
  upstream?: OpenUpstream;
  /** How long a stop waits for providers and for the store to take their tokens, in milliseconds of real time. Default 8 s. */
  stopWaitMs?: number | undefined;
}

/**
 * Builds a gateway from its configuration: store, then upstream, then what answers requests.
 * Throws `ConfigError` when the store's secrets do not open, a manifest of documents cannot be used, or the configuration states what a
 * given upstream decides, `MigrationError` when the store is of another version, and what the store's driver or a given upstream throws
 * when it cannot be opened. Then nothing stays open.
 */
export const createApp = (config: Config, parts: AppParts = {}): Promise<App> => createAppBeside(null, config, parts);

/**
 * The same for a process that may be one of several workers.
 * @param primary What it shares with the others. Null: it is alone.
 */
export async function createAppBeside(
  primary: Primary | null,
  config: Config,
  { clock = systemClock, log = createLog(config.logLevel), ...parts }: AppParts = {},
): Promise<App> {
  const services = await openServices(config, clock, log);
  try {
    return await openApp({ config, services, log, primary }, parts);
  } catch (error) {
    await services.close();
    throw error;
  }
}

interface Opened {
  config: Config;
  services: Services;
  log: Log;
  primary: Primary | null;
}

/** Over a store that is open. */
async function openApp({ config, services, log, primary }: Opened, { upstream: open, stopWaitMs }: AppParts): Promise<App> {
  const { database, sealer, macs, auth, audit } = services;
  const trustedDocuments = readTrustedDocuments(config.trustedDocuments);
  await warnOfSharedIds(config.tokenIssuers, auth.apiKeys, log);
  const { clock } = database;
  const { connectors, publicUrl, platform, webhooks, providerTimeoutMs: timeoutMs, requestDeadlineMs, spoolDirectory } = config;
  const telemetry = { metrics: createMetrics(primary), tracing: config.traces && (await loadTracing(config.traces, log)) };
  const { metrics } = telemetry;
  const upstream = await createUpstream(config.upstream, {
    database,
    sealer,
    macs,
    auth,
    audit,
    clock,
    log,
    telemetry,
    connectors,
    publicUrl,
    platform,
    webhooks,
    timeoutMs,
    requestDeadlineMs,
    stopWaitMs,
    spoolDirectory,
    isShared: database.kind === "postgres" || config.workers > 1,
    open,
    countDelivery: metrics.countDelivery,
    noteOutboxAge: metrics.noteOutboxAge,
    createUserLimit: primary?.limitOf("subscriptions"),
  });
  watchAudit(metrics, audit);
  const retention = startAuditRetention({ database, macs, clock, log }, config.auditDays);
  const edge = createEdge({ config, services, upstream, trustedDocuments, telemetry, clock, log, primary });

  const endSubscriptions = () => {
    edge.closeSockets();
    upstream.endSubscriptions();
  };
  return {
    fetch: edge.fetch,
    upgrade: edge.upgrade,
    drain: edge.drain,
    provisionUser: upstream.forPlatform().provisionUser,
    endSubscriptions,
    async close() {
      endSubscriptions();
      await retention.stop();
      await upstream.close();
      await services.close();
      await telemetry.tracing?.close();
    },
  };
}

/** How far the audit is behind, and what of it is lost. */
function watchAudit({ readGauge }: Metrics, audit: Audit): void {
  readGauge({
    name: "xkit_audit_lag_seconds",
    help: "Age of the oldest audit event that is not yet in the store.",
    labelNames: [],
    ofWorkers: "max",
    read: () => [{ labels: {}, value: audit.lagMs() / 1_000 }],
  });
  readGauge({
    name: "xkit_audit_lost_events",
    help: "Audit events that this process lost because the store was unavailable for too long.",
    labelNames: [],
    ofWorkers: "sum",
    read: () => [{ labels: {}, value: audit.lost() }],
  });
}

/** Throws `ConfigError` where the packages are not there: the command line has them, who embeds a gateway installs them. */
async function loadTracing(traces: TracesConfig, log: Log): Promise<Tracing> {
  const loaded = await import("./runtime/open-tracing.ts").catch((error: unknown) => {
    if (!(error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND")) throw error;
    throw new ConfigError([
      `OTEL_EXPORTER_OTLP_ENDPOINT turns on traces, which need OpenTelemetry's packages: npm install ${OTEL_PACKAGES}`,
    ]);
  });
  return loaded.openTracing(traces, log);
}
