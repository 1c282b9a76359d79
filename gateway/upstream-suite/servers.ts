import { describe, expect } from "vitest";
import type { Behaves } from "./capabilities.ts";
import { anyToken, type Suite, type SuiteUser, TEST, type UpstreamHarness } from "./harness.ts";
import { granted } from "./token-requests.ts";

/** Servers, which see the tokens of users and groups. */
export function describeServers(suite: Suite, behaves: Behaves): void {
  describeReading(suite, behaves);
  describeOwners(suite, behaves);
  describeDisabled(suite, behaves);
}

const connectionsOf = ({ platform }: UpstreamHarness, { viewer }: SuiteUser) => platform.connectionsOf({ kind: "user", id: viewer.userId });

function describeReading({ harness, provider, unique, newUser, connect }: Suite, behaves: Behaves): void {
  describe("a server", () => {
    behaves("gets a group's token as the provider gave it", ["scriptedProvider"], async () => {
      const group = unique("group");
      await connect(await newUser(group));
      const connections = harness().platform.connectionsOf({ kind: "group", id: group });
      expect(provider().liveAccessTokens()).toContain(granted(await connections.accessToken(TEST, anyToken)).value);
    });

    behaves("gets a group's token, by slug and by id", [], async () => {
      const group = unique("group");
      const { id } = await connect(await newUser(group));
      const connections = harness().platform.connectionsOf({ kind: "group", id: group });
      const token = granted(await connections.accessToken(TEST, anyToken));
      expect(granted(await connections.accessToken({ id }, anyToken)).value).toBe(token.value);
      expect(token.connection).toMatchObject({ id, owner: { kind: "group", id: group } });
    });

    behaves("gets a user's connections and tokens", [], async () => {
      const user = await newUser();
      const connection = await connect(user);
      expect(await connectionsOf(harness(), user).find(TEST)).toEqual(connection);
      expect(await connectionsOf(harness(), user).list(null)).toEqual([connection]);
      expect(granted(await connectionsOf(harness(), user).accessToken(TEST, anyToken)).connection).toEqual(connection);
    });

    behaves(
      "gets a token with the life that it asks for, and a new one in place of a refused one",
      ["minimumLife", "rejected"],
      async () => {
        const user = await newUser();
        await connect(user);
        const { value, fingerprint } = granted(await connectionsOf(harness(), user).accessToken(TEST, { ...anyToken, minimumTtl: 60 }));
        const renewed = granted(await connectionsOf(harness(), user).accessToken(TEST, { ...anyToken, rejected: fingerprint }));
        expect(renewed.value).not.toBe(value);
      },
    );

    behaves("gets NotConnected and null for a known owner without the connection", [], async () => {
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
  });
}

function describeOwners({ harness, unique, connect }: Suite, behaves: Behaves): void {
  describe("a server that asks for an owner", () => {
    behaves("gets null for an unknown owner", [], async () => {
      const { platform } = harness();
      expect(await platform.findUser(unique("nobody"))).toBeNull();
      expect(await platform.findGroup(unique("nobody"))).toBeNull();
    });

    const newStrangeId = () => `${unique("ünï")}/../a b?c#d%2F`;

    behaves("gets the connections of one whose id has any characters", [], async () => {
      const user = await harness().signIn(newStrangeId());
      const connection = await connect(user);
      expect(await connectionsOf(harness(), user).find(TEST)).toEqual(connection);
    });

    behaves("finds a user whose id has any characters", ["directory"], async () => {
      const id = newStrangeId();
      await harness().signIn(id);
      expect(await harness().platform.findUser(id)).toMatchObject({ id });
    });
  });
}

function describeDisabled({ harness, newUser, connect }: Suite, behaves: Behaves): void {
  describe("a server that asks for a disabled connection", () => {
    const disconnected = async () => {
      const user = await newUser();
      const { id } = await connect(user);
      await user.connections.disconnect(TEST);
      return { id, connections: connectionsOf(harness(), user) };
    };

    behaves("finds it, and gets no token of it", ["keepsDisconnected"], async () => {
      const { id, connections } = await disconnected();
      expect(await connections.find(TEST)).toMatchObject({ id, enabled: false });
      expect(await connections.accessToken(TEST, anyToken)).toMatchObject({ type: "NotConnected" });
    });

    behaves("gets it in lists", ["listsDisabled", "keepsDisconnected"], async () => {
      const { id, connections } = await disconnected();
      expect(await connections.list("test")).toMatchObject([{ id, enabled: false }]);
    });
  });
}

/** Making users and groups known. */
export function describeProvisioning({ harness, clock, unique, newUser, connect }: Suite, behaves: Behaves): void {
  describe("provisioning", () => {
    behaves("gives a user token, with its end", ["movedClock"], async () => {
      const [id, groupId] = [unique("user"), unique("group")];
      const { user, token, expiresAt } = await harness().platform.provisionUser({ id, groupId, name: "Ada" });
      expect(user).toEqual({ id, groupId, name: "Ada" });
      expect(token.length).toBeGreaterThan(20);
      expect(expiresAt.getTime()).toBeGreaterThan(clock().now());
    });

    behaves("makes a user and a group known", ["directory"], async () => {
      const { platform } = harness();
      const [id, groupId] = [unique("user"), unique("group")];
      const { user } = await platform.provisionUser({ id, groupId, name: "Ada" });
      expect(await platform.findUser(id)).toEqual(user);
      expect(await platform.findGroup(groupId)).toEqual({ id: groupId });
    });

    behaves("is idempotent: what is left out stays, null clears", ["directory"], async () => {
      const { platform } = harness();
      const [id, groupId] = [unique("user"), unique("group")];
      await platform.provisionUser({ id, groupId, name: "Ada" });
      expect((await platform.provisionUser({ id })).user).toEqual({ id, groupId, name: "Ada" });
      expect((await platform.provisionUser({ id, name: null })).user).toEqual({ id, groupId, name: null });
      expect((await platform.provisionUser({ id, groupId: null })).user).toEqual({ id, groupId: null, name: null });
    });

    behaves("moves a user to another group, whose connections they then see", [], async () => {
      const { platform, signIn } = harness();
      const [from, to] = [unique("group"), unique("group")];
      const there = await connect(await newUser(to));
      const ada = await newUser(from);
      await connect(ada);
      await platform.provisionUser({ id: ada.viewer.userId, groupId: to });
      const moved = await signIn(ada.viewer.userId);
      expect(await moved.connections.list(null)).toEqual([there]);
    });

    behaves("moves a user and says what became of each connection, none of which changes its owner", ["userActions"], async () => {
      const { platform, signIn } = harness();
      const [from, to] = [unique("group"), unique("group")];
      const there = await connect(await newUser(to));
      const ada = await newUser();
      const { userId } = ada.viewer;
      const own = await connect(ada);
      const left = await connect(await signIn(userId, from));
      const statuses = async (groupId: string | null) => {
        const moved = await platform.moveUser?.(userId, groupId);
        const entries = moved?.connections.map(({ connection, status }) => [connection.id, status]);
        return { user: moved?.user.groupId, before: moved?.previousGroupId, connections: Object.fromEntries(entries ?? []) };
      };
      expect(await statuses(to)).toEqual({
        user: to,
        before: from,
        connections: { [own.id]: "kept_unseen", [left.id]: "left_with_group", [there.id]: "seen" },
      });
      expect((await (await signIn(userId)).connections.list(null)).map(({ id }) => id)).toEqual([there.id]);
      expect(await statuses(null)).toEqual({
        user: null,
        before: to,
        connections: { [own.id]: "seen", [there.id]: "left_with_group" },
      });
      expect((await (await signIn(userId)).connections.list(null)).map(({ id }) => id)).toEqual([own.id]);
    });

    behaves("deletes a user with their connections, and leaves those of their group", ["deletesUsers", "directory"], async () => {
      const { platform, signIn } = harness();
      const group = unique("group");
      const ada = await newUser();
      const { userId } = ada.viewer;
      const own = await connect(ada);
      const left = await connect(await signIn(userId, group));
      expect(await platform.deleteUser?.(userId)).toEqual({
        connections: [{ id: own.id, connector: "test", revocation: expect.stringMatching(/^(revoked|nothing)$/) }],
        groupConnections: [{ id: left.id, connector: "test", group }],
      });
      expect(await platform.findUser(userId)).toBeNull();
      expect(await platform.connectionsOf({ kind: "group", id: group }).find(TEST)).toMatchObject({ id: left.id, enabled: true });
      const again = await signIn(userId);
      expect(await again.connections.list(null)).toEqual([]);
    });

    behaves("imports a connection once, whose token is given at once", ["importing"], async () => {
      const { platform, signIn } = harness();
      const [id, accessToken] = [unique("user"), unique("token")];
      const lines = [
        { user: id, connector: "test", access_token: accessToken },
        { user: id, connector: "nothing", access_token: "x" },
      ];
      const imported = await platform.importConnections?.(lines, { isDryRun: false });
      expect(imported?.map(({ status, connector, messages }) => [status, connector, messages.length])).toEqual([
        ["imported", "test", 0],
        ["refused", null, 1],
      ]);
      const user = await signIn(id);
      expect(granted(await user.connections.accessToken(TEST, anyToken))).toMatchObject({
        value: accessToken,
        connection: { id: imported?.[0]?.connectionId },
      });
      const again = await platform.importConnections?.(lines, { isDryRun: true });
      expect(again?.[0]).toMatchObject({ status: "skipped", connectionId: imported?.[0]?.connectionId });
    });

    behaves("deletes no unknown user", ["deletesUsers"], async () => {
      expect(await harness().platform.deleteUser?.(unique("stranger"))).toBeNull();
    });

    behaves("moves no unknown user, and makes none known", ["userActions", "directory"], async () => {
      const { platform } = harness();
      const id = unique("stranger");
      expect(await platform.moveUser?.(id, unique("group"))).toBeNull();
      expect(await platform.revokeSessions?.(id)).toBeNull();
      expect(await platform.findUser(id)).toBeNull();
    });
  });
}
