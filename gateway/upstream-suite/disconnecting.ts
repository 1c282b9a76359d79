import { describe, expect } from "vitest";
import type { Behaves } from "./capabilities.ts";
import { STRANGER, type Suite, TEST } from "./harness.ts";

/** Ending a connection. */
export function describeDisconnecting({ provider, newUser, connect }: Suite, behaves: Behaves): void {
  describe("disconnecting", () => {
    behaves("answers the connection as it was", [], async () => {
      const user = await newUser();
      const connection = await connect(user);
      expect(await user.connections.disconnect({ id: connection.id })).toEqual(connection);
    });

    behaves("revokes the grant", ["scriptedProvider", "revokes"], async () => {
      const user = await newUser();
      await connect(user);
      const { revocations } = provider();
      const before = revocations.length;
      await user.connections.disconnect(TEST);
      expect(revocations.length).toBe(before + 1);
    });

    behaves("disables the connection", ["keepsDisconnected"], async () => {
      const user = await newUser();
      const { id } = await connect(user);
      await user.connections.disconnect(TEST);
      expect(await user.connections.find(TEST)).toMatchObject({ id, enabled: false, authorization: null });
    });

    behaves("is undone by connecting again, under the same id", [], async () => {
      const user = await newUser();
      const connection = await connect(user);
      await user.connections.disconnect(TEST);
      expect(await connect(user)).toMatchObject({ id: connection.id, enabled: true });
    });

    behaves("answers NOT_FOUND for no connection and for another user's alike", [], async () => {
      const theirs = await connect(await newUser());
      const user = await newUser();
      for (const where of [TEST, { id: theirs.id }, { id: STRANGER }])
        await expect(user.connections.disconnect(where)).rejects.toMatchObject({ code: "NOT_FOUND" });
      expect(theirs.enabled).toBe(true);
    });
  });
}
