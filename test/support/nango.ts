import { onTestFinished } from "vitest";
import { createLog } from "../../gateway/runtime/log.ts";
import { openServices } from "../../gateway/services.ts";
import type { Viewer, ViewerConnections } from "../../schema/upstream.ts";
import { createNangoAdapter, type NangoAdapter } from "../../gateway/upstream/nango/adapter.ts";
import { type AuthorizationServer, startAuthorizationServer } from "./authorization-server.ts";
import { createManualClock, type ManualClock } from "../../gateway/upstream-suite/manual-clock.ts";
import type { Integration } from "./fake-nango/state.ts";
import { type FakeNango, startFakeNango } from "./fake-nango/server.ts";
import { createTestDatabase } from "./databases.ts";
import { createTestConfig } from "./test-app.ts";

/** An integration of OAUTH2 at a test's own provider. */
const oauthIntegration = (provider: AuthorizationServer, uniqueKey: string, displayName: string): Integration => ({
  uniqueKey,
  provider: uniqueKey,
  displayName,
  authMode: "OAUTH2",
  oauth: {
    authorizeUrl: `${provider.url}/authorize`,
    tokenUrl: `${provider.url}/token`,
    clientId: provider.client.clientId,
    clientSecret: provider.client.clientSecret,
    scopes: ["read", "write"],
  },
});

/** An integration whose users type an API key. */
const keyIntegration = (uniqueKey: string, displayName: string): Integration => ({
  uniqueKey,
  provider: uniqueKey,
  displayName,
  authMode: "API_KEY",
});

export interface NangoWorld {
  provider: AuthorizationServer;
  nango: FakeNango;
  clock: ManualClock;
  close(): Promise<void>;
}

/** Starts a Nango with the integrations `test`, `single` and `key`, before a real provider, on a clock that tests move. */
export async function startNangoWorld(accessTokenSeconds = 3_600): Promise<NangoWorld> {
  const clock = createManualClock();
  const provider = await startAuthorizationServer({ now: clock.now, accessTokenSeconds });
  const integrations = [
    oauthIntegration(provider, "test", "Test"),
    { ...oauthIntegration(provider, "single", "Single"), noted: { account_id: "user-1", internal: "planted-internal" } },
    keyIntegration("key", "Key"),
  ];
  const nango = await startFakeNango({ integrations, now: clock.now });
  return {
    provider,
    nango,
    clock,
    async close() {
      await nango.close();
      await provider.close();
    },
  };
}

/** The environment of a gateway before this Nango. */
export const nangoEnvironment = ({ nango }: Pick<NangoWorld, "nango">): Record<string, string> => ({
  XKIT_UPSTREAM: "nango",
  XKIT_NANGO_URL: nango.url,
  XKIT_NANGO_SECRET_KEY: nango.secretKey,
});

/** The adapter before a Nango, without what wraps it. */
export interface OpenNango extends NangoWorld {
  adapter: NangoAdapter;
  /** Opens it once more, as another process over the same store does. */
  openAnother(): NangoAdapter;
  /** Every line logged so far. */
  logged: string[];
  /** What a user has, before anything is withheld. */
  connectionsOf(userId: string, groupId?: string | null): ViewerConnections;
  /** Connects as a user does, and answers the connection's id. */
  connect(connections: ViewerConnections, slug?: string): Promise<string>;
}

/** Starts a Nango and opens it as a gateway does. The test ends both. */
export async function openNango(
  options: {
    accessTokenSeconds?: number;
    webhookKey?: string;
    requestDeadlineMs?: number;
    /** Default: all of Nango's integrations. */
    connectors?: readonly Record<string, unknown>[];
  } = {},
): Promise<OpenNango> {
  const world = await startNangoWorld(options.accessTokenSeconds);
  onTestFinished(world.close);
  const database = await createTestDatabase("sqlite");
  onTestFinished(database.drop);
  const logged: string[] = [];
  const log = createLog("debug", { write: (line) => void logged.push(line) });
  const { clock, nango, provider } = world;
  const config = createTestConfig(provider, database, { file: { connectors: options.connectors ?? [] }, env: nangoEnvironment(world) });
  const services = await openServices(config, clock, log);
  onTestFinished(services.close);
  const { webhookKey = null, requestDeadlineMs = 5_000 } = options;
  const { url, secretKey } = nango;
  const adapterOptions = { ...config, ...services, url, secretKey, webhookKey, timeoutMs: 5_000, requestDeadlineMs, clock, log };
  const openAnother = () => createNangoAdapter(adapterOptions);
  const adapter = openAnother();
  return {
    ...world,
    adapter,
    openAnother,
    logged,
    connectionsOf(userId, groupId = null) {
      const viewer: Viewer = { userId, groupId, name: null };
      return adapter.forUser({ viewer, stillAllowed: () => Promise.resolve(true) });
    },
    async connect(connections, slug = "test") {
      const started = await connections.start(slug, { id: null, returnTo: null });
      await visitNango(started.authorization?.authorizeUrl ?? null);
      return started.id;
    },
  };
}

/** Walks through Nango's page in a browser: by the provider and back, or by what its form asks for. */
export async function visitNango(link: string | null): Promise<void> {
  const page = await fetch(link ?? "");
  const text = await page.text();
  if (text.startsWith("Type"))
    await fetch(link ?? "", { method: "POST", body: new URLSearchParams({ apiKey: `planted-${crypto.randomUUID()}` }) });
}
