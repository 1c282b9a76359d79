import { afterEach, describe, expect, it } from "vitest";
import { signIn, startTestApp, type TestApp, type TestUser } from "../../test/support/test-app.ts";
import { askToken, HOUR_MS, refreshRequests } from "../../test/support/vault.ts";

let test: TestApp;
afterEach(() => test?.close());

async function start(connector: Record<string, unknown> = {}): Promise<TestUser> {
  test = await startTestApp({
    connector: { scopes: ["read"], allowed_scopes: ["write", "delete"], supports_multiple_connections: false, ...connector },
  });
  return test.signIn("ada");
}

const ask = (user: TestUser, scopes: string[]) =>
  user.graphql(
    `query ($scopes: [String!]) { accessToken(where: { slug: "test" }, scopes: $scopes) {
      __typename
      ... on AccessToken { scopes }
      ... on ScopesMissing { message missingScopes connectorUrl }
    } }`,
    { scopes },
  );

const tokenWith = async (user: TestUser, ...scopes: string[]) => (await ask(user, scopes)).data.accessToken;

/** Where connecting leads, with these arguments. */
async function connectUrl(user: TestUser, args: string): Promise<URL> {
  const { data } = await user.graphql(`mutation { connect(slug: "test", ${args}) { authorization { authorizeUrl } } }`);
  return new URL(data.connect.authorization.authorizeUrl);
}

async function follow(user: TestUser, url: string): Promise<void> {
  const started = await user.browser.fetch(url.replace(test.config.publicUrl, ""));
  await user.browser.fetch((await test.provider.authorize(started.headers.get("location") ?? "")).href);
}

const askedBy = (url: URL) => url.searchParams.get("scope")?.split(" ").toSorted();

describe("a token that is asked for with scopes", () => {
  it("is given where they are granted", async () => {
    const ada = await start();
    await ada.connect();
    expect(await tokenWith(ada, "read")).toEqual({ __typename: "AccessToken", scopes: ["read"] });
  });

  it("is ScopesMissing where one is not, and the link leads to a grant that has it and what was there before", async () => {
    const ada = await start();
    await ada.connect();
    const missing = await tokenWith(ada, "read", "write");
    expect(missing).toMatchObject({ __typename: "ScopesMissing", missingScopes: ["write"] });
    expect(missing.message).toBe(
      "The Test connection may not do what was asked (write): send the user to the connector's page to allow it.",
    );
    await follow(ada, missing.connectorUrl);
    expect(await tokenWith(ada, "read", "write")).toMatchObject({ __typename: "AccessToken" });
  });

  it("costs no refresh where one is missing", async () => {
    const ada = await start();
    await ada.connect();
    test.clock.advance(HOUR_MS);
    await tokenWith(ada, "write");
    expect(refreshRequests(test)).toHaveLength(0);
    expect((await askToken(ada)).__typename).toBe("AccessToken");
  });

  it("is refused for scopes that the operator does not allow", async () => {
    const ada = await start();
    await ada.connect();
    expect((await ask(ada, ["admin"])).errors[0]?.extensions).toMatchObject({ code: "BAD_USER_INPUT", path: "scopes" });
  });

  it("asks to reconnect, whatever its scopes, once the grant has ended", async () => {
    const ada = await start();
    await ada.connect();
    test.provider.controls.revokeGrants();
    test.clock.advance(HOUR_MS);
    await askToken(ada);
    expect(await tokenWith(ada, "write")).toMatchObject({ __typename: "ReconnectRequired" });
  });
});

describe("scopes that the operator adds later", () => {
  async function startLater(): Promise<TestUser> {
    await (await start()).connect();
    return signIn(await test.startTwin({ scopes: ["read", "write"] }), test.provider, "ada");
  }

  it("are missing on connections that were made before, and reconnecting asks for all", async () => {
    const ada = await startLater();
    const MISSING = `{ connection(where: { slug: "test" }) { authorization { scopes missingScopes } } }`;
    expect((await ada.graphql(MISSING)).data.connection.authorization).toEqual({ scopes: ["read"], missingScopes: ["write"] });
    expect(await askToken(ada)).toMatchObject({ __typename: "AccessToken", missingScopes: ["write"] });
    expect(await tokenWith(ada, "write")).toMatchObject({ __typename: "ScopesMissing", missingScopes: ["write"] });
    expect(askedBy(await connectUrl(ada, "id: null"))).toEqual(["read", "write"]);
    await ada.connect();
    expect((await ada.graphql(MISSING)).data.connection.authorization).toEqual({ scopes: ["read", "write"], missingScopes: [] });
  });
});

describe("connecting", () => {
  it("asks for the connector's scopes by default, and for those that are named instead", async () => {
    const ada = await start();
    expect(askedBy(await connectUrl(ada, "id: null"))).toEqual(["read"]);
    expect(askedBy(await connectUrl(ada, 'scopes: ["write"]'))).toEqual(["write"]);
  });

  it("asks again for what is granted already, so that none is lost", async () => {
    const ada = await start();
    await follow(ada, "/connect/test?scopes=read%20write");
    expect(askedBy(await connectUrl(ada, 'scopes: ["delete"]'))).toEqual(["delete", "read", "write"]);
    expect(askedBy(await connectUrl(ada, "id: null"))).toEqual(["read", "write"]);
  });

  it("refuses scopes that the operator does not allow", async () => {
    const ada = await start();
    const { errors } = await ada.graphql(`mutation { connect(slug: "test", scopes: ["read", "admin"]) { id } }`);
    expect(errors[0]).toMatchObject({
      message: "scopes: the configuration of Test does not allow admin.",
      extensions: { code: "BAD_USER_INPUT" },
    });
    expect((await ada.browser.fetch("/connect/test?scopes=admin")).status).toBe(400);
  });

  it("tells the provider who is expected", async () => {
    const ada = await start();
    expect((await connectUrl(ada, 'loginHint: "ada@example.test"')).searchParams.get("login_hint")).toBe("ada@example.test");
  });

  it("tells the provider who is expected after a form, and finishes", async () => {
    const ada = await start({ collect: { fields: [{ name: "region", label: "Region" }] } });
    const form = await connectUrl(ada, 'loginHint: "ada@example.test"');
    const { data } = await ada.graphql(
      `mutation ($state: String!) { submitAuthorization(state: $state, fields: [{ name: "region", value: "eu" }]) { authorizeUrl } }`,
      { state: form.searchParams.get("state") },
    );
    const { authorizeUrl } = data.submitAuthorization;
    expect(new URL(authorizeUrl).searchParams.get("login_hint")).toBe("ada@example.test");
    await ada.browser.fetch((await test.provider.authorize(authorizeUrl)).href);
    expect(await tokenWith(ada, "read")).toMatchObject({ __typename: "AccessToken" });
  });
});
