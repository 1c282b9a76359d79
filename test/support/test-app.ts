import { randomBytes, randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type App, createApp } from "../../gateway/app.ts";
import { createCookies } from "../../gateway/auth/cookies.ts";
import { type Config, parseConfig } from "../../gateway/config/config.ts";
import type { Environment } from "../../gateway/config/document.ts";
import { createLog } from "../../gateway/runtime/log.ts";
import { type AuthorizationServer, type AuthorizationServerOptions, startAuthorizationServer } from "./authorization-server.ts";
import { createBrowser, type TestBrowser } from "./browser.ts";
import { createManualClock, type ManualClock } from "../../gateway/upstream-suite/manual-clock.ts";
import { createTestDatabase, type DatabaseKind, type TestDatabase } from "./databases.ts";

export const PUBLIC_URL = "http://localhost:4000";
export const WEB_ORIGIN = "http://localhost:5173";
/** The cookies of a gateway at that public URL. */
export const COOKIES = createCookies(PUBLIC_URL, [WEB_ORIGIN]);

export interface TestAppOptions {
  database?: DatabaseKind;
  /** How the authorization server behind the connector `test` behaves. */
  provider?: AuthorizationServerOptions;
  /** Laid over the facts of the provider behind the connector `test`, by its address. */
  facts?: Record<string, unknown> | ((url: string) => Record<string, unknown>);
  /** Laid over the connector `test` of the configuration file. */
  connector?: Record<string, unknown>;
  /** Further connectors, as the configuration file writes them. */
  connectors?: readonly Record<string, unknown>[];
  /** Laid over the configuration file. */
  file?: Record<string, unknown>;
  env?: Environment;
  /** How long a stop waits. Default: as the gateway's. */
  stopWaitMs?: number;
}

/** A signed-in user in a browser of their own. */
export interface TestUser {
  /** A user token of this moment: a bearer. */
  bearer(): Promise<string>;
  browser: TestBrowser;
  graphql(query: string, variables?: Record<string, unknown>, headers?: Record<string, string>): Promise<GraphqlAnswer>;
  /** Walks through connecting at the provider, and answers the callback's page. */
  connect(slug?: string, query?: string): Promise<Response>;
}

export interface GraphqlAnswer {
  status: number;
  headers: Headers;
  // GraphQL answers are read by many tests in many shapes; each asserts what it reads.
  // oxlint-disable-next-line typescript/no-explicit-any
  data: any;
  errors: { message: string; path?: string[]; extensions: { code: string; [fact: string]: unknown } }[];
}

export interface TestApp {
  app: App;
  config: Config;
  /** The authorization server behind the connector `test`. */
  provider: AuthorizationServer;
  clock: ManualClock;
  database: TestDatabase;
  /** Every line logged so far. */
  logged: string[];
  /** Makes a user known, and signs them in in a new browser. */
  signIn(id?: string, groupId?: string | null): Promise<TestUser>;
  graphql(query: string, variables?: Record<string, unknown>, headers?: Record<string, string>): Promise<GraphqlAnswer>;
  /** Another process over the same store: same keys, own caches, same configuration but for what is laid over the connector `test`. */
  startTwin(connector?: Record<string, unknown>): Promise<App>;
  close(): Promise<void>;
}

/** Starts a whole gateway without a port, before a real authorization server and a real database, on a clock that tests move. */
export async function startTestApp(options: TestAppOptions = {}): Promise<TestApp> {
  const clock = createManualClock();
  const provider = await startAuthorizationServer({ now: clock.now, ...options.provider });
  const database = await createTestDatabase(options.database ?? "sqlite");
  const config = createTestConfig(provider, database, options);
  const logged: string[] = [];
  const log = createLog("debug", { write: (line) => void logged.push(line) });
  const start = async (settled: Config): Promise<App> => {
    const started = await createApp(settled, { clock, log, stopWaitMs: options.stopWaitMs });
    let closed: Promise<void> | undefined;
    // A test may stop one itself, before all are stopped.
    return { ...started, close: () => (closed ??= started.close()) };
  };
  const apps = [await start(config)];
  const [app] = apps;
  if (!app) throw new TypeError("An app was just started.");

  return {
    app,
    config,
    provider,
    clock,
    database,
    logged,
    signIn: (id = "ada", groupId) => signIn(app, provider, id, groupId),
    graphql: (query, variables, headers) => ask(sendTo(app), query, variables, headers),
    async startTwin(connector = {}) {
      const { connectors } = createTestConfig(provider, database, { ...options, connector: { ...options.connector, ...connector } });
      const twin = await start({ ...config, connectors });
      apps.push(twin);
      return twin;
    },
    async close() {
      await provider.close();
      await Promise.all(apps.map((each) => each.close()));
      await database.drop();
      rmSync(config.spoolDirectory, { recursive: true, force: true });
    },
  };
}

export function createTestConfig(provider: AuthorizationServer, database: TestDatabase, options: TestAppOptions = {}): Config {
  const connector = {
    slug: "test",
    name: "Test",
    provider: { ...provider.providerFacts, ...(typeof options.facts === "function" ? options.facts(provider.url) : options.facts) },
    client_id: provider.client.clientId,
    client_secret: provider.client.clientSecret,
    scopes: ["read", "write"],
    supports_multiple_connections: true,
    ...options.connector,
  };
  return parseTestConfig(database, {
    ...options,
    file: { connectors: [connector, ...(options.connectors ?? [])], ...options.file },
  });
}

/** The configuration of a platform without connectors, and what is laid over it. */
export function parseTestConfig(database: TestDatabase, options: Pick<TestAppOptions, "file" | "env"> = {}): Config {
  const file = {
    platform: { name: "Acme", website: "https://acme.example", login_redirect_url: "https://acme.example/login" },
    web_origins: [WEB_ORIGIN],
    ...options.file,
  };
  const env = {
    XKIT_PUBLIC_URL: PUBLIC_URL,
    DATABASE_URL: database.url,
    XKIT_ENCRYPTION_KEYS: `test:${randomBytes(32).toString("base64")}`,
    XKIT_SPOOL_DIR: join(tmpdir(), `xkit-spool-${randomUUID()}`),
    ...options.env,
  };
  return parseConfig(env, { path: "xkit.config.json", text: JSON.stringify(file) });
}

export async function signIn(app: App, provider: AuthorizationServer, id: string, groupId?: string | null): Promise<TestUser> {
  await app.provisionUser({ id, ...(groupId !== undefined && { groupId }) });
  const bearer = async () => (await app.provisionUser({ id })).token;
  const browser = createBrowser(app, PUBLIC_URL);
  await browser.signIn(await bearer());
  return {
    bearer,
    browser,
    graphql: async (query, variables, headers) =>
      ask(browser.fetch, query, variables, { authorization: `Bearer ${await bearer()}`, ...headers }),
    async connect(slug = "test", query = "") {
      const started = await browser.fetch(`/connect/${slug}${query}`);
      const callback = await provider.authorize(started.headers.get("location") ?? "");
      return browser.fetch(callback.href);
    },
  };
}

/** How a request of a test reaches a gateway: a browser's `fetch`, or `sendTo(app)`. */
export type Send = (path: string, init?: RequestInit) => Promise<Response>;

export const sendTo =
  (app: Pick<App, "fetch">): Send =>
  (path, init) =>
    app.fetch(new Request(new URL(path, PUBLIC_URL), init));

/** Asks GraphQL over HTTP. */
export async function ask(
  send: Send,
  query: string,
  variables: Record<string, unknown> = {},
  headers: Record<string, string> = {},
): Promise<GraphqlAnswer> {
  const init = { method: "POST", headers: { "content-type": "application/json", ...headers }, body: JSON.stringify({ query, variables }) };
  const response = await send("/graphql", init);
  const body = await response.json();
  return { status: response.status, headers: response.headers, data: body.data, errors: body.errors ?? [] };
}
