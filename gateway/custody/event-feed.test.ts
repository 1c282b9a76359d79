import { afterEach, describe, expect, it } from "vitest";
import { createServerHeaders } from "../../test/support/caller.ts";
import { databaseKinds } from "../../test/support/databases.ts";
import { ask, PUBLIC_URL, sendTo, startTestApp, type TestApp, type TestUser } from "../../test/support/test-app.ts";
import { inStore } from "../../test/support/vault.ts";
import { MAXIMUM_SUBSCRIPTIONS_PER_USER } from "../runtime/subscription-limit.ts";
import { EVENTS_KEPT_MS, pruneEvents } from "./event-sweep.ts";

let test: TestApp;
afterEach(() => test?.close());

interface Heard {
  id: string;
  event: string;
  data: { payload: { context: { external_id: string } } };
}

/** Opens the stream, and reads events of it as they come. */
async function open(headers: Record<string, string>, query = "", app: Pick<TestApp["app"], "fetch"> = test.app) {
  const response = await app.fetch(new Request(`${PUBLIC_URL}/api/platform/events${query}`, { headers }));
  expect(response.headers.get("content-type")).toBe("text/event-stream");
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  return {
    async take(count: number): Promise<Heard[]> {
      const heard: Heard[] = [];
      while (heard.length < count) {
        const [block, ...rest] = text.split("\n\n");
        if (rest.length === 0) {
          const { value, done } = (await reader?.read()) ?? { done: true };
          if (done) throw new Error("The stream has ended.");
          text += value;
          continue;
        }
        text = rest.join("\n\n");
        const { id, event, data } = Object.fromEntries((block ?? "").split("\n").map((line) => line.split(/: (.*)/s)));
        if (id) heard.push({ id, event: event ?? "", data: JSON.parse(data ?? "") });
      }
      return heard;
    },
    isOver: async () => (await reader?.read())?.done,
    stop: async () => reader?.cancel(),
  };
}

async function connect(id: string): Promise<TestUser> {
  const user = await test.signIn(id);
  await user.connect();
  return user;
}

const ownersOf = (heard: readonly Heard[]) => heard.map(({ data }) => data.payload.context.external_id);

describe.each(databaseKinds)("a server's stream of events on %s", (database) => {
  it("tells each event from any process in order, and goes on after the last one that the server has", async () => {
    test = await startTestApp({ database });
    const server = await createServerHeaders(test);
    const twin = await test.startTwin();
    const stream = await open(server, "", twin);
    const ada = await connect("ada");
    const [first] = await stream.take(1);
    expect(first).toMatchObject({ event: "connection.enabled", data: { payload: { context: { external_id: "ada" } } } });
    await stream.stop();
    await ada.graphql(`mutation { disconnect(where: { slug: "test" }) { id } }`);
    await connect("bob");
    const again = await open({ ...server, "last-event-id": first?.id ?? "" });
    expect((await again.take(2)).map(({ event }) => event)).toEqual(["connection.disabled", "connection.enabled"]);
    await again.stop();
    const byQuery = await open(server, `?after=${first?.id}`, twin);
    expect(ownersOf(await byQuery.take(2))).toEqual(["ada", "bob"]);
    test.app.endSubscriptions();
    twin.endSubscriptions();
    expect(await byQuery.isOver()).toBe(true);
  });

  it("is a subscription in GraphQL too", async () => {
    test = await startTestApp({ database });
    const headers = { ...(await createServerHeaders(test)), "content-type": "application/json", accept: "text/event-stream" };
    const body = JSON.stringify({ query: "subscription { events { id type body } }" });
    const response = await test.app.fetch(new Request(`${PUBLIC_URL}/graphql`, { method: "POST", headers, body }));
    await connect("ada");
    const [reader, decoder] = [response.body?.getReader(), new TextDecoder()];
    let text = "";
    while (!text.includes("CONNECTION_ENABLED")) text += decoder.decode((await reader?.read())?.value);
    await reader?.cancel();
    expect(text).toContain("evt_");
  });

  it("says that an event is not kept any more", async () => {
    test = await startTestApp({ database });
    const server = await createServerHeaders(test);
    const stream = await open(server);
    await connect("ada");
    const [event] = await stream.take(1);
    await stream.stop();
    test.clock.advance(EVENTS_KEPT_MS + 1);
    await inStore(test, async (query) => pruneEvents({ query }, test.clock.now(), []));
    const response = await test.app.fetch(new Request(`${PUBLIC_URL}/api/platform/events?after=${event?.id}`, { headers: server }));
    expect({ status: response.status, body: await response.json() }).toMatchObject({
      status: 400,
      body: { code: "BAD_USER_INPUT", path: "after" },
    });
  });
});

describe("a stream of events", () => {
  it("is refused to users, to anybody, and for an id that is none", async () => {
    test = await startTestApp();
    const ada = await connect("ada");
    const statusOf = async (headers: Record<string, string>, query = "") =>
      (await test.app.fetch(new Request(`${PUBLIC_URL}/api/platform/events${query}`, { headers }))).status;
    expect(await statusOf({ authorization: `Bearer ${await ada.bearer()}` })).toBe(403);
    expect(await statusOf({})).toBe(401);
    expect(await statusOf(await createServerHeaders(test), "?after=x")).toBe(400);
    const asUser = await ask(sendTo(test.app), "subscription { events { id } }", {}, { authorization: `Bearer ${await ada.bearer()}` });
    expect(asUser.data?.events ?? null).toBeNull();
  });

  it("is none for HEAD, however often that is asked", async () => {
    test = await startTestApp();
    const headers = await createServerHeaders(test);
    for (let count = 0; count <= MAXIMUM_SUBSCRIPTIONS_PER_USER; count += 1) {
      const { status, body } = await test.app.fetch(new Request(`${PUBLIC_URL}/api/platform/events`, { method: "HEAD", headers }));
      expect({ status, body }).toEqual({ status: 200, body: null });
    }
    const stream = await open(headers);
    await connect("ada");
    expect(ownersOf(await stream.take(1))).toEqual(["ada"]);
    await stream.stop();
  });
});
