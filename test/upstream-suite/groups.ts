import { describe, expect } from "vitest";
import { anyToken, type Behaves, type Suite, TEST } from "./harness.ts";
import { granted } from "./tokens.ts";

/** Groups, whose tokens no user sees; and servers, which see them all. */
export function describeGroups({ harness, unique, newUser, connect }: Suite, behaves: Behaves): void {
  const started = { id: null, returnTo: null };
  const fields = [
    { name: "subdomain", value: "acme" },
    { name: "api_key", value: `planted-${unique("key")}` },
  ];

  describe("a group", () => {
    behaves("shares one connection among its members, whoever made it", async () => {
      const group = unique("group");
      const [ada, ben] = [await newUser(group), await newUser(group)];
      const connection = await connect(ada);
      expect(connection.owner).toEqual({ kind: "group", id: group });
      expect(await ben.connections.find(TEST)).toEqual(connection);
      expect(await ben.connections.list(null)).toEqual([connection]);
    });

    behaves("tells its members who connected it, and when", async () => {
      const { clock } = harness();
      const group = unique("group");
      const [ada, ben] = [await newUser(group), await newUser(group)];
      const connectedAt = new Date(clock.now());
      await connect(ada);
      for (const { connections } of [ada, ben])
        expect((await connections.find(TEST))?.authorization).toMatchObject({ connectedAt, connectedBy: { id: ada.viewer.userId } });
    });

    behaves("shows an attempt that failed to the member alone who made it", async () => {
      const { provider } = harness();
      const group = unique("group");
      const [ada, ben] = [await newUser(group), await newUser(group)];
      const { authorization } = await ada.connections.start("test", started);
      expect((await ben.connections.find(TEST))?.authorization).toBeNull();
      provider.controls.denyNext();
      await ada.visit(authorization?.authorizeUrl ?? null);
      expect((await ada.connections.find(TEST))?.authorization).toMatchObject({ status: "error", problem: { isAlarm: false } });
      expect((await ben.connections.find(TEST))?.authorization).toBeNull();
      expect(await ben.connections.findAuthorization(authorization?.id ?? "")).toBeNull();
    });

    behaves("withholds its token from every member", async () => {
      const group = unique("group");
      const [ada, ben] = [await newUser(group), await newUser(group)];
      const { id } = await connect(ada);
      for (const { connections } of [ada, ben])
        for (const where of [TEST, { id }]) expect(await connections.accessToken(where, anyToken)).toMatchObject({ type: "TokenWithheld" });
    });

    behaves("tells its members that nothing is connected, or that it has to be mended", async () => {
      const ada = await newUser(unique("group"));
      expect(await ada.connections.accessToken(TEST, anyToken)).toMatchObject({ type: "NotConnected" });
      await connect(ada);
      await ada.connections.disconnect(TEST);
      expect(await ada.connections.accessToken(TEST, anyToken)).toMatchObject({ type: "NotConnected" });
    });

    behaves("is invisible to members of another group, to former members and to everybody else", async () => {
      const group = unique("group");
      const ada = await newUser(group);
      const { id } = await connect(ada);
      const former = await harness().signIn(ada.viewer.userId, null);
      for (const user of [former, await newUser(unique("group")), await newUser()]) {
        expect(await user.connections.find({ id })).toBeNull();
        expect(await user.connections.list(null)).toEqual([]);
        expect(await user.connections.accessToken({ id }, anyToken)).toMatchObject({ type: "NotConnected" });
      }
    });

    behaves("takes no credential of a member who left it, or moved, after starting to connect", async () => {
      const { platform, signIn } = harness();
      for (const groupId of [null, unique("group")]) {
        const group = unique("group");
        const [ada, ben] = [await newUser(group), await newUser(group)];
        const { id } = await connect(ada, "test");
        const before = await ben.connections.find({ id });
        const [oauth, key] = [await ben.connections.start("test", started), await ben.connections.start("key", started)];
        await platform.provisionUser({ id: ben.viewer.userId, groupId });
        const former = await signIn(ben.viewer.userId);
        await expect(former.connections.submit(key.authorization?.state ?? "", fields)).rejects.toMatchObject({ code: "NOT_FOUND" });
        // Some adapters answer with an error, some with a page that says so.
        await Promise.allSettled([ben.visit(oauth.authorization?.authorizeUrl ?? null)]);
        expect(await ada.connections.find({ id })).toEqual(before);
        expect(await ada.connections.find({ slug: "key" })).toMatchObject({ id: key.id, enabled: false });
      }
    });

    behaves("leaves users without a group their own tokens", async () => {
      const user = await newUser();
      await connect(user);
      granted(await user.connections.accessToken(TEST, anyToken));
    });

    behaves("does not take a user's own connections along", async () => {
      const user = await newUser();
      const { id } = await connect(user);
      const member = await harness().signIn(user.viewer.userId, unique("group"));
      expect(await member.connections.find({ id })).toBeNull();
      const back = await harness().signIn(user.viewer.userId, null);
      expect(await back.connections.find(TEST)).toMatchObject({ id });
    });
  });

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

    behaves("is told NotConnected, and null, for a known owner without the connection", async () => {
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

    behaves("is told null for an owner that nobody made known", async () => {
      const { platform } = harness();
      expect(await platform.findUser(unique("nobody"))).toBeNull();
      expect(await platform.findGroup(unique("nobody"))).toBeNull();
    });

    behaves("is understood whatever characters an owner's id has", async () => {
      const id = `${unique("ünï")}/../a b?c#d%2F`;
      const user = await harness().signIn(id);
      const connection = await connect(user);
      expect(await harness().platform.findUser(id)).toMatchObject({ id });
      expect(await harness().platform.connectionsOf({ kind: "user", id }).find(TEST)).toEqual(connection);
    });
  });

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
