import { describe, expect } from "vitest";
import type { Behaves } from "./capabilities.ts";
import { expectEnd } from "./ends.ts";
import { anyToken, HOUR_MS, type Suite, TEST } from "./harness.ts";
import { createTokenRequests, granted } from "./token-requests.ts";

/** A token as it is held. */
export function describeTokens(suite: Suite, behaves: Behaves): void {
  const { harness, provider, clock, newUser, again, connect } = suite;
  const { connected, tokenOf } = createTokenRequests(suite);

  describe("a token", () => {
    behaves("is what the provider gave", ["scriptedProvider"], async () => {
      const token = granted(await tokenOf(await connected()));
      expect(provider().liveAccessTokens()).toContain(token.value);
    });

    behaves("has its type, its fingerprint and its connection", [], async () => {
      const user = await connected();
      const token = granted(await tokenOf(user));
      expect(token.tokenType.toLowerCase()).toBe("bearer");
      expect(token.fingerprint).toMatch(/^[\w-]{22}$/);
      expect(token.connection).toEqual(await user.connections.find(TEST));
    });

    behaves("says where the provider's API is, and by which header it is sent there", ["apiAccess"], async () => {
      const user = await newUser();
      await connect(user, "single");
      const owned = harness().platform.connectionsOf({ kind: "user", id: user.viewer.userId });
      for (const connections of [user.connections, owned]) {
        const { value, apiBaseUrl, authorizationHeader } = granted(await connections.accessToken({ slug: "single" }, anyToken));
        expect(apiBaseUrl).toBe("https://api.single.example/v1");
        expect(authorizationHeader).toEqual({ name: "X-Single-Token", value });
      }
    });

    behaves("has the scopes that were granted", ["statesScopes"], async () => {
      expect(granted(await tokenOf(await connected()))).toMatchObject({ scopes: ["read", "write"], missingScopes: [] });
    });

    behaves("has the life that the provider states", ["movedClock", "statesLife"], async () => {
      expectEnd(granted(await tokenOf(await connected())).expiresAt, clock().now() + HOUR_MS);
    });

    behaves("is the same by slug and by id while it is fresh", [], async () => {
      const user = await connected();
      const token = granted(await tokenOf(user));
      const byId = granted(await user.connections.accessToken({ id: token.connection.id }, anyToken));
      expect(byId.value).toBe(token.value);
    });

    behaves("is given for as long as it lives while the provider is away", ["movedClock", "scriptedProvider"], async () => {
      const user = await connected();
      const token = granted(await tokenOf(user));
      clock().advance(HOUR_MS - 200_000);
      provider().controls.always({ status: 503 });
      const current = await tokenOf(await again(user));
      provider().controls.always(null);
      expect(granted(current).value).toBe(token.value);
    });
  });
}

/** A token that is replaced by a new one. */
export function describeRefreshing(suite: Suite, behaves: Behaves): void {
  const { provider, clock, again } = suite;
  const { connected, tokenOf } = createTokenRequests(suite);

  describe("a token is refreshed", () => {
    behaves("once it has expired, by one refresh for all who ask", ["movedClock", "scriptedProvider"], async () => {
      const user = await connected();
      const old = granted(await tokenOf(user));
      clock().advance(HOUR_MS);
      const later = await again(user);
      const refreshes = provider().refreshCount();
      const tokens = await Promise.all(Array.from({ length: 8 }, async () => granted(await tokenOf(later)).value));
      expect(new Set(tokens).size).toBe(1);
      expect(tokens[0]).not.toBe(old.value);
      expect(provider().refreshCount()).toBe(refreshes + 1);
    });

    behaves("when its life is shorter than asked for", ["movedClock", "minimumLife"], async () => {
      const user = await connected();
      const old = granted(await tokenOf(user));
      clock().advance(HOUR_MS / 2);
      const later = await again(user);
      expect(granted(await tokenOf(later, { minimumTtl: 600 })).value).toBe(old.value);
      const renewed = granted(await tokenOf(later, { minimumTtl: 3_000 }));
      expect(renewed.value).not.toBe(old.value);
    });

    behaves("when the third party refused it, unless it was replaced before", ["rejected"], async () => {
      const user = await connected();
      const refused = granted(await tokenOf(user));
      const renewed = granted(await tokenOf(user, { rejected: refused.fingerprint }));
      expect(renewed.value).not.toBe(refused.value);
      expect(granted(await tokenOf(user, { rejected: refused.fingerprint })).value).toBe(renewed.value);
    });
  });
}
