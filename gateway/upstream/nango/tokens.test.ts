import { describe, expect, it } from "vitest";
import { openNango } from "../../../test/support/nango.ts";
import { anyToken, ask, forcedOf, granted, HOUR_MS, MINUTE_MS, openConnected, readsOf, TEST } from "../../../test/support/nango-tokens.ts";

describe("a token of Nango's", () => {
  it("is kept until it is due, so that one that Nango refreshes at each read is not refreshed by each question", async () => {
    const { world, ada } = await openConnected({ accessTokenSeconds: 600 });
    const token = granted(await ask(ada));
    world.clock.advance(5 * MINUTE_MS);
    expect(granted(await ask(ada)).value).toBe(token.value);
    expect(readsOf(world)).toHaveLength(1);
    world.clock.advance(4 * MINUTE_MS);
    expect(granted(await ask(ada)).value).not.toBe(token.value);
    expect(readsOf(world)).toHaveLength(2);
  });

  it("is read by one request for all who ask at once", async () => {
    const { world, ada } = await openConnected();
    const values = await Promise.all(Array.from({ length: 20 }, async () => granted(await ask(ada)).value));
    expect(new Set(values).size).toBe(1);
    expect(readsOf(world)).toHaveLength(1);
  });

  it("without a stated end is kept for half a minute", async () => {
    const world = await openNango();
    const ada = world.connectionsOf("ada");
    await world.connect(ada, "key");
    const key = granted(await ada.accessToken({ slug: "key" }, anyToken));
    expect(key).toMatchObject({ tokenType: "api_key", expiresAt: null, fields: null });
    const [held] = world.nango.connections;
    if (held) world.nango.controls.setCredentials(held, { type: "API_KEY", apiKey: "planted-other" });
    expect(granted(await ada.accessToken({ slug: "key" }, anyToken)).value).toBe(key.value);
    world.clock.advance(31_000);
    expect(granted(await ada.accessToken({ slug: "key" }, anyToken)).value).toBe("planted-other");
  });

  it("is given to a server with what the user typed", async () => {
    const world = await openNango();
    await world.connect(world.connectionsOf("ada"), "key");
    const token = granted(
      await world.adapter.forPlatform().connectionsOf({ kind: "user", id: "ada" }).accessToken({ slug: "key" }, anyToken),
    );
    expect(token.fields).toEqual({ apiKey: token.value });
  });

  it("that was refused is compared with what Nango has now before a refresh is forced", async () => {
    const { world, ada } = await openConnected();
    const { fingerprint } = granted(await ask(ada));
    const [held] = world.nango.connections;
    if (held) world.nango.controls.setCredentials(held, { ...held.credentials, access_token: "planted-by-another" });
    expect(granted(await ask(ada, { rejected: fingerprint })).value).toBe("planted-by-another");
    expect(forcedOf(world)).toEqual([]);
  });

  it("costs no request for a caller who names an older one as refused", async () => {
    const { world, ada } = await openConnected();
    const { value } = granted(await ask(ada));
    for (let count = 0; count < 3; count += 1) expect(granted(await ask(ada, { rejected: "an-older-one" })).value).toBe(value);
    expect(readsOf(world)).toHaveLength(1);
  });

  it("with less life than is asked for is compared with what Nango has now before a refresh is forced", async () => {
    const { world, ada } = await openConnected();
    granted(await ask(ada));
    world.clock.advance(HOUR_MS / 2);
    const [held] = world.nango.connections;
    const expiresAt = new Date(world.clock.now() + HOUR_MS).toISOString();
    const renewed = { ...held?.credentials, type: "OAUTH2", access_token: "planted-by-another", expires_at: expiresAt };
    if (held) world.nango.controls.setCredentials(held, renewed);
    expect(granted(await ask(ada, { minimumTtl: 3_000 })).value).toBe("planted-by-another");
    expect(forcedOf(world)).toEqual([]);
  });

  it("that is due and that Nango has not refreshed is read at most once in five seconds", async () => {
    const world = await openNango();
    const ada = world.connectionsOf("ada");
    world.provider.controls.next("omit-refresh-token");
    await world.connect(ada);
    world.clock.advance(HOUR_MS - 2 * MINUTE_MS);
    const values = [granted(await ask(ada)).value, granted(await ask(ada)).value];
    expect([new Set(values).size, readsOf(world).length]).toEqual([1, 1]);
    world.clock.advance(5_000);
    granted(await ask(ada));
    expect(readsOf(world)).toHaveLength(2);
  });

  it("that there is none is answered after one look at the list", async () => {
    const world = await openNango();
    const ada = world.connectionsOf("ada");
    for (let count = 1; count <= 2; count += 1) {
      expect(await ask(ada)).toMatchObject({ type: "NotConnected" });
      expect(world.nango.requests.filter((request) => request.startsWith("GET /connections?"))).toHaveLength(count);
    }
  });

  it("that was refused is refreshed once for all who say so, and once in half a minute", async () => {
    const { world, ada } = await openConnected();
    const first = granted(await ask(ada));
    const responses = await Promise.all(Array.from({ length: 5 }, () => ask(ada, { rejected: first.fingerprint })));
    const [second] = responses.map(granted);
    expect(new Set(responses.map((answer) => granted(answer).value)).size).toBe(1);
    expect(forcedOf(world)).toHaveLength(1);
    const rejected = second?.fingerprint ?? null;
    expect(await ask(ada, { rejected })).toMatchObject({ type: "TemporarilyUnavailable", retryAfter: 30 });
    expect(forcedOf(world)).toHaveLength(1);
    world.clock.advance(31_000);
    expect(granted(await ask(ada, { rejected })).fingerprint).not.toBe(rejected);
  });

  it("that was refused is refreshed once for several processes that are told so at once", async () => {
    const { world, ada } = await openConnected();
    const { fingerprint } = granted(await ask(ada));
    const servers = [world.adapter, world.openAnother()].map((each) => each.forPlatform().connectionsOf({ kind: "user", id: "ada" }));
    const responses = await Promise.all(servers.map(async (each) => each.accessToken(TEST, { ...anyToken, rejected: fingerprint })));
    const fingerprints = new Set(responses.map((response) => granted(response).fingerprint));
    expect([fingerprints.size, fingerprints.has(fingerprint), forcedOf(world).length]).toEqual([1, false, 1]);
  });

  it("is forced for a longer life once, and then not for a life that no token has", async () => {
    const { world, ada } = await openConnected();
    world.clock.advance(HOUR_MS / 2);
    expect(await ask(ada, { minimumTtl: 7_200 })).toMatchObject({ type: "MinimumTtlUnavailable", maximumTtl: 3_540 });
    world.clock.advance(MINUTE_MS);
    expect(await ask(ada, { minimumTtl: 7_200 })).toMatchObject({ type: "MinimumTtlUnavailable", maximumTtl: 3_540 });
    expect(forcedOf(world)).toHaveLength(1);
  });
});
