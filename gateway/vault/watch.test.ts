import { afterEach, describe, expect, it } from "vitest";
import { z } from "zod";
import type { Owner } from "../../schema/upstream.ts";
import type { App } from "../app.ts";
import { openDatabase } from "../store/open.ts";
import type { AuthorizationRow } from "../store/tables.ts";
import { databaseKinds } from "../../test/support/databases.ts";
import { PUBLIC_URL, startTestApp, type TestApp, type TestUser } from "../../test/support/test-app.ts";
import { ATTEMPT_LIFETIME_SECONDS } from "./attempts.ts";
import { createRecorder } from "../custody/recorder.ts";
import { createConnectionStore, topicOf } from "./connections.ts";
import { createWatch } from "./watch.ts";
import { askToken, HOUR_MS } from "../../test/support/vault.ts";

let test: TestApp;
afterEach(() => test?.close());

const CHANGED = `subscription { connectionChanged { id enabled authorization { status } } }`;
const STATUS = `subscription ($id: ID!) { authorizationStatus(id: $id) { id status errorCode } }`;
const DISCONNECT = `mutation { disconnect(where: { slug: "test" }) { id } }`;
const CONNECT = `mutation { connect(slug: "test") { authorization { id authorizeUrl } } }`;

const eventSchema = z.object({ data: z.record(z.string(), z.unknown()).nullish(), errors: z.array(z.unknown()).optional() });

/** A subscription over server-sent events; `next` resolves with an event's payload, and with null when the stream has ended. */
async function subscribe(user: Pick<TestUser, "bearer">, query: string, variables: object = {}, app: Pick<App, "fetch"> = test.app) {
  const headers = { "content-type": "application/json", accept: "text/event-stream", authorization: `Bearer ${await user.bearer()}` };
  const response = await app.fetch(
    new Request(`${PUBLIC_URL}/graphql`, { method: "POST", headers, body: JSON.stringify({ query, variables }) }),
  );
  expect(response.headers.get("content-type")).toContain("text/event-stream");
  const reader = (response.body ?? new ReadableStream<Uint8Array>()).getReader();
  const decoder = new TextDecoder();
  let text = "";
  async function next(): Promise<unknown> {
    for (;;) {
      const end = text.indexOf("\n\n");
      if (end < 0) {
        const { done, value } = await reader.read();
        if (done) return null;
        text += decoder.decode(value, { stream: true });
        continue;
      }
      const event = text.slice(0, end);
      text = text.slice(end + 2);
      const json = /^data: ?(.+)$/m.exec(event)?.[1];
      if (/^event: next$/m.test(event) && json) return eventSchema.parse(JSON.parse(json)).data ?? JSON.parse(json);
    }
  }
  return { next };
}

const statusNow = async (user: TestUser) =>
  (await user.graphql(`{ connections { authorization { status errorCode } } }`)).data.connections[0].authorization;

describe.each(databaseKinds)("subscriptions on %s", (database) => {
  /** Ada, and the same user as another gateway over the same store knows her. */
  async function setUp() {
    test = await startTestApp({ database });
    const ada = await test.signIn("ada");
    await ada.connect();
    return { ada, there: await test.startTwin() };
  }

  it("report each change of a connection, and not its state at the start", async () => {
    const { ada } = await setUp();
    const events = await subscribe(ada, CHANGED);
    await ada.connect();
    expect(await events.next()).toMatchObject({ connectionChanged: { enabled: true, authorization: { status: "ACTIVE" } } });
    await ada.graphql(DISCONNECT);
    expect(await events.next()).toMatchObject({ connectionChanged: { enabled: false, authorization: null } });
  });

  it("report a change of another process", async () => {
    const { ada, there } = await setUp();
    const events = await subscribe(ada, CHANGED, {}, there);
    test.provider.controls.revokeGrants();
    // Almost over: the watcher's own bearer lives as long.
    test.clock.advance(HOUR_MS - 30_000);
    await askToken(ada);
    expect(await events.next()).toMatchObject({ connectionChanged: { enabled: true, authorization: { status: "ERROR" } } });
  });

  it("follow an authorization to its end, in whichever process it ends", async () => {
    const { ada, there } = await setUp();
    await ada.graphql(DISCONNECT);
    const { id, authorizeUrl } = (await ada.graphql(CONNECT)).data.connect.authorization;
    const streams = [await subscribe(ada, STATUS, { id }), await subscribe(ada, STATUS, { id }, there)];
    for (const stream of streams)
      expect(await stream.next()).toEqual({ authorizationStatus: { id, status: "AWAITING_CALLBACK", errorCode: null } });
    test.provider.controls.denyNext();
    await ada.browser.fetch((await test.provider.authorize(authorizeUrl)).href);
    for (const stream of streams) {
      expect(await stream.next()).toEqual({ authorizationStatus: { id, status: "ERROR", errorCode: "access_denied" } });
      expect(await stream.next()).toBeNull();
    }
  });

  it("end with an error when an exchange was interrupted, whose late answer still connects", async () => {
    test = await startTestApp({ database });
    const ada = await test.signIn("ada");
    const { id, authorizeUrl } = (await ada.graphql(CONNECT)).data.connect.authorization;
    const callback = await test.provider.authorize(authorizeUrl);
    const hold = test.provider.controls.hold();
    const finishing = ada.browser.fetch(callback.href);
    await hold.arrived(1);
    const events = await subscribe(ada, STATUS, { id });
    expect(await events.next()).toEqual({ authorizationStatus: { id, status: "RETRIEVING_TOKENS", errorCode: null } });
    const error = { status: "ERROR", errorCode: "interrupted" };
    const next = events.next();
    test.clock.advance(ATTEMPT_LIFETIME_SECONDS * 1000 - 1);
    expect(await statusNow(ada)).toEqual({ status: "RETRIEVING_TOKENS", errorCode: null });
    test.clock.advance(1);
    expect(await next).toEqual({ authorizationStatus: { id, ...error } });
    expect(await events.next()).toBeNull();
    expect(await statusNow(ada)).toEqual(error);
    hold.release();
    await finishing;
    expect(await statusNow(ada)).toEqual({ status: "ACTIVE", errorCode: null });
  });

  it("end with NOT_FOUND for another user's authorization", async () => {
    const { ada } = await setUp();
    const { id } = (await ada.graphql(CONNECT)).data.connect.authorization;
    const events = await subscribe(await test.signIn("bob"), STATUS, { id });
    expect(JSON.stringify(await events.next())).toContain("NOT_FOUND");
    expect(await events.next()).toBeNull();
  });

  it("end as soon as the viewer moves to another group, and report no later change", async () => {
    test = await startTestApp({ database });
    const [ada, bob] = [await test.signIn("ada", "acme"), await test.signIn("bob", "acme")];
    await ada.connect();
    const events = await subscribe(bob, CHANGED);
    await ada.graphql(DISCONNECT);
    expect(await events.next()).toMatchObject({ connectionChanged: { enabled: false } });
    await test.app.provisionUser({ id: "bob", groupId: "globex" });
    expect(await events.next()).toBeNull();
  });

  it("end with the first change after their bearer has expired, and do not report it", async () => {
    const { ada } = await setUp();
    const login = "mutation ($token: String!) { login(token: $token) { token expiresAt } }";
    const { token, expiresAt } = (await ada.graphql(login, { token: await ada.bearer() })).data.login;
    const events = await subscribe({ bearer: async () => token }, CHANGED);
    await ada.graphql(DISCONNECT);
    expect(await events.next()).toMatchObject({ connectionChanged: { enabled: false } });
    test.clock.advance(Date.parse(expiresAt) - test.clock.now());
    await ada.connect();
    expect(await events.next()).toBeNull();
  });

  it("show nothing that changed after the last look at their bearer", async () => {
    test = await startTestApp({ database });
    const ada = await test.signIn("ada");
    const { id } = (await ada.graphql(CONNECT)).data.connect.authorization;
    const store = await openDatabase(test.database.url, { clock: test.clock });
    const owner: Owner = { kind: "user", id: "ada" };
    const connections = createConnectionStore(store, new Map(), test.clock, createRecorder({ ...test.config, clock: test.clock }));
    const change = (status: AuthorizationRow["status"]) =>
      store.write([topicOf(owner)], (query) => query.updateTable("authorizations").set({ status }).where("id", "=", id).execute());
    let looks = 0;
    async function stillAllowed() {
      looks += 1;
      if (looks === 2) await change("error");
      return looks < 3;
    }
    const shown = { clock: test.clock, metadataOf: () => [], publicUrl: PUBLIC_URL };
    const watching = createWatch({ database: store, connections, connectors: new Map(), ...shown });
    const events = await watching.watchAuthorization({ owner, userId: "ada", stillAllowed }, id);
    expect(await events.next()).toMatchObject({ value: { status: "awaiting_callback" } });
    await change("retrieving_tokens");
    expect(await events.next()).toMatchObject({ value: { status: "retrieving_tokens" } });
    expect(await events.next()).toMatchObject({ done: true });
    await store.close();
  });

  it("end when the gateway stops", async () => {
    const { ada } = await setUp();
    const events = await subscribe(ada, CHANGED);
    const next = events.next();
    test.app.endSubscriptions();
    expect(await next).toBeNull();
  });
});
