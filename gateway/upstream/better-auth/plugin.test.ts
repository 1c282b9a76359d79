import { afterEach, describe, expect, it } from "vitest";
import { type BetterAuthWorld, startBetterAuthWorld } from "../../../test/support/better-auth-gateways.ts";
import { joinGateway } from "./index.ts";

let world: BetterAuthWorld;
afterEach(() => world?.close());

async function start() {
  world = await startBetterAuthWorld({ isRouted: true });
  const [instance] = world.instances;
  return { ...world, ...instance };
}

describe("better-auth's own endpoints, with the plugin", () => {
  it("give the token that the gateway gives, and write it no second time", async () => {
    const { ask, askBetterAuth, row } = await start();
    const { value } = await ask();
    const before = await row();
    expect(await askBetterAuth()).toBe(value);
    expect(await row()).toEqual(before);
  });

  it("refresh what has expired by one refresh, and store it once", async () => {
    const { provider, askBetterAuth, row, app } = await start();
    const value = await askBetterAuth();
    expect(provider.refreshCount()).toBe(1);
    expect((await row()).accessToken).toBe(value);
    expect(app.updatesSeen()).toBe(0);
  });

  it("refresh a token that still works where they are asked to", async () => {
    const { provider, ask, askBetterAuth } = await start();
    const { value } = await ask();
    const forced = await askBetterAuth("/refresh-token");
    expect(forced).not.toBe(value);
    expect(provider.liveAccessTokens()).toContain(forced);
    expect((await ask()).value).toBe(forced);
    expect(provider.refreshCount()).toBe(2);
  });

  it("give the token that the provider answers once more", async () => {
    const { provider, ask, askBetterAuth } = await start();
    const { value } = await ask();
    provider.controls.next({ answer: { access_token: value } });
    expect(await askBetterAuth("/refresh-token")).toBe(value);
    expect(provider.refreshCount()).toBe(2);
  });

  it("fail where the provider refuses, and the gateway tells why", async () => {
    const { provider, ask, askBetterAuth } = await start();
    provider.controls.revokeGrants();
    expect(await askBetterAuth()).toBeNull();
    expect(await ask()).toMatchObject({ __typename: "ReconnectRequired", reason: "REVOKED" });
  });

  it("go their own way once the gateway has closed", async () => {
    const { provider, gateway, askBetterAuth } = await start();
    await gateway.close();
    const value = await askBetterAuth();
    expect(provider.liveAccessTokens()).toContain(value);
  });
});

describe("an app in another process, which has joined the gateway's store", () => {
  it("is refused without the plugin, as its refreshes would go past the gateway", async () => {
    world = await startBetterAuthWorld();
    await expect(joinGateway(world.instances[0].app.auth, { databaseUrl: "file:/nowhere/xkit.db" })).rejects.toThrow("xkitGateway()");
  });

  it("and the gateway refresh once for 50 requests at once", async () => {
    const { provider, ask, joinApp } = await start();
    const { askBetterAuth } = await joinApp();
    const asked = Array.from({ length: 25 }, () => [ask().then(({ value }) => value), askBetterAuth()]);
    const tokens = await Promise.all(asked.flat());
    expect(provider.refreshCount()).toBe(1);
    expect(new Set(tokens).size).toBe(1);
    expect(provider.liveAccessTokens()).toContain(tokens[0]);
  });
});
