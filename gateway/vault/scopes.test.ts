import { readFileSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { databaseKinds } from "../../test/support/databases.ts";
import { signIn, startTestApp, type TestApp, type TestUser } from "../../test/support/test-app.ts";
import { askToken, HOUR_MS, refreshRequests } from "../../test/support/vault.ts";
import { providerSchema } from "../providers/provider.ts";

let test: TestApp;
afterEach(() => test?.close());

const GRAPH = "https://graph.microsoft.com/";
const graphAliases = { scope_aliases: { [`${GRAPH}*`]: "*" } };

const exampleSchema = z.object({
  connectors: z.tuple([z.unknown(), z.object({ scopes: z.array(z.string()), provider: providerSchema })]),
});

/** The connector of Google in the README's configuration file. */
function readmeExample() {
  const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
  const [example = ""] = /^\{\n {2}"platform"[\s\S]*?^\}$/m.exec(readme) ?? [];
  return exampleSchema.parse(JSON.parse(example)).connectors[1];
}

describe.each(databaseKinds)("Scopes, on %s", (database) => {
  /** Connects a connector that asks for these scopes, at a provider that grants those. */
  async function connect(scopes: readonly string[], granted: readonly string[], facts: Record<string, unknown> = {}): Promise<TestUser> {
    test = await startTestApp({ database });
    const twin = await test.startTwin({ scopes, provider: { ...test.provider.providerFacts, ...facts } });
    test.provider.controls.grantedScopes = granted;
    const ada = await signIn(twin, test.provider, "ada");
    await ada.connect();
    return ada;
  }

  it("of the protocol are never missing", async () => {
    const ada = await connect(["openid", "offline_access", "read", "write"], ["read"]);
    expect(await askToken(ada)).toMatchObject({ scopes: ["read"], missingScopes: ["write"] });
  });

  it("of the README's example are all granted where Google has another name for one", async () => {
    const { scopes, provider } = readmeExample();
    const aliases = { scope_aliases: provider.facts.scopes.aliases };
    const ada = await connect(scopes, ["openid", "https://www.googleapis.com/auth/userinfo.email", scopes.at(-1) ?? ""], aliases);
    expect((await askToken(ada)).missingScopes).toEqual([]);
  });

  it.each([
    [
      [`${GRAPH}Mail.Read`, "User.Read"],
      ["Mail.Read", "User.Read"],
    ],
    [
      ["Mail.Read", "user.read"],
      [`${GRAPH}Mail.Read`, `${GRAPH}User.Read`],
    ],
  ])("are known by their declared aliases: %j is granted as %j", async (scopes, granted) => {
    const ada = await connect([...scopes, "Files.Read"], granted, graphAliases);
    expect((await askToken(ada)).missingScopes).toEqual(["Files.Read"]);
  });

  it("are not missing where the provider is declared never to list them", async () => {
    const ada = await connect(["read", "bot", "write"], ["read"], { unreported_scopes: ["bot"] });
    expect((await askToken(ada)).missingScopes).toEqual(["write"]);
  });

  it("are those that were asked for where the answer's scope is empty", async () => {
    const ada = await connect(["read", "write"], []);
    expect(await askToken(ada)).toMatchObject({ scopes: ["read", "write"], missingScopes: [] });
  });

  it.each([
    ["requested", "read write"],
    ["granted", "read"],
    [true, "read"],
    [false, undefined],
  ])("are sent with a refresh as declared: %j", async (send_scope_on_refresh, sent) => {
    const ada = await connect(["read", "write"], ["read"], { send_scope_on_refresh });
    test.clock.advance(HOUR_MS);
    await askToken(ada);
    expect(refreshRequests(test).map(({ params }) => params["scope"])).toEqual([sent]);
  });

  it("that are missing are listed by the connection's authorization", async () => {
    const ada = await connect(["openid", "read", "write"], ["read"]);
    const { data } = await ada.graphql("{ connections { authorization { missingScopes } } }");
    expect(data.connections[0].authorization.missingScopes).toEqual(["write"]);
  });
});
