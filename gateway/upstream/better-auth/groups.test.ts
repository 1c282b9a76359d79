import { afterEach, describe, expect, it } from "vitest";
import { type BetterAuthWorld, startBetterAuthWorld } from "../../../test/support/better-auth-gateways.ts";
import { ask, sendTo } from "../../../test/support/test-app.ts";

let world: BetterAuthWorld;
afterEach(() => world?.close());

const CONNECTIONS = `{ connections { connector { slug } } }`;
const CONNECT = `mutation { connect(slug: "test") { authorization { authorizeUrl } } }`;

async function start(groupAccount?: (groupId: string) => string) {
  world = await startBetterAuthWorld({ hasOrganizations: true, groupAccount });
  const [{ app, gateway }] = world.instances;
  return {
    app,
    askAs: async (id: string, groupId: string | null, query: string) => {
      const { token } = await gateway.provisionUser({ id, groupId });
      return ask(sendTo(gateway), query, {}, { authorization: `Bearer ${token}` });
    },
  };
}

describe("the app's page", () => {
  it("is told what to ask of the provider, and who is expected", async () => {
    const { askAs } = await start();
    const asked = CONNECT.replace('slug: "test"', 'slug: "test", scopes: ["a", "b"], loginHint: "ada@example.test"');
    const { authorizeUrl } = (await askAs("ada", null, asked)).data.connect.authorization;
    const { searchParams } = new URL(authorizeUrl);
    expect(Object.fromEntries(searchParams)).toMatchObject({ connector: "test", scopes: "a b", loginHint: "ada@example.test" });
    const plain = (await askAs("ada", null, CONNECT)).data.connect.authorization.authorizeUrl;
    expect(new URL(plain).searchParams.has("scopes")).toBe(false);
  });
});

describe("a group's connections", () => {
  it("are the accounts of the user whom the app names for it", async () => {
    const { app, askAs } = await start(() => "ada");
    await app.join("ben", "acme");
    expect((await askAs("ben", "acme", CONNECTIONS)).data.connections).toEqual([{ connector: { slug: "test" } }]);
    const { data } = await askAs("ben", "acme", CONNECT);
    expect(data.connect.authorization.authorizeUrl).toContain("group=acme");
  });

  it("are hidden from a member whom better-auth's organization no longer has", async () => {
    const { app, askAs } = await start(() => "ada");
    await app.join("ben", null);
    expect((await askAs("ben", "acme", CONNECTIONS)).data.connections).toEqual([]);
  });

  it("are none where the app names nobody, and connecting is FORBIDDEN", async () => {
    const { app, askAs } = await start();
    await app.join("ada", "acme");
    expect((await askAs("ada", "acme", CONNECTIONS)).data.connections).toEqual([]);
    expect((await askAs("ada", "acme", CONNECT)).errors[0]?.extensions.code).toBe("FORBIDDEN");
    expect((await askAs("ada", null, CONNECTIONS)).data.connections).toHaveLength(1);
  });
});
