import { describe, expect, it } from "vitest";
import type { TokenRequest } from "../../../schema/upstream.ts";
import { openNango } from "../../../test/support/nango.ts";

const TEST = { slug: "test" };
const anyToken: TokenRequest = { minimumTtl: null, rejected: null, verify: null };
const oauth = (token: string) => ({ type: "OAUTH2", access_token: token, raw: { scope: "read,write" } });

describe("whose a connection is", () => {
  it("is what its tags say: a group's is no user's, also where the user has connected it", async () => {
    const world = await openNango();
    const tags = { end_user_id: "ada", organization_id: "acme" };
    world.nango.controls.addConnection({ providerConfigKey: "test", tags, credentials: oauth("planted-group") });
    expect(await world.connectionsOf("ada").list(null)).toEqual([]);
    expect(await world.connectionsOf("ada").accessToken(TEST, anyToken)).toMatchObject({ type: "NotConnected" });
    expect(await world.connectionsOf("ben", "acme").list(null)).toMatchObject([
      { owner: { kind: "group", id: "acme" }, authorization: { connectedBy: { id: "ada" } } },
    ]);
  });

  it("is looked up in the answer that has the token, too", async () => {
    const world = await openNango();
    const ada = world.connectionsOf("ada");
    const id = await world.connect(ada);
    await ada.find({ id });
    const [held] = world.nango.connections;
    if (held) held.tags = { ...held.tags, end_user_id: "bob" };
    expect(await ada.accessToken({ id }, anyToken)).toMatchObject({ type: "NotConnected" });
    expect(world.logged.join("")).toContain("another connection than the requested one");
  });

  it("cannot be passed over by an id, of ours or of Nango's", async () => {
    const world = await openNango();
    const id = await world.connect(world.connectionsOf("ada"));
    const nangoId = world.nango.connections[0]?.connectionId ?? "";
    for (const each of [id, nangoId, "..", "%2e%2e"]) {
      const bob = world.connectionsOf("bob");
      expect(await bob.find({ id: each })).toBeNull();
      expect(await bob.accessToken({ id: each }, anyToken)).toMatchObject({ type: "NotConnected" });
      expect(
        await world.adapter.forPlatform().connectionsOf({ kind: "user", id: "bob" }).accessToken({ id: each }, anyToken),
      ).toMatchObject({
        type: "NotConnected",
      });
      await expect(bob.disconnect({ id: each })).rejects.toMatchObject({ code: "NOT_FOUND" });
    }
  });

  it("is asked for with any characters that an id may have", async () => {
    const world = await openNango();
    const id = "ünï&tags[organization_id]=acme#%2F/../";
    await world.connect(world.connectionsOf(id));
    expect(await world.connectionsOf(id).list(null)).toHaveLength(1);
    expect(await world.connectionsOf("acme").list(null)).toEqual([]);
  });
});

describe("a connection's id", () => {
  it("is the one that it was started under", async () => {
    const world = await openNango();
    const ada = world.connectionsOf("ada");
    const id = crypto.randomUUID();
    const started = await ada.start("test", { id, returnTo: null });
    await fetch(started.authorization?.authorizeUrl ?? "");
    expect(started.id).toBe(id);
    expect(await ada.find({ id })).toMatchObject({ id, enabled: true, authorization: { id: started.authorization?.id } });
  });

  it("is Nango's where it was made elsewhere, and a hash where another program chose one that is not unique", async () => {
    const world = await openNango();
    const { addConnection } = world.nango.controls;
    const made = addConnection({ providerConfigKey: "test", tags: { end_user_id: "ada" }, credentials: oauth("planted-1") });
    for (const providerConfigKey of ["test", "single"])
      addConnection({
        connectionId: "ada@acme",
        providerConfigKey,
        tags: { end_user_id: "ada" },
        credentials: oauth(`planted-${providerConfigKey}`),
      });
    const ids = (await world.connectionsOf("ada").list(null)).map(({ id }) => id);
    expect(ids).toContain(made.connectionId);
    expect(new Set(ids).size).toBe(3);
    const single = await world.connectionsOf("ada").find({ slug: "single" });
    const token = await world.connectionsOf("ada").accessToken({ id: single?.id ?? "" }, anyToken);
    expect(token).toMatchObject({ value: "planted-single", scopes: ["read", "write"] });
  });

  it("stays while it is connected again, and so do the tags of others", async () => {
    const world = await openNango();
    const made = world.nango.controls.addConnection({
      providerConfigKey: "test",
      tags: { end_user_id: "ada", plan: "gold" },
      credentials: oauth("planted-1"),
    });
    const ada = world.connectionsOf("ada");
    expect(await world.connect(ada)).toBe(made.connectionId);
    expect(world.nango.connections).toMatchObject([{ connectionId: made.connectionId, tags: { end_user_id: "ada", plan: "gold" } }]);
    expect(await ada.find(TEST)).toMatchObject({ id: made.connectionId, authorization: { connectedAt: null } });
  });
});

describe("two windows", () => {
  it("that both finish one connection leave the later grant, and both end with it", async () => {
    const world = await openNango();
    const ada = world.connectionsOf("ada");
    const started = [await ada.start("test", { id: null, returnTo: null }), await ada.start("test", { id: null, returnTo: null })];
    expect(new Set(started.map(({ id }) => id)).size).toBe(1);
    for (const { authorization } of started) {
      await fetch(authorization?.authorizeUrl ?? "");
      world.clock.advance(1_000);
      expect(await ada.list(null)).toMatchObject([{ authorization: { id: authorization?.id, status: "active" } }]);
    }
    await ada.disconnect(TEST);
    expect(world.nango.connections).toEqual([]);
  });
});

describe("connecting again", () => {
  const tags = { end_user_id: "ada", end_user_display_name: "Ada", end_user_email: "ada@acme.example", organization_id: "acme" };

  it("keeps what others have tagged, and nothing that names the member who connected before", async () => {
    const world = await openNango();
    const { connections, controls } = world.nango;
    controls.addConnection({ providerConfigKey: "test", tags: { ...tags, plan: "gold" }, credentials: oauth("planted-1") });
    const ben = world.connectionsOf("ben", "acme");
    await world.connect(ben);
    expect(connections[0]?.tags).toMatchObject({ plan: "gold", end_user_id: "ben", organization_id: "acme" });
    expect(JSON.stringify(connections[0]?.tags)).not.toMatch(/\bada\b/i);
    expect(await ben.find(TEST)).toMatchObject({ authorization: { connectedBy: { id: "ben", name: null } } });
  });

  it("is refused with the reason where there are more tags than Nango allows", async () => {
    const world = await openNango();
    const more = Object.fromEntries(Array.from({ length: 6 }, (_, index) => [`note-${index}`, "x"]));
    world.nango.controls.addConnection({ providerConfigKey: "test", tags: { ...tags, ...more }, credentials: oauth("planted-1") });
    await expect(world.connectionsOf("ada", "acme").start("test", { id: null, returnTo: null })).rejects.toMatchObject({
      code: "CONNECTOR_MISCONFIGURED",
      message: expect.stringContaining("10 tags"),
    });
  });
});

describe("what was started", () => {
  it("is forgotten once Nango's page can no longer be used", async () => {
    const world = await openNango();
    const ada = world.connectionsOf("ada");
    const { id, authorization } = await ada.start("test", { id: null, returnTo: null });
    world.clock.advance(30 * 60_000);
    expect(await ada.find({ id })).toBeNull();
    expect(await ada.findAuthorization(authorization?.id ?? "")).toBeNull();
  });

  it("is forgotten when it is disconnected", async () => {
    const world = await openNango();
    const ada = world.connectionsOf("ada");
    const { id } = await ada.start("test", { id: null, returnTo: null });
    expect(await ada.disconnect({ id })).toMatchObject({ id, enabled: false });
    expect(await ada.list(null)).toEqual([]);
  });

  it("cannot have the id of another connector's connection", async () => {
    const world = await openNango();
    const ada = world.connectionsOf("ada");
    const id = await world.connect(ada);
    await expect(ada.start("single", { id, returnTo: null })).rejects.toMatchObject({ code: "BAD_USER_INPUT" });
  });

  it("is refused where the plan allows no more, and where the integration is gone", async () => {
    const world = await openNango();
    const ada = world.connectionsOf("ada");
    await ada.list(null);
    world.nango.controls.next({ status: 200, body: { connections: [] } }, { status: 400, body: { error: { code: "resource_capped" } } });
    await expect(ada.start("test", { id: null, returnTo: null })).rejects.toMatchObject({ code: "CONNECTOR_MISCONFIGURED" });
    world.nango.controls.removeIntegration("test");
    await expect(ada.start("test", { id: null, returnTo: null })).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});

describe("the catalog", () => {
  it("is Nango's integrations, without those whose key is no slug", async () => {
    const world = await openNango();
    world.nango.controls.next({
      status: 200,
      body: {
        data: [{ unique_key: "test", display_name: "Test", logo: "javascript:alert(1)" }, { unique_key: "Mine: ~", display_name: "x" }, {}],
      },
    });
    expect(await world.adapter.catalog.listConnectors()).toMatchObject([
      {
        slug: "test",
        name: "Test",
        markUrl: null,
        supportsMultipleConnections: true,
        connectorUrl: "http://localhost:4000/connectors/test",
      },
    ]);
    expect(world.logged.filter((line) => line.includes("Mine: ~"))).toHaveLength(1);
  });
});
