import { describe, expect } from "vitest";
import { anyToken, type Behaves, type Suite, TEST } from "./harness.ts";
import { granted } from "./token-requests.ts";

/** Servers, which see the tokens of users and groups. */
export function describeServers({ harness, unique, newUser, connect }: Suite, behaves: Behaves): void {
  describe("a server", () => {
    behaves("gets a group's token, by slug and by id", async () => {
      const group = unique("group");
      const { id } = await connect(await newUser(group));
      const connections = harness().platform.connectionsOf({ kind: "group", id: group });
      const token = granted(await connections.accessToken(TEST, anyToken));
      expect(harness().provider.liveAccessTokens()).toContain(token.value);
      expect(granted(await connections.accessToken({ id }, anyToken)).value).toBe(token.value);
      expect(token.connection).toMatchObject({ id, owner: { kind: "group", id: group } });
    });

    behaves("gets a user's connections and tokens, disabled ones included", async () => {
      const user = await newUser();
      const connection = await connect(user);
      const connections = harness().platform.connectionsOf({ kind: "user", id: user.viewer.userId });
      expect(await connections.find(TEST)).toEqual(connection);
      expect(await connections.list(null)).toEqual([connection]);
      const { value, fingerprint } = granted(await connections.accessToken(TEST, { minimumTtl: 60, rejected: null, verify: null }));
      expect(granted(await connections.accessToken(TEST, { minimumTtl: null, rejected: fingerprint, verify: null })).value).not.toBe(value);
      await user.connections.disconnect(TEST);
      expect(await connections.find(TEST)).toMatchObject({ id: connection.id, enabled: false });
      expect(await connections.list("test")).toMatchObject([{ id: connection.id, enabled: false }]);
      expect(await connections.accessToken(TEST, anyToken)).toMatchObject({ type: "NotConnected" });
    });

    behaves("gets NotConnected and null for a known owner without the connection", async () => {
      const { viewer } = await newUser();
      const theirs = await connect(await newUser());
      const connections = harness().platform.connectionsOf({ kind: "user", id: viewer.userId });
      expect(await connections.find(TEST)).toBeNull();
      expect(await connections.find({ id: theirs.id })).toBeNull();
      expect(await connections.list(null)).toEqual([]);
      for (const where of [TEST, { id: theirs.id }])
        expect(await connections.accessToken(where, anyToken)).toMatchObject({ type: "NotConnected" });
      await expect(connections.accessToken({ slug: "nothing" }, anyToken)).rejects.toMatchObject({ code: "NOT_FOUND" });
    });

    behaves("gets null for an unknown owner", async () => {
      const { platform } = harness();
      expect(await platform.findUser(unique("nobody"))).toBeNull();
      expect(await platform.findGroup(unique("nobody"))).toBeNull();
    });

    behaves("may ask for an owner whose id has any characters", async () => {
      const id = `${unique("ünï")}/../a b?c#d%2F`;
      const user = await harness().signIn(id);
      const connection = await connect(user);
      expect(await harness().platform.findUser(id)).toMatchObject({ id });
      expect(await harness().platform.connectionsOf({ kind: "user", id }).find(TEST)).toEqual(connection);
    });
  });
}

/** Making users and groups known. */
export function describeProvisioning({ harness, unique, newUser, connect }: Suite, behaves: Behaves): void {
  describe("provisioning", () => {
    behaves("makes a user and a group known, with a token and its end", async () => {
      const { platform, clock } = harness();
      const [id, groupId] = [unique("user"), unique("group")];
      const { user, token, expiresAt } = await platform.provisionUser({ id, groupId, name: "Ada" });
      expect(user).toEqual({ id, groupId, name: "Ada" });
      expect(token.length).toBeGreaterThan(20);
      expect(expiresAt.getTime()).toBeGreaterThan(clock.now());
      expect(await platform.findUser(id)).toEqual(user);
      expect(await platform.findGroup(groupId)).toEqual({ id: groupId });
    });

    behaves("is idempotent: what is left out stays, null clears", async () => {
      const { platform } = harness();
      const [id, groupId] = [unique("user"), unique("group")];
      await platform.provisionUser({ id, groupId, name: "Ada" });
      expect((await platform.provisionUser({ id })).user).toEqual({ id, groupId, name: "Ada" });
      expect((await platform.provisionUser({ id, name: null })).user).toEqual({ id, groupId, name: null });
      expect((await platform.provisionUser({ id, groupId: null })).user).toEqual({ id, groupId: null, name: null });
    });

    behaves("moves a user to another group, whose connections they then see", async () => {
      const { platform, signIn } = harness();
      const [from, to] = [unique("group"), unique("group")];
      const there = await connect(await newUser(to));
      const ada = await newUser(from);
      await connect(ada);
      await platform.provisionUser({ id: ada.viewer.userId, groupId: to });
      const moved = await signIn(ada.viewer.userId);
      expect(await moved.connections.list(null)).toEqual([there]);
    });
  });
}
