import { describe, expect } from "vitest";
import type { Behaves } from "./capabilities.ts";
import { anyToken, newConnection, STRANGER, type Suite, type SuiteUser, TEST } from "./harness.ts";
import { createTokenRequests, granted } from "./token-requests.ts";

/** The outcomes without a token. */
export function describeOutcomes(suite: Suite, behaves: Behaves): void {
  describeNotConnected(suite, behaves);
  describeReconnectRequired(suite, behaves);
  describeScopesMissing(suite, behaves);
  describeUnavailable(suite, behaves);
}

/** The connector `test` asks for `read` and `write`, `single` for `read`, and `write` can be asked for besides. */
function describeScopesMissing(suite: Suite, behaves: Behaves): void {
  const { provider, newUser, connect } = suite;
  const { connected, tokenOf } = createTokenRequests(suite);
  const needs = ["scriptedProvider", "statesScopes", "asksScopes"] as const;

  async function connectedWithout(): Promise<SuiteUser> {
    const { controls } = provider();
    const user = await newUser();
    controls.grantedScopes = ["read"];
    await connect(user);
    controls.grantedScopes = null;
    return user;
  }

  describe("the outcome for a token that is asked for by its scopes", () => {
    behaves("is the token where they were granted", needs, async () => {
      granted(await tokenOf(await connected(), { scopes: ["read", "write"] }));
    });

    behaves("is ScopesMissing, with those that were not granted", needs, async () => {
      const outcome = await tokenOf(await connectedWithout(), { scopes: ["read", "write"] });
      expect(outcome).toMatchObject({ type: "ScopesMissing", missingScopes: ["write"] });
      const link = outcome.type === "ScopesMissing" ? new URL(outcome.connectorUrl) : null;
      expect(link?.searchParams.get("scopes")).toBe("write");
    });

    behaves("is BAD_USER_INPUT for one that the platform does not allow", [...needs, "startsScopes"], async () => {
      await expect(tokenOf(await connected(), { scopes: ["admin"] })).rejects.toMatchObject({ code: "BAD_USER_INPUT" });
    });

    behaves("is the token once they were asked for and granted, beside those of before", [...needs, "connecting"], async () => {
      const user = await connectedWithout();
      const started = await user.connections.start("test", { ...newConnection, scopes: ["write"] });
      await user.visit(started.authorization?.authorizeUrl ?? null);
      expect(granted(await tokenOf(user, { scopes: ["write"] })).scopes.toSorted()).toEqual(["read", "write"]);
    });

    behaves("is the token once a further one was asked for and granted", [...needs, "connecting", "startsScopes"], async () => {
      const user = await newUser();
      await connect(user, "single");
      const ask = () => user.connections.accessToken({ slug: "single" }, { ...anyToken, scopes: ["write"] });
      expect(await ask()).toMatchObject({ type: "ScopesMissing", missingScopes: ["write"] });
      const started = await user.connections.start("single", { ...newConnection, scopes: ["write"] });
      await user.visit(started.authorization?.authorizeUrl ?? null);
      expect(granted(await ask()).scopes.toSorted()).toEqual(["read", "write"]);
    });
  });
}

function describeNotConnected(suite: Suite, behaves: Behaves): void {
  const { newUser } = suite;
  const { connected, tokenOf } = createTokenRequests(suite);

  describe("the outcome for a token that is not there", () => {
    behaves("is NotConnected, with the connector's page, where there never was a connection", [], async () => {
      const outcome = await tokenOf(await newUser());
      expect(outcome).toMatchObject({ type: "NotConnected", connectorUrl: expect.stringMatching(/\/connectors\/test$/) });
    });

    behaves("is NotConnected for an unfinished connection", ["connecting"], async () => {
      const user = await newUser();
      await user.connections.start("test", newConnection);
      expect(await tokenOf(user)).toMatchObject({ type: "NotConnected" });
    });

    behaves("is NotConnected for a disconnected connection", [], async () => {
      const user = await connected();
      await user.connections.disconnect(TEST);
      expect(await tokenOf(user)).toMatchObject({ type: "NotConnected", connectorUrl: expect.stringMatching(/\/connectors\/test$/) });
    });

    behaves("is the same NotConnected for another user's connection as for one that never was", [], async () => {
      const theirs = granted(await tokenOf(await connected())).connection;
      const user = await newUser();
      const outcome = await user.connections.accessToken({ id: theirs.id }, anyToken);
      expect(outcome).toMatchObject({ type: "NotConnected" });
      expect(outcome).toEqual(await user.connections.accessToken({ id: STRANGER }, anyToken));
      expect(await user.connections.find({ id: theirs.id })).toBeNull();
    });

    behaves("is NOT_FOUND for a connector that the catalog does not have", [], async () => {
      const user = await newUser();
      await expect(user.connections.accessToken({ slug: "nothing" }, anyToken)).rejects.toMatchObject({ code: "NOT_FOUND" });
    });
  });
}

function describeReconnectRequired(suite: Suite, behaves: Behaves): void {
  const { provider } = suite;
  const { connected, expired, tokenOf } = createTokenRequests(suite);

  describe("the outcome for a token that cannot be renewed", () => {
    behaves(
      "is ReconnectRequired, REVOKED, once the provider no longer honours the grant",
      ["movedClock", "scriptedProvider", "ended"],
      async () => {
        const user = await expired();
        provider().controls.revokeGrants();
        const outcome = await tokenOf(user);
        expect(outcome).toMatchObject({ type: "ReconnectRequired", reason: "REVOKED", connection: { authorization: { status: "error" } } });
        expect(await user.connections.find(TEST)).toMatchObject({ enabled: true, authorization: { status: "error" } });
      },
    );

    behaves("is ReconnectRequired, EXPIRED, where there is nothing to refresh with", ["movedClock", "scriptedProvider"], async () => {
      provider().controls.next("omit-refresh-token");
      expect(await tokenOf(await expired())).toMatchObject({ type: "ReconnectRequired", reason: "EXPIRED" });
    });

    behaves(
      "is ReconnectRequired, TOKEN_REJECTED, where there is nothing to replace it with",
      ["scriptedProvider", "rejected"],
      async () => {
        provider().controls.next("omit-refresh-token");
        const user = await connected();
        const { fingerprint } = granted(await tokenOf(user));
        expect(await tokenOf(user, { rejected: fingerprint })).toMatchObject({ type: "ReconnectRequired", reason: "TOKEN_REJECTED" });
      },
    );
  });
}

function describeUnavailable(suite: Suite, behaves: Behaves): void {
  const { provider, clock, again } = suite;
  const { connected, expired, tokenOf } = createTokenRequests(suite);

  describe("the outcome for a token that cannot be had now", () => {
    behaves(
      "is TemporarilyUnavailable while the provider is away, and a token afterwards",
      ["movedClock", "scriptedProvider"],
      async () => {
        const user = await expired();
        provider().controls.next({ status: 503, headers: { "retry-after": "30" } });
        const outcome = await tokenOf(user);
        expect(outcome).toMatchObject({ type: "TemporarilyUnavailable" });
        const seconds = outcome.type === "TemporarilyUnavailable" ? outcome.retryAfter : 0;
        expect(seconds).toBeGreaterThanOrEqual(1);
        clock().advance(120_000);
        granted(await tokenOf(await again(user)));
      },
    );

    behaves("is TemporarilyUnavailable for a second refusal within half a minute", ["rejected"], async () => {
      const user = await connected();
      const first = granted(await tokenOf(user));
      const second = granted(await tokenOf(user, { rejected: first.fingerprint }));
      expect(await tokenOf(user, { rejected: second.fingerprint })).toMatchObject({ type: "TemporarilyUnavailable" });
    });

    behaves("is MinimumTtlUnavailable for a life that no token has", [], async () => {
      expect(await tokenOf(await connected(), { minimumTtl: 7_200 })).toMatchObject({ type: "MinimumTtlUnavailable" });
    });

    behaves("is MinimumTtlUnavailable with the longest life that can be had", ["minimumLife", "statesLife"], async () => {
      expect(await tokenOf(await connected(), { minimumTtl: 7_200 })).toMatchObject({ maximumTtl: 3_540 });
    });

    behaves(
      "is ConnectorMisconfigured when the provider refuses the platform's own credentials",
      ["movedClock", "scriptedProvider", "misconfigured"],
      async () => {
        const user = await expired();
        provider().controls.next({ status: 401, body: { error: "invalid_client" } });
        expect(await tokenOf(user)).toMatchObject({ type: "ConnectorMisconfigured", message: expect.stringContaining("Test") });
      },
    );
  });
}
