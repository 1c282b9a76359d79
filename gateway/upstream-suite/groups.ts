import { describe, expect } from "vitest";
import type { Behaves } from "./capabilities.ts";
import { anyToken, newConnection, type Suite, TEST } from "./harness.ts";

/** Groups, whose tokens no user sees. */
export function describeGroups(suite: Suite, behaves: Behaves): void {
  describeSharing(suite, behaves);
  describeWithholding(suite, behaves);
  describeMoving(suite, behaves);
}

function describeSharing({ harness, provider, clock, unique, newUser, connect }: Suite, behaves: Behaves): void {
  describe("a group's connection", () => {
    behaves("is shared by all its members, whichever member made it", [], async () => {
      const group = unique("group");
      const [ada, ben] = [await newUser(group), await newUser(group)];
      const connection = await connect(ada);
      expect(connection.owner).toEqual({ kind: "group", id: group });
      expect(await ben.connections.find(TEST)).toEqual(connection);
      expect(await ben.connections.list(null)).toEqual([connection]);
    });

    behaves("tells its members who connected it, and when", ["movedClock", "connectedBy"], async () => {
      const group = unique("group");
      const [ada, ben] = [await newUser(group), await newUser(group)];
      const connectedAt = new Date(clock().now());
      await connect(ada);
      for (const { connections } of [ada, ben])
        expect((await connections.find(TEST))?.authorization).toMatchObject({ connectedAt, connectedBy: { id: ada.viewer.userId } });
    });

    behaves(
      "shows an attempt that failed only to the member who made it",
      ["scriptedProvider", "connecting", "listsDisabled", "keepsFailed"],
      async () => {
        const group = unique("group");
        const [ada, ben] = [await newUser(group), await newUser(group)];
        const { authorization } = await ada.connections.start("test", newConnection);
        expect((await ben.connections.find(TEST))?.authorization).toBeNull();
        provider().controls.denyNext();
        await ada.visit(authorization?.authorizeUrl ?? null);
        expect((await ada.connections.find(TEST))?.authorization).toMatchObject({ status: "error", problem: { isAlarm: false } });
        expect((await ben.connections.find(TEST))?.authorization).toBeNull();
        expect(await ben.connections.findAuthorization(authorization?.id ?? "")).toBeNull();
      },
    );

    behaves("is invisible to members of another group, former members and users without a group", [], async () => {
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
  });
}

function describeWithholding({ unique, newUser, connect }: Suite, behaves: Behaves): void {
  describe("a group's token", () => {
    behaves("is withheld from every member", [], async () => {
      const group = unique("group");
      const [ada, ben] = [await newUser(group), await newUser(group)];
      const { id } = await connect(ada);
      for (const { connections } of [ada, ben])
        for (const where of [TEST, { id }]) expect(await connections.accessToken(where, anyToken)).toMatchObject({ type: "TokenWithheld" });
    });

    behaves("is NotConnected for members before the group connects and after it disconnects", [], async () => {
      const ada = await newUser(unique("group"));
      expect(await ada.connections.accessToken(TEST, anyToken)).toMatchObject({ type: "NotConnected" });
      await connect(ada);
      await ada.connections.disconnect(TEST);
      expect(await ada.connections.accessToken(TEST, anyToken)).toMatchObject({ type: "NotConnected" });
    });
  });
}

function describeMoving({ harness, unique, newUser, connect }: Suite, behaves: Behaves): void {
  describe("a member who moves between groups", () => {
    const fields = [
      { name: "subdomain", value: "acme" },
      { name: "api_key", value: `planted-${unique("key")}` },
    ];

    behaves("gives the former group no credential by finishing what was started there", ["connecting", "endsWithMembership"], async () => {
      const { platform, signIn } = harness();
      for (const groupId of [null, unique("group")]) {
        const group = unique("group");
        const [ada, ben] = [await newUser(group), await newUser(group)];
        const { id } = await connect(ada, "test");
        const before = await ben.connections.find({ id });
        const [oauth, key] = [await ben.connections.start("test", newConnection), await ben.connections.start("key", newConnection)];
        await platform.provisionUser({ id: ben.viewer.userId, groupId });
        const former = await signIn(ben.viewer.userId);
        await expect(former.connections.submit(key.authorization?.state ?? "", fields)).rejects.toMatchObject({ code: "NOT_FOUND" });
        // Some adapters answer with an error, some with a page that says so.
        await Promise.allSettled([ben.visit(oauth.authorization?.authorizeUrl ?? null)]);
        expect(await ada.connections.find({ id })).toEqual(before);
        const ofGroup = platform.connectionsOf({ kind: "group", id: group });
        expect(await ofGroup.find({ slug: "key" })).toMatchObject({ id: key.id, enabled: false });
      }
    });

    behaves("does not take their own connections along, and finds them again after leaving", [], async () => {
      const user = await newUser();
      const { id } = await connect(user);
      const member = await harness().signIn(user.viewer.userId, unique("group"));
      expect(await member.connections.find({ id })).toBeNull();
      const back = await harness().signIn(user.viewer.userId, null);
      expect(await back.connections.find(TEST)).toMatchObject({ id });
    });
  });
}
