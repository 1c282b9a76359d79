import { describe, expect } from "vitest";
import { type Behaves, STRANGER, type Suite, TEST } from "./harness.ts";

/** Connecting, reconnecting, several connections, disconnecting; and that nobody sees anybody else's. */
export function describeConnecting({ harness, unique, newUser, connect }: Suite, behaves: Behaves): void {
  const start = { id: null, returnTo: null };
  const another = () => ({ id: crypto.randomUUID(), returnTo: null });

  describe("connecting", () => {
    behaves("begins with nothing: find answers null and list is empty", async () => {
      const user = await newUser();
      expect(await user.connections.find(TEST)).toBeNull();
      expect(await user.connections.find({ id: STRANGER })).toBeNull();
      expect(await user.connections.find({ slug: "nothing" })).toBeNull();
      expect(await user.connections.list(null)).toEqual([]);
    });

    behaves("starts a connection that is not enabled, and says where to send the browser", async () => {
      const user = await newUser();
      const started = await user.connections.start("test", start);
      expect(started).toMatchObject({ enabled: false, owner: { kind: "user", id: user.viewer.userId }, connector: { slug: "test" } });
      expect(started.authorization).toMatchObject({ status: "awaiting_callback", connectionId: started.id });
      expect(URL.canParse(started.authorization?.authorizeUrl ?? "")).toBe(true);
      expect(started.authorization?.state).toMatch(/^[\w-]{43}$/);
    });

    behaves("finishes in the user's browser, and knows the account and the scopes", async () => {
      const user = await newUser();
      const connection = await connect(user);
      expect(connection).toMatchObject({ enabled: true, owner: { kind: "user", id: user.viewer.userId }, connector: { slug: "test" } });
      expect(connection.authorization).toMatchObject({
        connectionId: connection.id,
        status: "active",
        displayLabel: "user-1@example.test",
        scopes: ["read", "write"],
        missingScopes: [],
        authorizeUrl: null,
        state: null,
        collect: null,
      });
      expect(connection.authorization?.expiresAt).toEqual(new Date(harness().clock.now() + 3_600_000));
      expect(await user.connections.find(TEST)).toEqual(connection);
      expect(await user.connections.list("test")).toEqual([connection]);
      expect(await user.connections.list("single")).toEqual([]);
    });

    behaves("tells what was asked and not granted", async () => {
      const { provider } = harness();
      provider.controls.grantedScopes = ["read"];
      const connection = await connect(await newUser());
      provider.controls.grantedScopes = null;
      expect(connection.authorization).toMatchObject({ scopes: ["read"], missingScopes: ["write"] });
    });

    behaves("refuses a connector that the catalog does not have with NOT_FOUND", async () => {
      const user = await newUser();
      await expect(user.connections.start("nothing", start)).rejects.toMatchObject({ code: "NOT_FOUND" });
    });

    behaves("says why when the user declines", async () => {
      const user = await newUser();
      harness().provider.controls.denyNext();
      const connection = await connect(user);
      expect(connection).toMatchObject({ enabled: false, authorization: { status: "error", errorCode: "access_denied" } });
    });

    behaves("finds an authorization by its id, and none of somebody else's", async () => {
      const user = await newUser();
      const started = await user.connections.start("test", start);
      const id = started.authorization?.id ?? "";
      expect(await user.connections.findAuthorization(id)).toMatchObject({ id, status: "awaiting_callback" });
      expect(await (await newUser()).connections.findAuthorization(id)).toBeNull();
      expect(await user.connections.findAuthorization(STRANGER)).toBeNull();
    });
  });

  describe("reconnecting", () => {
    behaves("keeps the connection's id, and keeps it working until it succeeds", async () => {
      const user = await newUser();
      const connection = await connect(user);
      const again = await user.connections.start("test", start);
      expect(again.id).toBe(connection.id);
      expect(again.authorization?.id).not.toBe(connection.authorization?.id);
      expect(await user.connections.find(TEST)).toEqual(connection);
      await user.visit(again.authorization?.authorizeUrl ?? null);
      const after = await user.connections.find(TEST);
      expect(after).toMatchObject({ id: connection.id, enabled: true, authorization: { id: again.authorization?.id, status: "active" } });
    });

    behaves("leaves a working connection alone when it fails", async () => {
      const user = await newUser();
      const connection = await connect(user);
      harness().provider.controls.denyNext();
      await connect(user, "test", connection.id);
      expect(await user.connections.find(TEST)).toMatchObject({ enabled: true, authorization: connection.authorization });
    });
  });

  describe("several connections", () => {
    behaves("are told apart by id, and the newest healthy one goes by the slug", async () => {
      const user = await newUser();
      const first = await connect(user);
      harness().clock.advance(1_000);
      const second = await connect(user, "test", crypto.randomUUID());
      expect(second.id).not.toBe(first.id);
      expect(await user.connections.find(TEST)).toMatchObject({ id: second.id });
      expect(await user.connections.find({ id: first.id })).toMatchObject({ id: first.id, enabled: true });
      expect((await user.connections.list(null)).map(({ id }) => id)).toEqual([second.id, first.id]);
    });

    behaves("come healthiest first: enabled before disabled, whichever is newer", async () => {
      const user = await newUser();
      const first = await connect(user);
      harness().clock.advance(1_000);
      const second = await connect(user, "test", crypto.randomUUID());
      await user.connections.disconnect({ id: second.id });
      expect(await user.connections.find(TEST)).toMatchObject({ id: first.id });
      expect((await user.connections.list("test")).map(({ id, enabled }) => [id, enabled])).toEqual([
        [first.id, true],
        [second.id, false],
      ]);
    });

    behaves("are one where the connector supports one: a new id reconnects what exists", async () => {
      const user = await newUser();
      const { id } = await connect(user, "single");
      expect(await connect(user, "single", crypto.randomUUID())).toMatchObject({ id, enabled: true });
      await user.connections.disconnect({ id });
      expect(await connect(user, "single", crypto.randomUUID())).toMatchObject({ id, enabled: true });
      expect(await user.connections.list(null)).toHaveLength(1);
    });

    behaves("are one where the connector supports one before it is finished too, and each tab can finish it", async () => {
      const user = await newUser();
      const [first, second] = [await user.connections.start("single", start), await user.connections.start("single", another())];
      expect(second.id).toBe(first.id);
      expect(second.authorization?.id).not.toBe(first.authorization?.id);
      expect(await user.connections.list(null)).toHaveLength(1);
      for (const { authorization } of [first, second]) {
        await user.visit(authorization?.authorizeUrl ?? null);
        expect(await user.connections.list(null)).toMatchObject([
          { id: first.id, enabled: true, authorization: { id: authorization?.id, status: "active" } },
        ]);
      }
    });

    behaves("are one for the members of a group where the connector supports one, whoever started it", async () => {
      const group = unique("group");
      const [ada, ben] = [await newUser(group), await newUser(group)];
      const [hers, his] = [await ada.connections.start("single", another()), await ben.connections.start("single", another())];
      expect(his.id).toBe(hers.id);
      await ada.visit(hers.authorization?.authorizeUrl ?? null);
      expect(await ben.connections.list(null)).toMatchObject([{ id: hers.id, enabled: true }]);
    });

    behaves("are refused with BAD_USER_INPUT under an id that is somebody else's", async () => {
      const theirs = await connect(await newUser());
      const taken = (await newUser()).connections.start("test", { id: theirs.id, returnTo: null });
      await expect(taken).rejects.toMatchObject({ code: "BAD_USER_INPUT" });
    });
  });

  describe("disconnecting", () => {
    behaves("answers the connection as it was, disables it and revokes the grant", async () => {
      const user = await newUser();
      const connection = await connect(user);
      const { provider } = harness();
      const revocations = provider.revocations.length;
      expect(await user.connections.disconnect({ id: connection.id })).toEqual(connection);
      expect(provider.revocations.length).toBe(revocations + 1);
      expect(await user.connections.find(TEST)).toMatchObject({ id: connection.id, enabled: false, authorization: null });
    });

    behaves("is mended by connecting again, under the same id", async () => {
      const user = await newUser();
      const connection = await connect(user);
      await user.connections.disconnect(TEST);
      expect(await connect(user)).toMatchObject({ id: connection.id, enabled: true });
    });

    behaves("answers NOT_FOUND for nothing, and for somebody else's alike", async () => {
      const theirs = await connect(await newUser());
      const user = await newUser();
      for (const where of [TEST, { id: theirs.id }, { id: STRANGER }])
        await expect(user.connections.disconnect(where)).rejects.toMatchObject({ code: "NOT_FOUND" });
      expect(theirs.enabled).toBe(true);
    });
  });

  describe("collected fields", () => {
    const fields = [
      { name: "subdomain", value: "acme" },
      { name: "api_key", value: `planted-${unique("key")}` },
    ];

    behaves("are asked for at the start, and make the connection active once they are in", async () => {
      const user = await newUser();
      const started = await user.connections.start("key", start);
      expect(started.authorization?.collect).toEqual({
        instructions: "Look under *Settings*",
        saveLabel: "Go",
        fields: [
          { name: "subdomain", label: "Subdomain", suffix: ".key.example", secret: false },
          { name: "api_key", label: "API key", suffix: null, secret: true },
        ],
      });
      const state = started.authorization?.state ?? "";
      expect(await user.connections.submit(state, fields)).toMatchObject({ status: "active" });
      const outcome = await user.connections.accessToken({ slug: "key" }, { minimumTtl: null, rejected: null, verify: null });
      expect(outcome).toMatchObject({ type: "AccessToken", value: fields[1]?.value, expiresAt: null });
    });

    behaves("come back to a server, all of them, beside the key", async () => {
      const user = await newUser();
      const state = (await user.connections.start("key", start)).authorization?.state ?? "";
      await user.connections.submit(state, fields);
      const owned = harness().platform.connectionsOf({ kind: "user", id: user.viewer.userId });
      const outcome = await owned.accessToken({ slug: "key" }, { minimumTtl: null, rejected: null, verify: null });
      const typed = Object.fromEntries(fields.map(({ name, value }) => [name, value]));
      expect(outcome).toMatchObject({ type: "AccessToken", tokenType: "api_key", fields: typed });
    });

    behaves("are refused with BAD_USER_INPUT while one is missing", async () => {
      const user = await newUser();
      const state = (await user.connections.start("key", start)).authorization?.state ?? "";
      await expect(user.connections.submit(state, fields.slice(1))).rejects.toMatchObject({ code: "BAD_USER_INPUT" });
    });

    behaves("are refused with NOT_FOUND for a state that is unknown, used or somebody else's", async () => {
      const user = await newUser();
      const state = (await user.connections.start("key", start)).authorization?.state ?? "";
      await expect((await newUser()).connections.submit(state, fields)).rejects.toMatchObject({ code: "NOT_FOUND" });
      await user.connections.submit(state, fields);
      await expect(user.connections.submit(state, fields)).rejects.toMatchObject({ code: "NOT_FOUND" });
      await expect(user.connections.submit("x".repeat(43), fields)).rejects.toMatchObject({ code: "NOT_FOUND" });
    });
  });
}
