/** Apollo's client, over its own HTTP link and graphql-sse. */
import { createHash } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache, Observable } from "@apollo/client";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { print } from "graphql";
import { createClient } from "graphql-sse";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { createApp } from "../gateway/app.ts";
import { type RunningGateway, startGateway } from "../gateway/listen.ts";
import { type AuthorizationServer, startAuthorizationServer } from "./support/authorization-server.ts";
import { createTestDatabase, type TestDatabase } from "./support/databases.ts";
import { createTestConfig } from "./support/test-app.ts";

const CONNECT = gql`
  mutation Connect {
    connect(slug: "test") {
      id
      authorization {
        id
        status
      }
    }
  }
`;
const CHANGED = gql`
  subscription Changed {
    connectionChanged {
      id
    }
  }
`;

let provider: AuthorizationServer;
let database: TestDatabase;
let gateway: RunningGateway;
let headers: Record<string, string>;

const start = (config: RunningGateway["config"]) =>
  startGateway(config, async (settled) => ({ config: settled, app: await createApp(settled) }));

beforeEach(async () => {
  provider = await startAuthorizationServer();
  database = await createTestDatabase("sqlite");
  gateway = await start(createTestConfig(provider, database, { env: { PORT: "0", XKIT_PUBLIC_URL: undefined, LOG_LEVEL: "silent" } }));
  const { token } = await gateway.app.provisionUser({ id: "ada" });
  headers = { authorization: `Bearer ${token}` };
});
afterEach(async () => {
  await gateway.stop();
  await provider.close();
  await database.drop();
});

const http = () => new HttpLink({ uri: `${gateway.config.publicUrl}/graphql`, headers });
const clientOver = (link: ApolloLink) => new ApolloClient({ link, cache: new InMemoryCache() });

/** As graphql-sse documents it. `onConnected` is called each time that the stream stands. */
function serverSentEvents(onConnected: () => void): ApolloLink {
  const url = `${gateway.config.publicUrl}/graphql`;
  const client = createClient({
    url,
    headers,
    retryAttempts: 50,
    retry: () => delay(100),
    onMessage: () => {},
    on: { connected: onConnected },
  });
  return new ApolloLink(
    ({ query, variables }) =>
      new Observable((sink) =>
        client.subscribe<ApolloLink.Result["data"]>(
          { query: print(query), variables },
          { next: ({ data }) => sink.next({ data: data ?? null }), error: (error) => sink.error(error), complete: () => sink.complete() },
        ),
      ),
  );
}

it("Apollo resumes a subscription after a restart, and receives the next change", async () => {
  const connected = vi.fn<() => void>();
  const told: unknown[] = [];
  const ended = vi.fn<() => void>();
  const subscription = clientOver(serverSentEvents(connected))
    .subscribe({ query: CHANGED })
    .subscribe({ next: ({ data }) => void told.push(data), error: ended, complete: ended });
  await expect.poll(() => connected.mock.calls.length, { timeout: 10_000 }).toBe(1);
  await gateway.stop();
  gateway = await start(gateway.config);
  await expect.poll(() => connected.mock.calls.length, { timeout: 10_000 }).toBe(2);
  const connection = (await clientOver(http()).mutate<{ connect: { id: string } }>({ mutation: CONNECT })).data?.connect;
  await expect.poll(() => told, { timeout: 10_000 }).toMatchObject([{ connectionChanged: { id: connection?.id } }]);
  expect(ended).not.toHaveBeenCalled();
  subscription.unsubscribe();
});

it.each([false, true])(
  "Apollo registers a persisted query, and sends its hash alone from then on; by GET: %s",
  async (useGETForHashedQueries) => {
    const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
    const hashed = new PersistedQueryLink({ sha256, useGETForHashedQueries });
    const asked: unknown[] = [];
    const noting = new ApolloLink((operation, forward) => {
      asked.push([operation.getContext()["http"].includeQuery, operation.extensions["persistedQuery"] !== undefined]);
      return forward(operation);
    });
    const client = clientOver(ApolloLink.from([hashed, noting, http()]));
    const query = gql`
      query Who {
        viewer {
          id
        }
      }
    `;
    for (let time = 0; time < 2; time += 1)
      expect((await client.query({ query, fetchPolicy: "no-cache" })).data).toMatchObject({ viewer: { id: "ada" } });
    expect(asked).toEqual([
      [false, true],
      [true, true],
      [false, true],
    ]);
  },
);
