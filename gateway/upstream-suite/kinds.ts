import { describe, expect } from "vitest";
import type { Behaves } from "./capabilities.ts";
import { anyToken, HOUR_MS, type Suite, type SuiteUser } from "./harness.ts";
import { createTokenRequests, granted } from "./token-requests.ts";

/** Several kinds of token of one connection. */
export function describeKinds(suite: Suite, behaves: Behaves): void {
  const { provider, clock, newUser, again, connect } = suite;
  const { connected, tokenOf } = createTokenRequests(suite);
  const tokenOfKind = async (user: SuiteUser, kind?: string) =>
    granted(await user.connections.accessToken({ slug: "single" }, { ...anyToken, ...(kind !== undefined && { kind }) }));

  async function withKinds(): Promise<SuiteUser> {
    const user = await newUser();
    await connect(user, "single");
    return user;
  }

  describe("a kind of token", () => {
    behaves("is the default's where none is named, and else the one that is named", ["kinds"], async () => {
      const user = await withKinds();
      const [unnamed, main, own] = [await tokenOfKind(user), await tokenOfKind(user, "main"), await tokenOfKind(user, "user")];
      expect([unnamed.kind, main.kind, own.kind]).toEqual(["main", "main", "user"]);
      expect(main.value).toBe(unnamed.value);
      expect(own.value).not.toBe(main.value);
      expect(own.connection.id).toBe(main.connection.id);
    });

    behaves("is refreshed by itself", ["kinds", "movedClock", "scriptedProvider"], async () => {
      const user = await withKinds();
      const before = await tokenOfKind(user, "user");
      clock().advance(HOUR_MS);
      const [later, refreshes] = [await again(user), provider().refreshCount()];
      const after = await tokenOfKind(later, "user");
      expect(after.kind).toBe("user");
      expect(after.value).not.toBe(before.value);
      expect(provider().liveAccessTokens()).toContain(after.value);
      expect(provider().refreshCount()).toBe(refreshes + 1);
    });

    behaves("is BAD_USER_INPUT where the connector has none of it", [], async () => {
      await expect(tokenOf(await connected(), { kind: "nothing" })).rejects.toMatchObject({ code: "BAD_USER_INPUT" });
    });
  });
}
