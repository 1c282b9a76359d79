import type { ServerResponse } from "node:http";
import { describe, expect, it } from "vitest";
import type { Viewer, ViewerConnections } from "../../../schema/upstream.ts";
import { createManualClock } from "../../upstream-suite/manual-clock.ts";
import { plainConnection, sessionOf, startScriptedXkit } from "../../../test/support/scripted-xkit.ts";
import { sendJson } from "../../../test/support/server-io.ts";
import { AUTHORIZATION_POLL_MS, CONNECTIONS_POLL_MS } from "./watches.ts";

const ada: Viewer = { userId: "ada", groupId: null, name: null };
const [SESSION, LIST, AUTHORIZATION] = [
  "GET /platform_user/session",
  "GET /platform_user/connections",
  "GET /platform_user/authorizations/slack/7",
];
const OWN_LIST = "GET /platform/users/ada/connections?include_disabled=true";
const MANY = 20;

/** A plain Xkit that knows ada and her connection to Slack, on a clock where a pause lasts until it is moved. */
async function start() {
  const manual = createManualClock();
  const clock = { ...manual, sleep: (milliseconds: number) => manual.until(manual.now() + milliseconds) };
  const fake = await startScriptedXkit({ clock });
  const refused = new Set<string>();
  let [name, group] = ["first", null as string | null];
  const answer = (route: string, body: () => Record<string, unknown>) =>
    fake.on(route, ({ headers }, response: ServerResponse) =>
      refused.has(headers.authorization ?? "") ? sendJson(response, 401, { error: "no" }) : sendJson(response, 200, body()),
    );
  const { connector, ...connection } = plainConnection(null).connection;
  const list = () => ({ connections: [{ ...connection, connector: { ...connector, name } }] });
  answer(SESSION, () => sessionOf("ada", group));
  answer(LIST, list);
  answer("GET /platform/users/ada/connections", list);
  const { relay } = fake.upstream;
  return {
    fake,
    clock,
    answer,
    refuse: (bearer: string) => refused.add(`Bearer ${bearer}`),
    moveTo: (id: string) => (group = id),
    connectionsOf: (bearer: string, viewer = ada) => relay.forBearer(bearer, () => Promise.resolve(viewer)).connections,
    /** From now on the connector has another name. */
    rename: (to: string) => (name = to),
  };
}

type World = Awaited<ReturnType<typeof start>>;
type Watchers = AsyncIterator<unknown>[];

const open = (sources: Promise<AsyncIterable<unknown>>[]): Promise<Watchers> =>
  Promise.all(sources.map(async (source) => (await source)[Symbol.asyncIterator]()));
const settle = () => new Promise(setImmediate);

/** What each is told after the next pause, and what the upstream was asked for that. */
async function nextRound({ fake, clock }: World, watchers: Watchers, pauseMs = CONNECTIONS_POLL_MS) {
  const asked = fake.requests.length;
  const told = watchers.map((watcher) => watcher.next());
  await settle();
  clock.advance(pauseMs);
  const results = await Promise.all(told);
  return { results, requests: fake.requests.slice(asked).toSorted() };
}

const many = <Value>(make: (index: number) => Value): Value[] => Array.from({ length: MANY }, (_, index) => make(index));
const told = { done: false };
const ended = { done: true };

describe("those who watch connections", () => {
  it("cause the requests of one where they have the same bearer, whatever connector they watch", async () => {
    const world = await start();
    const { watch } = world.connectionsOf("bearer");
    const watchers = await open(many((index) => watch(index % 2 === 0 ? null : "slack")));
    for (const name of ["second", "third"]) {
      world.rename(name);
      const { results, requests } = await nextRound(world, watchers);
      expect(requests).toEqual([LIST, SESSION]);
      expect(results).toMatchObject(many(() => ({ ...told, value: { connector: { name } } })));
    }
  });

  it("share one reading where they have several bearers, each of which is judged after it", async () => {
    const world = await start();
    const watchers = await open(many((index) => world.connectionsOf(`bearer-${index}`).watch(null)));
    world.rename("second");
    const asked = world.fake.requests.length;
    const { requests } = await nextRound(world, watchers);
    expect(requests).toEqual([LIST, ...many(() => SESSION)]);
    expect(world.fake.requests[asked]).toBe(LIST);
  });

  it("are told no more once their own bearer has ended, while the others are", async () => {
    const world = await start();
    const watchers = await open(["a", "b", "c"].map((bearer) => world.connectionsOf(bearer).watch(null)));
    world.rename("second");
    world.refuse("b");
    expect((await nextRound(world, watchers)).results).toMatchObject([told, ended, told]);
    // Each bearer makes the reading in its turn.
    for (const name of ["third", "fourth"]) {
      world.rename(name);
      const [first, , third] = watchers;
      expect(
        (
          await nextRound(
            world,
            [first, third].flatMap((watcher) => watcher ?? []),
          )
        ).results,
      ).toMatchObject([told, told]);
    }
  });

  it.each([0, 1, 2])("go on with another bearer where reader %i of three is refused", async (index) => {
    const world = await start();
    const bearers = ["a", "b", "c"];
    const watchers = await open(bearers.map((bearer) => world.connectionsOf(bearer).watch(null)));
    world.rename("second");
    world.refuse(bearers[index] ?? "");
    const { results } = await nextRound(world, watchers);
    expect(results).toMatchObject(bearers.map((_, each) => (each === index ? ended : told)));
  });

  it("are told no more once the user has moved to another group", async () => {
    const world = await start();
    const watchers = await open(["a", "b"].map((bearer) => world.connectionsOf(bearer).watch(null)));
    world.rename("second");
    world.moveTo("acme");
    expect((await nextRound(world, watchers)).results).toMatchObject([ended, ended]);
  });

  it("share nothing with another user, not even with another member of their group", async () => {
    const world = await start();
    world.moveTo("acme");
    const members = ["ada", "ben"].map((userId): Viewer => ({ ...ada, userId, groupId: "acme" }));
    world.fake.on(SESSION, ({ headers }, response) => sendJson(response, 200, sessionOf(headers.authorization?.slice(7) ?? "", "acme")));
    const watchers = await open(members.map((member) => world.connectionsOf(member.userId, member).watch(null)));
    world.rename("second");
    expect((await nextRound(world, watchers)).requests).toEqual([LIST, LIST, SESSION, SESSION]);
  });

  it("are told after an outage what has changed in it", async () => {
    const world = await start();
    const watchers = await open(["a", "b"].map((bearer) => world.connectionsOf(bearer).watch(null)));
    world.fake.on(LIST, (_request, response) => sendJson(response, 503, { error: "Busy" }));
    const heard = watchers.map((watcher) => watcher.next());
    await settle();
    const asked = world.fake.requests.length;
    world.clock.advance(CONNECTIONS_POLL_MS);
    await expect.poll(() => world.fake.requests.length).toBe(asked + 1);
    world.rename("second");
    world.answer(LIST, () => ({ connections: [plainConnection(null, { enabled: false }).connection] }));
    const all = Promise.all(heard);
    for (let isTold = false; !isTold;) {
      world.clock.advance(CONNECTIONS_POLL_MS);
      isTold = await Promise.race([all.then(() => true), settle().then(() => false)]);
    }
    expect(await all).toMatchObject([told, told]);
  });

  it("are asked for no more once the last of them has stopped", async () => {
    const world = await start();
    const watchers = await open(["a", "b"].map((bearer) => world.connectionsOf(bearer).watch(null)));
    world.rename("second");
    await nextRound(world, watchers);
    const [first, second] = watchers;
    const waiting = watchers.map((watcher) => watcher.next());
    await settle();
    await first?.return?.();
    world.rename("third");
    world.clock.advance(CONNECTIONS_POLL_MS);
    expect(await Promise.all(waiting)).toMatchObject([ended, told]);
    await second?.return?.();
    const asked = world.fake.requests.length;
    world.clock.advance(10 * CONNECTIONS_POLL_MS);
    await settle();
    expect(world.fake.requests).toHaveLength(asked);
  });

  it("cause the requests of one where they are this gateway's own users, and end one by one", async () => {
    const world = await start();
    const signedOut = new Set<number>();
    const watchOf = (index: number): ReturnType<ViewerConnections["watch"]> =>
      world.fake.upstream
        .forOwnUser({ viewer: ada, stillAllowed: async () => !signedOut.has(index), clientAddress: () => null })
        .watch(null);
    const watchers = await open(many(watchOf));
    world.rename("second");
    signedOut.add(0);
    const { results, requests } = await nextRound(world, watchers);
    expect(requests).toEqual([OWN_LIST]);
    expect(results).toMatchObject(many((index) => (index === 0 ? ended : told)));
  });
});

describe("those who wait for an authorization", () => {
  it("cause the requests of one where they have the same bearer, and each bearer reads for itself", async () => {
    const world = await start();
    const { fake, answer, refuse, connectionsOf } = world;
    let display = 0;
    const authorization = () => ({
      id: "7",
      status: "awaiting_callback",
      display_label: `${display}`,
      authorizer: { client_id: "x", prototype: { name: "Slack", slug: "slack" } },
    });
    answer(AUTHORIZATION, () => ({ authorization: authorization() }));
    const watchers = await open([...many(() => connectionsOf("a").watchAuthorization("7")), connectionsOf("b").watchAuthorization("7")]);
    await Promise.all(watchers.map((watcher) => watcher.next()));
    display += 1;
    expect((await nextRound(world, watchers, AUTHORIZATION_POLL_MS)).requests.filter((request) => request === AUTHORIZATION)).toHaveLength(
      2,
    );
    display += 1;
    refuse("b");
    expect((await nextRound(world, watchers, AUTHORIZATION_POLL_MS)).results).toMatchObject([...many(() => told), ended]);
    expect(fake.requests).not.toContain(SESSION);
  });
});
