import { describe, expect } from "vitest";
import type { Behaves } from "./capabilities.ts";
import { newConnection, type Suite } from "./harness.ts";

const SINGLE = { slug: "single" };

/** What a provider tells of an account: that of `single` tells its id, as `account_id`. */
export function describeMetadata({ harness, unique, newUser, connect }: Suite, behaves: Behaves): void {
  describe("a connection's metadata", () => {
    const told = [{ name: "account_id", value: expect.stringMatching(/./) }];

    behaves("is empty until it is connected, and after it was disconnected", ["connecting", "metadata"], async () => {
      const user = await newUser();
      expect((await user.connections.start("single", newConnection)).metadata ?? []).toEqual([]);
      const { id } = await connect(user, "single");
      await user.connections.disconnect({ id });
      expect((await user.connections.find({ id }))?.metadata ?? []).toEqual([]);
    });

    behaves("is told to its user and to a server", ["metadata"], async () => {
      const user = await newUser();
      expect((await connect(user, "single")).metadata).toEqual(told);
      const owned = harness().platform.connectionsOf({ kind: "user", id: user.viewer.userId });
      expect((await owned.find(SINGLE))?.metadata).toEqual(told);
    });

    behaves("is told to the members of its group", ["metadata"], async () => {
      const group = unique("group");
      await connect(await newUser(group), "single");
      expect((await (await newUser(group)).connections.find(SINGLE))?.metadata).toEqual(told);
    });
  });
}
