import { describe, expect } from "vitest";
import type { Behaves } from "./capabilities.ts";
import { expectEnd } from "./ends.ts";
import { GRANT_MS, HOUR_MS, newConnection, STRANGER, type Suite, TEST } from "./harness.ts";

/** Starting to connect, finishing, and connecting again. */
export function describeConnecting(suite: Suite, behaves: Behaves): void {
  describeStarting(suite, behaves);
  describeFinishing(suite, behaves);
  describeReconnecting(suite, behaves);
}

function describeStarting({ newUser }: Suite, behaves: Behaves): void {
  describe("starting to connect", () => {
    behaves("is preceded by nothing: find answers null and list is empty", [], async () => {
      const user = await newUser();
      expect(await user.connections.find(TEST)).toBeNull();
      expect(await user.connections.find({ id: STRANGER })).toBeNull();
      expect(await user.connections.find({ slug: "nothing" })).toBeNull();
      expect(await user.connections.list(null)).toEqual([]);
    });

    behaves("makes a connection that is not enabled, and says where to send the browser", ["connecting"], async () => {
      const user = await newUser();
      const started = await user.connections.start("test", newConnection);
      expect(started).toMatchObject({ enabled: false, owner: { kind: "user", id: user.viewer.userId }, connector: { slug: "test" } });
      expect(started.authorization).toMatchObject({ status: "awaiting_callback", connectionId: started.id });
      expect(URL.canParse(started.authorization?.authorizeUrl ?? "")).toBe(true);
      expect(started.authorization?.state).toMatch(/^\S+$/);
    });

    behaves("is refused with NOT_FOUND for a connector that the catalog does not have", ["connecting"], async () => {
      const user = await newUser();
      await expect(user.connections.start("nothing", newConnection)).rejects.toMatchObject({ code: "NOT_FOUND" });
    });

    behaves("makes an authorization that its own user alone finds by its id", ["connecting"], async () => {
      const user = await newUser();
      const started = await user.connections.start("test", newConnection);
      const id = started.authorization?.id ?? "";
      expect(await user.connections.findAuthorization(id)).toMatchObject({ id, status: "awaiting_callback" });
      expect(await (await newUser()).connections.findAuthorization(id)).toBeNull();
      expect(await user.connections.findAuthorization(STRANGER)).toBeNull();
    });
  });
}

function describeFinishing({ provider, clock, newUser, connect }: Suite, behaves: Behaves): void {
  describe("finishing to connect", () => {
    behaves("enables the connection", [], async () => {
      const user = await newUser();
      const connection = await connect(user);
      expect(connection).toMatchObject({ enabled: true, owner: { kind: "user", id: user.viewer.userId }, connector: { slug: "test" } });
      expect(connection.authorization).toMatchObject({
        connectionId: connection.id,
        status: "active",
        authorizeUrl: null,
        state: null,
        collect: null,
      });
      expect(await user.connections.find(TEST)).toEqual(connection);
      expect(await user.connections.list("test")).toEqual([connection]);
      expect(await user.connections.list("single")).toEqual([]);
    });

    behaves("names the account", ["scriptedProvider", "namesAccount"], async () => {
      const connection = await connect(await newUser());
      expect(connection.authorization).toMatchObject({ displayLabel: "user-1@example.test" });
    });

    behaves("names the scopes that were granted", ["describesGrants", "statesScopes"], async () => {
      const connection = await connect(await newUser());
      expect(connection.authorization).toMatchObject({ scopes: ["read", "write"], missingScopes: [] });
    });

    behaves("says when the token expires", ["movedClock", "describesGrants", "statesLife"], async () => {
      const connection = await connect(await newUser());
      expectEnd(connection.authorization?.expiresAt, clock().now() + HOUR_MS);
    });

    behaves("says when the grant itself ends", ["movedClock", "describesGrants", "grantLife"], async () => {
      const { authorization } = await connect(await newUser(), "single");
      expectEnd(authorization?.grantExpiresAt, clock().now() + GRANT_MS);
    });

    behaves("names the scopes that were asked for and not granted", ["scriptedProvider", "describesGrants", "statesScopes"], async () => {
      const { controls } = provider();
      controls.grantedScopes = ["read"];
      const connection = await connect(await newUser());
      controls.grantedScopes = null;
      expect(connection.authorization).toMatchObject({ scopes: ["read"], missingScopes: ["write"] });
    });

    behaves("stores an error when the user declines", ["scriptedProvider", "connecting", "keepsFailed"], async () => {
      const user = await newUser();
      provider().controls.denyNext();
      const connection = await connect(user);
      expect(connection).toMatchObject({ enabled: false, authorization: { status: "error", errorCode: "access_denied" } });
    });
  });
}

function describeReconnecting({ provider, newUser, connect }: Suite, behaves: Behaves): void {
  describe("reconnecting", () => {
    behaves("keeps the connection's id, and keeps it working until it succeeds", ["connecting"], async () => {
      const user = await newUser();
      const connection = await connect(user);
      const again = await user.connections.start("test", newConnection);
      expect(again.id).toBe(connection.id);
      expect(again.authorization?.id).not.toBe(connection.authorization?.id);
      expect(await user.connections.find(TEST)).toEqual(connection);
      await user.visit(again.authorization?.authorizeUrl ?? null);
      const after = await user.connections.find(TEST);
      expect(after).toMatchObject({ id: connection.id, enabled: true, authorization: { id: again.authorization?.id, status: "active" } });
    });

    behaves("leaves a working connection unchanged when it fails", ["scriptedProvider", "connecting"], async () => {
      const user = await newUser();
      const connection = await connect(user);
      provider().controls.denyNext();
      await connect(user, "test", connection.id);
      expect(await user.connections.find(TEST)).toMatchObject({ enabled: true, authorization: connection.authorization });
    });
  });
}
