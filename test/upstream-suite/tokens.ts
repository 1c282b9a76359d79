import { describe, expect } from "vitest";
import type { AccessTokenOutcome } from "../../schema/upstream.ts";
import { anyToken, type Behaves, HOUR_MS, STRANGER, type Suite, type SuiteUser, TEST } from "./harness.ts";

/** Narrows to a token, or fails. */
export function granted(outcome: AccessTokenOutcome) {
  expect(outcome).toMatchObject({ type: "AccessToken" });
  if (outcome.type !== "AccessToken") throw new TypeError(`There is no token, but ${outcome.type}.`);
  return outcome;
}

/** "A token, please", in each of its outcomes. */
export function describeTokens({ harness, newUser, again, connect }: Suite, behaves: Behaves): void {
  const connected = async (): Promise<SuiteUser> => {
    const user = await newUser();
    await connect(user);
    return user;
  };
  const expired = async (): Promise<SuiteUser> => {
    const user = await connected();
    harness().clock.advance(HOUR_MS);
    return again(user);
  };
  const tokenOf = (user: SuiteUser, request: Partial<typeof anyToken> = {}) =>
    user.connections.accessToken(TEST, { ...anyToken, ...request });

  describe("a token", () => {
    behaves("is what the provider gave, with its life, scopes, fingerprint and connection", async () => {
      const user = await connected();
      const token = granted(await tokenOf(user));
      const { provider, clock } = harness();
      expect(provider.liveAccessTokens()).toContain(token.value);
      expect(token).toMatchObject({ scopes: ["read", "write"], missingScopes: [], expiresAt: new Date(clock.now() + HOUR_MS) });
      expect(token.tokenType.toLowerCase()).toBe("bearer");
      expect(token.fingerprint).toMatch(/^[\w-]{22}$/);
      expect(token.connection).toEqual(await user.connections.find(TEST));
    });

    behaves("is the same by id, and while it is fresh", async () => {
      const user = await connected();
      const token = granted(await tokenOf(user));
      const byId = granted(await user.connections.accessToken({ id: token.connection.id }, anyToken));
      expect(byId.value).toBe(token.value);
    });

    behaves("is refreshed once it has expired, by one refresh for everybody who asks", async () => {
      const user = await connected();
      const old = granted(await tokenOf(user));
      harness().clock.advance(HOUR_MS);
      const later = await again(user);
      const refreshes = harness().provider.refreshCount();
      const tokens = await Promise.all(Array.from({ length: 8 }, async () => granted(await tokenOf(later)).value));
      expect(new Set(tokens).size).toBe(1);
      expect(tokens[0]).not.toBe(old.value);
      expect(harness().provider.refreshCount()).toBe(refreshes + 1);
    });

    behaves("has the life that was asked for: a shorter one is refreshed first", async () => {
      const user = await connected();
      const old = granted(await tokenOf(user));
      harness().clock.advance(HOUR_MS / 2);
      const later = await again(user);
      expect(granted(await tokenOf(later, { minimumTtl: 600 })).value).toBe(old.value);
      const renewed = granted(await tokenOf(later, { minimumTtl: 3_000 }));
      expect(renewed.value).not.toBe(old.value);
    });

    behaves("is replaced when the third party refused it, unless it has been replaced already", async () => {
      const user = await connected();
      const refused = granted(await tokenOf(user));
      const renewed = granted(await tokenOf(user, { rejected: refused.fingerprint }));
      expect(renewed.value).not.toBe(refused.value);
      expect(granted(await tokenOf(user, { rejected: refused.fingerprint })).value).toBe(renewed.value);
    });

    behaves("is still the current one while the provider is away and it is alive", async () => {
      const user = await connected();
      const token = granted(await tokenOf(user));
      const { clock, provider } = harness();
      clock.advance(HOUR_MS - 200_000);
      provider.controls.always({ status: 503 });
      const current = await tokenOf(await again(user));
      provider.controls.always(null);
      expect(granted(current).value).toBe(token.value);
    });
  });

  describe("a connection's health", () => {
    const healthOf = async (user: SuiteUser) => (await user.connections.find(TEST))?.authorization;

    behaves("is unknown before it is connected, and WORKING from then on", async () => {
      const user = await newUser();
      await user.connections.start("test", { id: null, returnTo: null });
      expect(await healthOf(user)).toMatchObject({
        health: null,
        healthChangedAt: null,
        connectedAt: null,
        connectedBy: null,
        problem: null,
      });
      const connectedAt = new Date(harness().clock.now());
      await connect(user);
      expect(await healthOf(user)).toMatchObject({ health: "working", healthChangedAt: connectedAt, connectedAt, problem: null });
    });

    behaves("is what the last refresh has shown, and its words are not the provider's", async () => {
      const user = await expired();
      const { provider, clock, platform } = harness();
      provider.controls.next({ status: 401, body: { error: "invalid_client", error_description: "Call 0800" } });
      const misconfigured = await tokenOf(user);
      expect(JSON.stringify([misconfigured, await healthOf(user)])).not.toContain("0800");
      expect(await healthOf(user)).toMatchObject({
        health: "misconfigured",
        healthCode: "invalid_client",
        healthChangedAt: new Date(clock.now()),
      });
      const theirs = platform.connectionsOf({ kind: "user", id: user.viewer.userId });
      expect(await theirs.accessToken(TEST, anyToken)).toMatchObject({ message: expect.stringContaining("Call 0800") });
      clock.advance(HOUR_MS);
      const later = await again(user);
      granted(await tokenOf(later));
      expect(await healthOf(later)).toMatchObject({ health: "working", healthCode: null, healthChangedAt: new Date(clock.now()) });
    });
  });

  describe("without a token the outcome", () => {
    behaves("is NotConnected, with the connector's page, where there never was a connection", async () => {
      const outcome = await tokenOf(await newUser());
      expect(outcome).toMatchObject({ type: "NotConnected", connectorUrl: expect.stringMatching(/\/connectors\/test$/) });
    });

    behaves("is NotConnected for an unfinished connection, and for a disconnected one", async () => {
      const user = await newUser();
      await user.connections.start("test", { id: null, returnTo: null });
      expect(await tokenOf(user)).toMatchObject({ type: "NotConnected" });
      const other = await connected();
      await other.connections.disconnect(TEST);
      expect(await tokenOf(other)).toMatchObject({ type: "NotConnected", connectorUrl: expect.stringMatching(/\/connectors\/test$/) });
    });

    behaves("is the same NotConnected for somebody else's connection as for one that never was", async () => {
      const theirs = granted(await tokenOf(await connected())).connection;
      const user = await newUser();
      const outcome = await user.connections.accessToken({ id: theirs.id }, anyToken);
      expect(outcome).toMatchObject({ type: "NotConnected" });
      expect(outcome).toEqual(await user.connections.accessToken({ id: STRANGER }, anyToken));
      expect(await user.connections.find({ id: theirs.id })).toBeNull();
    });

    behaves("is NOT_FOUND for a connector that the catalog does not have", async () => {
      const user = await newUser();
      await expect(user.connections.accessToken({ slug: "nothing" }, anyToken)).rejects.toMatchObject({ code: "NOT_FOUND" });
    });

    behaves("is ReconnectRequired, REVOKED, once the provider no longer honours the grant", async () => {
      const user = await expired();
      harness().provider.controls.revokeGrants();
      const outcome = await tokenOf(user);
      expect(outcome).toMatchObject({ type: "ReconnectRequired", reason: "REVOKED", connection: { authorization: { status: "error" } } });
      expect(await user.connections.find(TEST)).toMatchObject({ enabled: true, authorization: { status: "error" } });
    });

    behaves("is ReconnectRequired, EXPIRED, where there is nothing to refresh with", async () => {
      harness().provider.controls.next("omit-refresh-token");
      expect(await tokenOf(await expired())).toMatchObject({ type: "ReconnectRequired", reason: "EXPIRED" });
    });

    behaves("is ReconnectRequired, TOKEN_REJECTED, where there is nothing to replace it with", async () => {
      harness().provider.controls.next("omit-refresh-token");
      const user = await connected();
      const { fingerprint } = granted(await tokenOf(user));
      expect(await tokenOf(user, { rejected: fingerprint })).toMatchObject({ type: "ReconnectRequired", reason: "TOKEN_REJECTED" });
    });

    behaves("is TemporarilyUnavailable while the provider is away, and heals by itself", async () => {
      const user = await expired();
      const { provider, clock } = harness();
      provider.controls.next({ status: 503, headers: { "retry-after": "30" } });
      const outcome = await tokenOf(user);
      expect(outcome).toMatchObject({ type: "TemporarilyUnavailable" });
      const seconds = outcome.type === "TemporarilyUnavailable" ? outcome.retryAfter : 0;
      expect(seconds).toBeGreaterThanOrEqual(1);
      clock.advance(120_000);
      granted(await tokenOf(await again(user)));
    });

    behaves("is TemporarilyUnavailable for a second refusal within half a minute", async () => {
      const user = await connected();
      const first = granted(await tokenOf(user));
      const second = granted(await tokenOf(user, { rejected: first.fingerprint }));
      expect(await tokenOf(user, { rejected: second.fingerprint })).toMatchObject({ type: "TemporarilyUnavailable" });
    });

    behaves("is MinimumTtlUnavailable, with the most that can be had, for a life that no token has", async () => {
      const outcome = await tokenOf(await connected(), { minimumTtl: 7_200 });
      expect(outcome).toMatchObject({ type: "MinimumTtlUnavailable", maximumTtl: 3_540 });
    });

    behaves("is ConnectorMisconfigured when the provider refuses the platform's own credentials", async () => {
      const user = await expired();
      harness().provider.controls.next({ status: 401, body: { error: "invalid_client" } });
      expect(await tokenOf(user)).toMatchObject({ type: "ConnectorMisconfigured", message: expect.stringContaining("Test") });
    });
  });
}
