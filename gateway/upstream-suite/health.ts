import { describe, expect } from "vitest";
import type { Behaves } from "./capabilities.ts";
import { anyToken, HOUR_MS, newConnection, type Suite, type SuiteUser, TEST } from "./harness.ts";
import { createTokenRequests, granted } from "./token-requests.ts";

/** How a connection's last refresh went. */
export function describeHealth(suite: Suite, behaves: Behaves): void {
  const { harness, provider, clock, newUser, again, connect } = suite;
  const { expired, tokenOf } = createTokenRequests(suite);

  describe("a connection's health", () => {
    const healthOf = async (user: SuiteUser) => (await user.connections.find(TEST))?.authorization;

    behaves(
      "is unknown before it is connected, and WORKING from then on",
      ["movedClock", "connecting", "health", "connectedBy"],
      async () => {
        const user = await newUser();
        await user.connections.start("test", newConnection);
        expect(await healthOf(user)).toMatchObject({
          health: null,
          healthChangedAt: null,
          connectedAt: null,
          connectedBy: null,
          problem: null,
        });
        const connectedAt = new Date(clock().now());
        await connect(user);
        expect(await healthOf(user)).toMatchObject({ health: "working", healthChangedAt: connectedAt, connectedAt, problem: null });
      },
    );

    behaves(
      "is the result of the last refresh, without the provider's text",
      ["movedClock", "scriptedProvider", "health", "misconfigured"],
      async () => {
        const user = await expired();
        provider().controls.next({ status: 401, body: { error: "invalid_client", error_description: "Call 0800 to go on" } });
        const misconfigured = await tokenOf(user);
        expect(JSON.stringify([misconfigured, await healthOf(user)])).not.toMatch(/0800[ .]/);
        expect(await healthOf(user)).toMatchObject({
          health: "misconfigured",
          healthCode: "invalid_client",
          healthChangedAt: new Date(clock().now()),
        });
        const theirs = harness().platform.connectionsOf({ kind: "user", id: user.viewer.userId });
        expect(await theirs.accessToken(TEST, anyToken)).toMatchObject({ message: expect.stringContaining("Call 0800") });
        clock().advance(HOUR_MS);
        const later = await again(user);
        granted(await tokenOf(later));
        expect(await healthOf(later)).toMatchObject({ health: "working", healthCode: null, healthChangedAt: new Date(clock().now()) });
      },
    );
  });
}
