import { onTestFinished } from "vitest";
import { createApp, type App } from "../../gateway/app.ts";
import type { Environment } from "../../gateway/config/document.ts";
import { createLog } from "../../gateway/runtime/log.ts";
import { openServices } from "../../gateway/services.ts";
import { createBrowser, type TestBrowser } from "./browser.ts";
import { basicOf } from "./caller.ts";
import { createTestDatabase } from "./databases.ts";
import { type SecondGateway, startSecondGateway, visit } from "./second-gateway.ts";
import { ask, createTestConfig, type GraphqlAnswer, PUBLIC_URL, sendTo, WEB_ORIGIN } from "./test-app.ts";

/** A gateway in xkit mode before a second gateway on a real socket, both over the same clock. */
export interface Front {
  second: SecondGateway;
  app: App;
  logged: string[];
  browser: TestBrowser;
  graphql(query: string, authorization?: string, variables?: Record<string, unknown>): Promise<GraphqlAnswer>;
  /** A key pair of the front's own. */
  createKey(): Promise<{ basic: string; revoke(): Promise<unknown> }>;
}

/** Starts both; the test ends them. `connectors`: what the second one has beside `test`. `hasKeys`: whether the front has its key pair. `env`: of both. */
export async function startFront(connectors: Record<string, unknown>[] = [], hasKeys = true, env: Environment = {}): Promise<Front> {
  const second = await startSecondGateway(() => ({ connectors, env, file: { web_origins: [WEB_ORIGIN, PUBLIC_URL] } }));
  onTestFinished(second.close);
  const database = await createTestDatabase("sqlite");
  onTestFinished(database.drop);
  const upstream = { XKIT_UPSTREAM: "xkit", XKIT_UPSTREAM_URL: second.url };
  const keys = { XKIT_UPSTREAM_PUBLISHABLE_KEY: second.keys.publishable, XKIT_UPSTREAM_SECRET_KEY: second.keys.secret };
  const config = createTestConfig(second.provider, database, {
    file: { connectors: [] },
    env: { ...env, ...upstream, ...(hasKeys && keys) },
  });
  const logged: string[] = [];
  const log = createLog("debug", { write: (line) => void logged.push(line) });
  const { clock } = second;
  const app = await createApp(config, { clock, log });
  onTestFinished(app.close);
  const browser = createBrowser(app, PUBLIC_URL);
  return {
    second,
    app,
    logged,
    browser,
    graphql: (query, authorization, variables) => ask(sendTo(app), query, variables, authorization ? { authorization } : {}),
    async createKey() {
      const services = await openServices(config, clock, log);
      onTestFinished(services.close);
      const key = await services.auth.apiKeys.create(null);
      return { basic: basicOf(key), revoke: () => services.auth.apiKeys.revoke(key.id) };
    },
  };
}

export const CONNECT = `mutation { connect(slug: "test") { id connectorUrl authorization { id authorizeUrl } } }`;

/** Connects `test` for a user of the second gateway, by a link of the front. Answers the page at the end. */
export async function connect({ graphql, second }: Front, bearer: string): Promise<Response> {
  const { data } = await graphql(CONNECT, `Bearer ${bearer}`);
  return visit(second, data.connect.authorization.authorizeUrl);
}
