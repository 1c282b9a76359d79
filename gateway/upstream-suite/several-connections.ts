import { describe, expect } from "vitest";
import type { Behaves } from "./capabilities.ts";
import { another, newConnection, type Suite, type SuiteUser, TEST } from "./harness.ts";

/** Several connections of one connector. */
export function describeSeveralConnections({ clock, newUser, connect }: Suite, behaves: Behaves): void {
  describe("several connections", () => {
    behaves("have ids of their own, and the slug finds the newest that is enabled", ["movedClock", "severalConnections"], async () => {
      const user = await newUser();
      const first = await connect(user);
      clock().advance(1_000);
      const second = await connect(user, "test", crypto.randomUUID());
      expect(second.id).not.toBe(first.id);
      expect(await user.connections.find(TEST)).toMatchObject({ id: second.id });
      expect(await user.connections.find({ id: first.id })).toMatchObject({ id: first.id, enabled: true });
      expect((await user.connections.list(null)).map(({ id }) => id)).toEqual([second.id, first.id]);
    });

    const olderEnabled = async () => {
      const user = await newUser();
      const first = await connect(user);
      clock().advance(1_000);
      const second = await connect(user, "test", crypto.randomUUID());
      await user.connections.disconnect({ id: second.id });
      return { user, first, second };
    };

    behaves(
      "are found by the slug enabled before disabled, whichever is newer",
      ["movedClock", "severalConnections", "keepsDisconnected"],
      async () => {
        const { user, first, second } = await olderEnabled();
        expect(await user.connections.find(TEST)).toMatchObject({ id: first.id });
        expect(await user.connections.find({ id: second.id })).toMatchObject({ id: second.id, enabled: false });
      },
    );

    behaves(
      "are listed enabled before disabled, whichever is newer",
      ["movedClock", "severalConnections", "listsDisabled", "keepsDisconnected"],
      async () => {
        const { user, first, second } = await olderEnabled();
        expect((await user.connections.list("test")).map(({ id, enabled }) => [id, enabled])).toEqual([
          [first.id, true],
          [second.id, false],
        ]);
      },
    );

    behaves("are refused with BAD_USER_INPUT under the id of another user's connection", ["connecting", "severalConnections"], async () => {
      const theirs = await connect(await newUser());
      const taken = (await newUser()).connections.start("test", { id: theirs.id, returnTo: null });
      await expect(taken).rejects.toMatchObject({ code: "BAD_USER_INPUT" });
    });
  });
}

/** A connector that supports one connection. */
export function describeSingleConnection({ unique, newUser, connect }: Suite, behaves: Behaves): void {
  describe("a connector that supports one connection", () => {
    behaves("reconnects what exists where a new id is given", [], async () => {
      const user = await newUser();
      const { id } = await connect(user, "single");
      expect(await connect(user, "single", crypto.randomUUID())).toMatchObject({ id, enabled: true });
      await user.connections.disconnect({ id });
      expect(await connect(user, "single", crypto.randomUUID())).toMatchObject({ id, enabled: true });
      expect(await user.connections.list(null)).toHaveLength(1);
    });

    const inTwoTabs = async ({ connections }: SuiteUser) =>
      [await connections.start("single", newConnection), await connections.start("single", another())] as const;

    behaves("has one unfinished connection, however often it is started", ["connecting", "listsDisabled"], async () => {
      const user = await newUser();
      const [first] = await inTwoTabs(user);
      expect(await user.connections.list(null)).toMatchObject([{ id: first.id, enabled: false }]);
    });

    behaves("can be finished in each of two tabs", ["connecting"], async () => {
      const user = await newUser();
      const [first, second] = await inTwoTabs(user);
      expect(second.id).toBe(first.id);
      expect(second.authorization?.id).not.toBe(first.authorization?.id);
      for (const { authorization } of [first, second]) {
        await user.visit(authorization?.authorizeUrl ?? null);
        expect(await user.connections.list(null)).toMatchObject([
          { id: first.id, enabled: true, authorization: { id: authorization?.id, status: "active" } },
        ]);
      }
    });

    behaves("has one connection for all members of a group, whichever member started it", ["connecting"], async () => {
      const group = unique("group");
      const [ada, ben] = [await newUser(group), await newUser(group)];
      const [hers, his] = [await ada.connections.start("single", another()), await ben.connections.start("single", another())];
      expect(his.id).toBe(hers.id);
      await ada.visit(hers.authorization?.authorizeUrl ?? null);
      expect(await ben.connections.list(null)).toMatchObject([{ id: hers.id, enabled: true }]);
    });
  });
}
