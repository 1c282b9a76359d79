/** A group's tokens are in no event to a user through a gateway in front of another: see channels.test.ts. */
import { once } from "node:events";
import { createServer } from "node:http";
import { afterEach, beforeEach, expect, it, onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { PUBLIC_URL, WEB_ORIGIN } from "../support/test-app.ts";
import { textFields } from "./secrets.ts";
import { operations, subscriptionsOfUsers, toInit } from "./asking.ts";
import { startFrontGateway } from "./front.ts";
import { type AskerName, createWorld, type Gateway, type UserName, type World } from "./world.ts";

let gateway: Gateway;
let world: World;
beforeEach(async () => {
  gateway = await startFrontGateway();
  world = await createWorld(gateway);
});
afterEach(() => world.close());

const askers: (AskerName & UserName)[] = ["member", "former member"];
const bearerOf = async (user: UserName): Promise<string> => (await world.headersOf(user))["authorization"]?.slice(7) ?? "";
/** Readings of connections that the upstream has answered. */
const readings = (): number => world.logged.filter((line) => line.includes('"path":"/api/platform_user/connections","status":200')).length;

/** Connects what was started, and lets a server read it and have it refreshed. */
async function connectAndRefresh(pending: { authorizeUrl: string | null }): Promise<void> {
  await gateway.visit("grace", pending.authorizeUrl ?? "");
  const path = "/api/platform/groups/acme/connections/test";
  const first = await world.read(path, { headers: world.server });
  const { fingerprint } = JSON.parse(first.body).connection.authorization;
  const second = await world.read(`${path}?rejected=${fingerprint}`, { headers: world.server });
  expect([first, second].map(({ text }) => world.leaks(text))).toEqual([true, true]);
  expect(second.body).not.toContain(fingerprint);
}

it("a group's token is in no event of a subscription while the group connects and a server refreshes", async () => {
  const pending = await world.start("member", "test");
  const values = { ...world.values, "authorizationStatus.id": [`"${pending.id}"`] };
  const streams: { asker: AskerName; root: string; heard: string; ended: Promise<void> }[] = [];
  const before = readings();
  const open = async (asker: AskerName, root: string, init: RequestInit) => {
    const response = await world.app.fetch(new Request(`${PUBLIC_URL}/graphql`, init));
    const stream = { asker, root, heard: "", ended: Promise.resolve() };
    stream.ended = (async () => {
      const decoder = new TextDecoder();
      for await (const chunk of response.body ?? []) stream.heard += decoder.decode(chunk, { stream: true });
    })();
    streams.push(stream);
  };
  const opening: Promise<void>[] = [];
  for (const asker of askers) {
    const headers = { ...(await world.headersOf(asker)), accept: "text/event-stream" };
    for (const { text, root } of operations({ ...world, values }, "subscription", () => textFields()))
      opening.push(open(asker, root, toInit(text, headers)));
  }
  // At once: on this clock, each that is open asks the upstream without a pause, and keeps the next one waiting.
  await Promise.all(opening);
  const watching = streams.filter(({ root }) => root === "connectionChanged");
  await expect.poll(readings).toBeGreaterThanOrEqual(before + watching.length);
  await connectAndRefresh(pending);
  const members = streams.filter(({ asker }) => asker === "member");
  const spoken = () =>
    new Set(members.filter(({ heard }) => heard.includes('"data":{') && heard.includes("ACTIVE")).map(({ root }) => root));
  await expect.poll(() => [...spoken()].toSorted()).toEqual(subscriptionsOfUsers(world));
  world.app.endSubscriptions();
  await Promise.all(streams.map(({ ended }) => ended));
  expect(streams.filter(({ heard }) => world.leaks(heard))).toEqual([]);
});

it("a group's token is in no message of the socket", async () => {
  const server = createServer().on("upgrade", world.app.upgrade).listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  const pending = await world.start("member", "test");
  const heard = new Map<UserName, string[]>();
  for (const user of askers) {
    const messages: string[] = [];
    heard.set(user, messages);
    const query = new URLSearchParams({ token: await bearerOf(user), vsn: "2.0.0" }).toString();
    const socket = new WebSocket(`ws://127.0.0.1:${port}/socket/websocket?${query}`, { origin: WEB_ORIGIN });
    onTestFinished(() => socket.terminate());
    socket.on("message", (data) => void messages.push(Buffer.isBuffer(data) ? data.toString() : ""));
    await once(socket, "open");
    for (const id of [pending.id, world.planted.test.authorizationId, world.planted.keyed.authorizationId])
      socket.send(JSON.stringify(["1", id, `authorization_status:${id}`, "phx_join", {}]));
    await expect.poll(() => messages.length).toBe(3);
  }
  await connectAndRefresh(pending);
  await expect.poll(() => heard.get("member")?.at(-1)).toContain('"status_update",{"status":"active"}');
  expect([...heard.values()].filter((messages) => world.leaks(messages.join("\n")))).toEqual([]);
  expect(heard.get("former member")?.every((message) => message.includes('"status":"error"'))).toBe(true);
});
