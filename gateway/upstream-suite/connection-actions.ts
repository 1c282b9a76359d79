import { describe, expect } from "vitest";
import type { ConnectionActions } from "../../schema/upstream.ts";
import type { Behaves } from "./capabilities.ts";
import { anyToken, HOUR_MS, STRANGER, type Suite, TEST, type UpstreamHarness } from "./harness.ts";
import { granted } from "./token-requests.ts";

/** At most one refresh that a server asks for within this, in milliseconds. */
const FORCED_INTERVAL_MS = 30_000;

/** Servers that change connections by their ids. */
export function describeConnectionActions(suite: Suite, behaves: Behaves): void {
  describeServersDisconnecting(suite, behaves);
  describeServersRefreshing(suite, behaves);
  describeServersDisabling(suite, behaves);
}

function actionsOf({ platform }: UpstreamHarness): ConnectionActions {
  if (!platform.connectionActions)
    throw new TypeError("A harness whose servers change no connections says that it lacks connectionActions.");
  return platform.connectionActions;
}

function describeServersDisconnecting({ harness, provider, unique, newUser, connect }: Suite, behaves: Behaves): void {
  describe("a server that disconnects a connection by its id", () => {
    behaves("ends it for its owner, who may connect again", ["connectionActions", "keepsDisconnected"], async () => {
      for (const groupId of [null, unique("group")]) {
        const user = await newUser(groupId);
        const { id } = await connect(user);
        expect(await actionsOf(harness()).disconnect(id)).toMatchObject({ id, enabled: false, authorization: null });
        expect(await user.connections.find(TEST)).toMatchObject({ id, enabled: false });
        expect(await user.connections.accessToken(TEST, anyToken)).toMatchObject({ type: "NotConnected" });
        expect(await connect(user)).toMatchObject({ id, enabled: true });
      }
    });

    behaves("revokes the grant once, however often it asks", ["connectionActions", "scriptedProvider", "revokes"], async () => {
      const { id } = await connect(await newUser());
      const before = provider().revocations.length;
      for (const _time of [1, 2]) expect(await actionsOf(harness()).disconnect(id)).toMatchObject({ id, enabled: false });
      expect(provider().revocations.length).toBe(before + 1);
    });

    behaves("gets null for no connection", ["connectionActions"], async () => {
      expect(await actionsOf(harness()).disconnect(STRANGER)).toBeNull();
    });
  });
}

function describeServersRefreshing({ harness, provider, clock, newUser, again, connect }: Suite, behaves: Behaves): void {
  describe("a server that refreshes a connection by its id", () => {
    behaves("has the owner given a new token, at most once in 30 s", ["connectionActions", "scriptedProvider", "movedClock"], async () => {
      const user = await newUser();
      const { id } = await connect(user);
      const { value } = granted(await user.connections.accessToken(TEST, anyToken));
      const before = provider().refreshCount();
      expect(await actionsOf(harness()).refresh(id)).toMatchObject({ connection: { id }, status: "refreshed", retryAfter: null });
      expect(granted(await user.connections.accessToken(TEST, anyToken)).value).not.toBe(value);
      expect(await actionsOf(harness()).refresh(id)).toMatchObject({ status: "still_fresh", retryAfter: 30 });
      expect(provider().refreshCount()).toBe(before + 1);
      clock().advance(FORCED_INTERVAL_MS);
      expect(await actionsOf(harness()).refresh(id)).toMatchObject({ status: "refreshed" });
    });

    behaves("is told that the user has to reconnect", ["connectionActions", "scriptedProvider", "movedClock", "ended"], async () => {
      const user = await newUser();
      const { id } = await connect(user);
      clock().advance(HOUR_MS);
      provider().controls.revokeGrants();
      const refreshed = await actionsOf(harness()).refresh(id);
      expect(refreshed).toMatchObject({ status: "reconnect_required", connection: { id, authorization: { status: "error" } } });
      expect(await (await again(user)).connections.accessToken(TEST, anyToken)).toMatchObject({ type: "ReconnectRequired" });
    });

    behaves("is told when to ask again where the provider is away", ["connectionActions", "scriptedProvider"], async () => {
      const { id } = await connect(await newUser());
      provider().controls.next({ status: 503, headers: { "retry-after": "20" } });
      const refreshed = await actionsOf(harness()).refresh(id);
      expect(refreshed).toMatchObject({ status: "temporarily_unavailable", connection: { enabled: true } });
      expect(refreshed?.retryAfter).toBeGreaterThan(0);
    });

    behaves("is told that there is nothing to refresh", ["connectionActions", "keepsDisconnected"], async () => {
      const user = await newUser();
      const { id } = await connect(user);
      await user.connections.disconnect(TEST);
      expect(await actionsOf(harness()).refresh(id)).toMatchObject({ status: "not_connected", connection: { id, enabled: false } });
    });

    behaves("gets null for no connection", ["connectionActions"], async () => {
      expect(await actionsOf(harness()).refresh(STRANGER)).toBeNull();
    });
  });
}

function describeServersDisabling({ harness, provider, unique, newUser, connect }: Suite, behaves: Behaves): void {
  describe("a server that disables a connection by its id", () => {
    behaves("has its token withheld from everyone, until it is enabled", ["connectionActions"], async () => {
      for (const groupId of [null, unique("group")]) {
        const user = await newUser(groupId);
        const { id, owner } = await connect(user);
        const ofOwner = harness().platform.connectionsOf(owner);
        const { value } = granted(await ofOwner.accessToken(TEST, anyToken));
        expect(await actionsOf(harness()).disable(id)).toMatchObject({ id, enabled: false, disabledAt: expect.any(Date) });
        for (const connections of [user.connections, ofOwner])
          expect(await connections.accessToken(TEST, anyToken)).toMatchObject({
            type: "TokenWithheld",
            message: expect.stringContaining("disabled"),
          });
        expect(await actionsOf(harness()).enable(id)).toMatchObject({ id, enabled: true, disabledAt: null });
        expect(granted(await ofOwner.accessToken(TEST, anyToken)).value).toBe(value);
      }
    });

    behaves("tells its user that only the platform can enable it", ["connectionActions", "health"], async () => {
      const user = await newUser();
      const { id } = await connect(user);
      await actionsOf(harness()).disable(id);
      expect(await user.connections.find(TEST)).toMatchObject({
        enabled: false,
        disabledAt: expect.any(Date),
        authorization: { health: "misconfigured", healthCode: "disabled", problem: { title: expect.stringContaining("disabled") } },
      });
    });

    behaves("lets its user connect it no more, and disconnect it", ["connectionActions", "connecting", "keepsDisconnected"], async () => {
      const user = await newUser();
      const { id } = await connect(user);
      await actionsOf(harness()).disable(id);
      await expect(user.connections.start("test", { id, returnTo: null })).rejects.toMatchObject({ code: "FORBIDDEN" });
      await user.connections.disconnect({ id });
      await expect(user.connections.start("test", { id, returnTo: null })).rejects.toMatchObject({ code: "FORBIDDEN" });
      await actionsOf(harness()).enable(id);
      expect(await connect(user)).toMatchObject({ id, enabled: true });
    });

    behaves("leaves its grant alone", ["connectionActions", "scriptedProvider"], async () => {
      const { id } = await connect(await newUser());
      const before = provider().revocations.length;
      await actionsOf(harness()).disable(id);
      expect(provider().revocations.length).toBe(before);
      expect(await actionsOf(harness()).refresh(id)).toMatchObject({ status: "disabled" });
    });

    behaves("gets null for no connection, disabled or enabled", ["connectionActions"], async () => {
      expect(await actionsOf(harness()).disable(STRANGER)).toBeNull();
      expect(await actionsOf(harness()).enable(STRANGER)).toBeNull();
    });
  });
}
