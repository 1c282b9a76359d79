/** A group's tokens are in no event to a user, over SSE or the WebSocket of xkit.js: see graphql.test.ts. */
import { once } from "node:events";
import { createServer } from "node:http";
import { afterEach, beforeEach, expect, it, onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { PUBLIC_URL, WEB_ORIGIN } from "../support/test-app.ts";
import { MAXIMUM_SUBSCRIPTIONS_PER_USER } from "../../gateway/runtime/subscription-limit.ts";
import { type Operation, textFields } from "./secrets.ts";
import { operations, subscriptionsOfUsers, toInit } from "./asking.ts";
import { type PlainGateway, startPlainGateway } from "./plain.ts";
import { type AskerName, askers, createWorld, users, type World } from "./world.ts";

let gateway: PlainGateway;
let world: World;
beforeEach(async () => {
  gateway = await startPlainGateway();
  world = await createWorld(gateway);
});
afterEach(() => world.close());

/** What every asker is told by some of the subscriptions while the group connects and a server refreshes. */
async function listen({ app, visit }: PlainGateway, around: World, chosen: (list: Operation[]) => Operation[]): Promise<Heard[]> {
  const pending = { test: await around.start("member", "test"), keyed: await around.start("member", "keyed") };
  const values = { ...around.values, "authorizationStatus.id": [`"${pending.test.id}"`, `"${pending.keyed.id}"`] };
  const streams: { asker: AskerName; root: string; text: Promise<string> }[] = [];
  for (const asker of askers) {
    const headers = { ...(await around.headersOf(asker)), accept: "text/event-stream" };
    for (const { text, root } of chosen(operations({ ...around, values }, "subscription", () => textFields()))) {
      const response = await app.fetch(new Request(`${PUBLIC_URL}/graphql`, toInit(text, headers)));
      streams.push({ asker, root, text: response.text() });
    }
  }
  await visit("grace", pending.test.authorizeUrl ?? "");
  const body = JSON.stringify({ state: pending.keyed.state, api_key: around.typeKey("member") });
  const headers = { ...(await around.headersOf("member")), "content-type": "application/json" };
  expect((await around.read("/api/platform_user/authorizations/keyed", { method: "PUT", headers, body })).status).toBe(200);
  around.clock.advance(3_600_001);
  const path = "/api/platform/groups/acme/connections/test";
  expect(around.leaks((await around.read(path, { headers: around.server })).text)).toBe(true);
  app.endSubscriptions();
  return Promise.all(streams.map(async ({ text, ...stream }) => ({ ...stream, text: await text })));
}

interface Heard {
  asker: AskerName;
  root: string;
  text: string;
}

it("a group's token is in no event of a subscription while the group connects and a server refreshes", async () => {
  const events: Heard[] = [];
  const count = operations(world, "subscription", () => textFields()).length;
  // A user follows so many at once, and the group connects again each time.
  for (let from = 0; from < count; from += MAXIMUM_SUBSCRIPTIONS_PER_USER) {
    const own = from === 0 ? gateway : await startPlainGateway();
    const around = from === 0 ? world : await createWorld(own);
    const heard = await listen(own, around, (list) => list.slice(from, from + MAXIMUM_SUBSCRIPTIONS_PER_USER));
    expect(heard.filter(({ text }) => around.leaks(text))).toEqual([]);
    events.push(...heard.filter(({ asker, text }) => asker === "member" && text.includes("event: next") && text.includes('"data":{')));
    if (around !== world) await around.close();
  }
  expect([...new Set(events.map(({ root }) => root))].toSorted()).toEqual(subscriptionsOfUsers(world));
  expect(events.length).toBeGreaterThan(count / 2);
});

it("a group's token is in no message of the socket", async () => {
  const server = createServer().on("upgrade", gateway.test.app.upgrade).listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  const pending = await world.start("member", "test");
  const heard: Record<string, string[]> = {};
  for (const user of users) {
    const messages: string[] = (heard[user] = []);
    const token = (await world.headersOf(user))["authorization"]?.slice(7) ?? "";
    const socket = new WebSocket(`ws://127.0.0.1:${port}/socket/websocket?${new URLSearchParams({ token, vsn: "2.0.0" }).toString()}`, {
      origin: WEB_ORIGIN,
    });
    onTestFinished(() => socket.terminate());
    socket.on("message", (data) => void messages.push(Buffer.isBuffer(data) ? data.toString() : ""));
    await once(socket, "open");
    for (const id of [pending.id, world.planted.test.authorizationId, world.planted.keyed.authorizationId])
      socket.send(JSON.stringify(["1", id, `authorization_status:${id}`, "phx_join", {}]));
    await expect.poll(() => messages.length).toBe(3);
  }
  await gateway.visit("grace", pending.authorizeUrl ?? "");
  await expect.poll(() => heard["member"]?.at(-1)).toContain('"status_update",{"status":"active"}');
  expect(Object.entries(heard).filter(([, messages]) => world.leaks(messages.join("\n")))).toEqual([]);
  for (const user of users.filter((user) => user !== "member")) expect(heard[user]?.join()).toContain('"status":"error"');
});
