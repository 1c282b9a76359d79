import { describe, expect, it } from "vitest";
import { openNango } from "../../../test/support/nango.ts";
import { ask, forcedOf, granted, HOUR_MS, MINUTE_MS, openConnected, TEST } from "../../../test/support/nango-tokens.ts";

describe("while Nango has no token", () => {
  it("the last one is given for as long as it lives, also while Nango backs off", async () => {
    const { world, ada } = await openConnected();
    const token = granted(await ask(ada));
    world.clock.advance(HOUR_MS - 4 * MINUTE_MS);
    world.provider.controls.always({ status: 503 });
    for (let count = 0; count < 2; count += 1) {
      expect(granted(await ask(ada)).value).toBe(token.value);
      world.clock.advance(10_000);
    }
    world.clock.advance(4 * MINUTE_MS);
    expect(await ask(ada)).toMatchObject({ type: "TemporarilyUnavailable", retryAfter: 30 });
    expect(await ask(ada, { rejected: token.fingerprint })).toMatchObject({ type: "TemporarilyUnavailable" });
  });

  it("the last one is given while Nango itself is away", async () => {
    const { world, ada } = await openConnected();
    const token = granted(await ask(ada));
    world.clock.advance(HOUR_MS - 4 * MINUTE_MS);
    world.nango.controls.always({ status: 502, body: {} });
    expect(granted(await ask(ada)).value).toBe(token.value);
    expect(await ask(world.connectionsOf("bob"))).toMatchObject({ type: "TemporarilyUnavailable", retryAfter: 2 });
  });

  it("users have to reconnect once Nango tries no more, and are told so where they look", async () => {
    const { world, ada } = await openConnected();
    world.provider.controls.always({ status: 503 });
    for (let day = 0; day < 4; day += 1) {
      world.clock.advance(24 * HOUR_MS);
      expect(await ask(ada)).toMatchObject({ type: "TemporarilyUnavailable" });
      expect(await ada.find(TEST)).toMatchObject({ enabled: true, authorization: { status: "active", health: "unavailable" } });
    }
    world.clock.advance(24 * HOUR_MS);
    expect(await ask(ada)).toMatchObject({ type: "ReconnectRequired", reason: "REVOKED" });
    expect(await ada.find(TEST)).toMatchObject({ authorization: { status: "error", health: "reconnect_required" } });
    world.provider.controls.always(null);
    await world.connect(ada);
    granted(await ask(ada));
    expect(await ada.find(TEST)).toMatchObject({ authorization: { status: "active", health: "working" } });
  });

  it("an expired token without a refresh token needs a reconnect", async () => {
    const world = await openNango();
    const ada = world.connectionsOf("ada");
    world.provider.controls.next("omit-refresh-token");
    await world.connect(ada);
    world.clock.advance(HOUR_MS);
    expect(await ask(ada)).toMatchObject({ type: "ReconnectRequired", reason: "EXPIRED" });
    expect(await ask(ada)).toMatchObject({ type: "ReconnectRequired", reason: "EXPIRED" });
    expect(forcedOf(world)).toHaveLength(1);
  });

  it("an answer that comes too late is temporary", async () => {
    const { world, ada } = await openConnected({ requestDeadlineMs: 50 });
    world.clock.advance(HOUR_MS);
    world.provider.controls.next("hang");
    expect(await ask(ada)).toMatchObject({ type: "TemporarilyUnavailable" });
    world.provider.controls.release();
  });

  it("a request too many waits for at least a second, though Nango says 0", async () => {
    const { world, ada } = await openConnected();
    world.nango.controls.always({ status: 429, body: { error: { code: "too_many_request" } }, headers: { "retry-after": "0" } });
    expect(await ask(ada)).toMatchObject({ type: "TemporarilyUnavailable", retryAfter: 1 });
  });
});

describe("what only the operator can mend", () => {
  it("is said of a key that may read no credentials", async () => {
    const { world, ada } = await openConnected();
    world.nango.controls.readsCredentials = false;
    expect(await ask(ada)).toMatchObject({ type: "ConnectorMisconfigured", message: expect.stringContaining("read_credentials") });
  });

  it("is said of a key that Nango refuses, in the readiness too, which then serves on", async () => {
    const { world, ada } = await openConnected();
    await world.adapter.check();
    expect(world.adapter.degradation()).toBeNull();
    world.clock.advance(MINUTE_MS);
    world.nango.controls.always({ status: 401, body: { error: { code: "unknown_account" } } });
    await expect(ask(ada)).rejects.toMatchObject({
      code: "UPSTREAM_UNAVAILABLE",
      message: expect.stringContaining("XKIT_NANGO_SECRET_KEY"),
    });
    await world.adapter.check();
    expect(world.adapter.degradation()).toContain("XKIT_NANGO_SECRET_KEY");
    world.nango.controls.always(null);
    await world.adapter.check();
    expect(world.adapter.degradation()).toBeNull();
  });

  it("is not that Nango is asked too often: the gateway stays ready", async () => {
    const world = await openNango();
    world.nango.controls.always({ status: 429, body: { error: { code: "too_many_request" } } });
    await world.adapter.check();
    expect(world.adapter.degradation()).toBeNull();
  });

  it("is not ready while Nango is away", async () => {
    const world = await openNango();
    world.nango.controls.always({ status: 502, body: {} });
    await expect(world.adapter.check()).rejects.toMatchObject({ code: "UPSTREAM_UNAVAILABLE" });
  });

  it("is said of credentials that are no token", async () => {
    const world = await openNango();
    const tags = { end_user_id: "ada" };
    world.nango.controls.addConnection({ providerConfigKey: "test", tags, credentials: { type: "OAUTH1", oauth_token: "planted-1" } });
    const outcome = await ask(world.connectionsOf("ada"));
    expect(outcome).toMatchObject({ type: "ConnectorMisconfigured", message: expect.stringContaining("OAUTH1") });
    expect(JSON.stringify(outcome)).not.toContain("planted");
  });
});
