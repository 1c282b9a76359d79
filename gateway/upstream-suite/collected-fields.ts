import { describe, expect } from "vitest";
import type { Behaves } from "./capabilities.ts";
import { anyToken, collect, newConnection, type Suite } from "./harness.ts";

/** Connectors whose users type an API key and other fields. */
export function describeCollectedFields(suite: Suite, behaves: Behaves): void {
  describe("collected fields", () => {
    describeAskedFields(suite, behaves);
    describeTypedFields(suite, behaves);
  });
}

function describeAskedFields({ newUser }: Suite, behaves: Behaves): void {
  behaves("are described at the start", ["connecting", "collects"], async () => {
    const started = await (await newUser()).connections.start("key", newConnection);
    const described = collect.fields.map(({ name, label, suffix }) => ({ name, label, suffix }));
    expect(started.authorization?.collect).toMatchObject({ ...collect, fields: described });
  });

  behaves("are described with a mark on those that are secrets", ["connecting", "collects", "marksSecretFields"], async () => {
    const started = await (await newUser()).connections.start("key", newConnection);
    const marked = collect.fields.map(({ name, secret }) => ({ name, secret }));
    expect(started.authorization?.collect?.fields).toMatchObject(marked);
  });

  behaves(
    "are described with what may stay empty, what is filled in and what can be chosen",
    ["connecting", "collects", "describesFields"],
    async () => {
      const started = await (await newUser()).connections.start("key", newConnection);
      expect(started.authorization?.collect?.fields).toEqual(collect.fields);
    },
  );
}

function describeTypedFields({ harness, unique, newUser }: Suite, behaves: Behaves): void {
  const fields = [
    { name: "subdomain", value: "acme" },
    { name: "api_key", value: `planted-${unique("key")}` },
  ];

  behaves(
    "that are optional may be left out, and mean their default then, and one that is wrong is named",
    ["connecting", "collects", "describesFields", "credentialKinds"],
    async () => {
      const user = await newUser();
      const state = (await user.connections.start("key", newConnection)).authorization?.state ?? "";
      const wrong = [...fields, { name: "region", value: "elsewhere" }];
      const named = { code: "BAD_USER_INPUT", facts: { path: "fields.2.value" } };
      await expect(user.connections.submit(state, wrong)).rejects.toMatchObject(named);
      await user.connections.submit(state, [...fields, { name: "region", value: "" }]);
      const owned = harness().platform.connectionsOf({ kind: "user", id: user.viewer.userId });
      expect(await owned.accessToken({ slug: "key" }, anyToken)).toMatchObject({ fields: { region: "eu" } });
    },
  );

  behaves("make the connection active once they are submitted", ["connecting", "collects"], async () => {
    const user = await newUser();
    const state = (await user.connections.start("key", newConnection)).authorization?.state ?? "";
    expect(await user.connections.submit(state, fields)).toMatchObject({ status: "active" });
    const outcome = await user.connections.accessToken({ slug: "key" }, anyToken);
    expect(outcome).toMatchObject({ type: "AccessToken", value: fields[1]?.value, expiresAt: null });
  });

  behaves("are all given to a server beside the key", ["connecting", "collects", "credentialKinds"], async () => {
    const user = await newUser();
    const state = (await user.connections.start("key", newConnection)).authorization?.state ?? "";
    await user.connections.submit(state, fields);
    const owned = harness().platform.connectionsOf({ kind: "user", id: user.viewer.userId });
    const outcome = await owned.accessToken({ slug: "key" }, anyToken);
    const typed = Object.fromEntries(fields.map(({ name, value }) => [name, value]));
    expect(outcome).toMatchObject({ type: "AccessToken", tokenType: "api_key", fields: typed });
  });

  behaves("are refused with BAD_USER_INPUT while one is missing", ["connecting", "collects"], async () => {
    const user = await newUser();
    const state = (await user.connections.start("key", newConnection)).authorization?.state ?? "";
    await expect(user.connections.submit(state, fields.slice(1))).rejects.toMatchObject({ code: "BAD_USER_INPUT" });
  });

  behaves("are refused with NOT_FOUND for a state that is unknown, used or another user's", ["connecting", "collects"], async () => {
    const user = await newUser();
    const state = (await user.connections.start("key", newConnection)).authorization?.state ?? "";
    await expect((await newUser()).connections.submit(state, fields)).rejects.toMatchObject({ code: "NOT_FOUND" });
    await user.connections.submit(state, fields);
    await expect(user.connections.submit(state, fields)).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(user.connections.submit("x".repeat(43), fields)).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
}
