import { afterEach, describe, expect, it } from "vitest";
import { databaseKinds, type DatabaseKind } from "../../test/support/databases.ts";
import { PUBLIC_URL, startTestApp, type TestApp, type TestUser } from "../../test/support/test-app.ts";
import { askToken, HOUR_MS, onlyAuthorization, inStore } from "../../test/support/vault.ts";
import type { ProviderFacts } from "../providers/format.ts";
import { startAuthorizationServer, type AuthorizationServer } from "../../test/support/authorization-server.ts";

let test: TestApp;
let api: AuthorizationServer;
afterEach(async () => {
  await test?.close();
  await api?.close();
});

const CONNECT = `mutation { connect(slug: "keyed") { authorization { state } } }`;
const SUBMIT = `mutation ($state: String!, $fields: [FieldInput!]!) {
  submitAuthorization(state: $state, fields: $fields) { status displayLabel }
}`;
const CONNECTION = `query { connection(where: { slug: "keyed" }) { enabled authorization { status displayLabel } } }`;

const secret = { name: "api_key", label: "API key", secret: true };

async function start(
  facts: Partial<ProviderFacts> | ((url: string) => Partial<ProviderFacts>) = {},
  database: DatabaseKind = "sqlite",
  connector: Record<string, unknown> = {},
) {
  api = await startAuthorizationServer();
  const me = `${api.url}/api/keys/me`;
  const provider = {
    kind: "api_key",
    collect: [secret],
    userinfo: [{ url: me }],
    account: { id: ["userinfo:id"], label: ["userinfo:label"] },
    api: { auth: "X-Api-Key: {api_key}", check: { url: me } },
    ...(typeof facts === "function" ? facts(api.url) : facts),
  };
  test = await startTestApp({ database, connectors: [{ slug: "keyed", name: "Keyed", provider, ...connector }] });
  return test.signIn("ada");
}

/** A key that works. */
const newKey = (): string => api.controls.issueTokens().accessToken;

const startForm = async (user: TestUser): Promise<string> => (await user.graphql(CONNECT)).data.connect.authorization.state;

const submit = (user: TestUser, state: string, values: Record<string, string>) =>
  user.graphql(SUBMIT, { state, fields: Object.entries(values).map(([name, value]) => ({ name, value })) });

async function enter(user: TestUser, values: Record<string, string>) {
  return submit(user, await startForm(user), values);
}

const ask = (user: TestUser, verify?: boolean) => askToken(user, { where: { slug: "keyed" }, ...(verify !== undefined && { verify }) });

describe.each(databaseKinds)("an API key, on %s", (database) => {
  it("that works is taken, and the connection has its account's label", async () => {
    const ada = await start({}, database);
    const key = newKey();
    const { data } = await enter(ada, { api_key: key });
    expect(data.submitAuthorization).toEqual({ status: "ACTIVE", displayLabel: "user-1@example.test" });
    expect(await ask(ada)).toMatchObject({ __typename: "AccessToken", value: key });
    expect(await onlyAuthorization(test)).toMatchObject({ account_id: "user-1", account_id_path: "id", token_type: "api_key" });
  });

  it("that the provider refuses later ends the connection when it is asked", async () => {
    const ada = await start({}, database);
    await enter(ada, { api_key: newKey() });
    test.clock.advance(60_000);
    api.controls.revokeGrants();
    expect(await ask(ada, true)).toMatchObject({ __typename: "ReconnectRequired", reason: "TOKEN_REJECTED" });
  });

  it("is checked however old it is, as nothing can refresh it", async () => {
    const ada = await start({}, database);
    await enter(ada, { api_key: newKey() });
    test.clock.advance(2 * HOUR_MS);
    expect((await ask(ada, true)).__typename).toBe("AccessToken");
    test.clock.advance(60_000);
    api.controls.revokeGrants();
    expect(await ask(ada, true)).toMatchObject({ __typename: "ReconnectRequired", reason: "TOKEN_REJECTED" });
  });
});

describe("an API key that is entered", () => {
  it("and refused is told so, by GraphQL and in the form, and may be entered again", async () => {
    const ada = await start();
    const state = await startForm(ada);
    const message = "Keyed does not accept what you entered. Check it, and enter it again.";
    expect((await submit(ada, state, { api_key: "planted-wrong" })).errors).toMatchObject([
      { message, extensions: { code: "BAD_USER_INPUT" } },
    ]);
    const page = await ada.browser.fetch((await ada.browser.fetch("/connect/keyed")).headers.get("location") ?? "");
    expect(page.status).toBe(200);
    expect((await ada.graphql(CONNECTION)).data.connection.enabled).toBe(false);
    expect((await submit(ada, state, { api_key: newKey() })).data.submitAuthorization.status).toBe("ACTIVE");
  });

  it("and refused in the hosted form leaves the user at the form", async () => {
    const ada = await start();
    const form = (await ada.browser.fetch("/connect/keyed")).headers.get("location") ?? "";
    const init = { method: "POST", headers: { origin: PUBLIC_URL, "content-type": "application/x-www-form-urlencoded" } };
    const page = await ada.browser.fetch(form, { ...init, body: new URLSearchParams({ api_key: "planted-wrong" }).toString() });
    expect([page.status, await page.text()]).toEqual([400, expect.stringContaining("Keyed does not accept what you entered.")]);
    api.controls.answerChecks(503);
    const away = await ada.browser.fetch(form, { ...init, body: new URLSearchParams({ api_key: newKey() }).toString() });
    expect([away.status, await away.text()]).toEqual([503, expect.stringContaining("Keyed could not check what you entered just now.")]);
  });

  it.each(["“quoted”", "sk-1234…", "ключ"])(
    "and fits into no header is refused beside its field, and asked of no provider: %s",
    async (key) => {
      const ada = await start();
      const { errors } = await enter(ada, { api_key: key });
      const message = "API key contains a character that no key has. Copy it again.";
      expect(errors).toMatchObject([{ message, extensions: { code: "BAD_USER_INPUT", path: "fields.0.value" } }]);
      expect(test.logged.join()).not.toContain("refuses a credential");
    },
  );

  it("and goes into Basic may have letters of any script", async () => {
    const ada = await start({ userinfo: [], account: {}, api: { auth: "Authorization: Basic {basic}" } });
    expect((await enter(ada, { api_key: "ключ" })).data.submitAuthorization.status).toBe("ACTIVE");
  });

  it.each([429, 503])("is not taken while the provider answers %d", async (status) => {
    const ada = await start();
    api.controls.answerChecks(status);
    const { errors } = await enter(ada, { api_key: newKey() });
    expect(errors).toMatchObject([{ extensions: { code: "TEMPORARILY_UNAVAILABLE" } }]);
    expect(test.logged.join("\n")).toContain(`"code":"http_${status}"`);
  });

  it("is not taken while the provider is away", async () => {
    const ada = await start();
    const key = newKey();
    await api.close();
    expect((await enter(ada, { api_key: key })).errors).toMatchObject([{ extensions: { code: "TEMPORARILY_UNAVAILABLE" } }]);
    expect(test.logged.join("\n")).toContain(`"code":"unreachable"`);
  });

  it("is taken where the provider answers neither yes nor no, and the log says so", async () => {
    const ada = await start();
    api.controls.answerChecks(403);
    expect((await enter(ada, { api_key: newKey() })).errors).toEqual([]);
    expect(test.logged.join("\n")).toContain(`"code":"http_403"`);
  });

  it("is judged by the provider's own errors", async () => {
    const ada = await start({ errors: [{ on: "check", status: 403, means: "revoked" }] });
    api.controls.answerChecks(403);
    expect((await enter(ada, { api_key: newKey() })).errors).toMatchObject([{ extensions: { code: "BAD_USER_INPUT" } }]);
  });

  it("of another account than the connection has is refused", async () => {
    const ada = await start();
    await enter(ada, { api_key: newKey() });
    const other = api.controls.issueTokens({ id: "user-2", label: "user-2@example.test" }).accessToken;
    expect((await enter(ada, { api_key: other })).errors).toMatchObject([{ message: expect.stringContaining("another Keyed account") }]);
    expect((await ada.graphql(CONNECTION)).data.connection.authorization).toMatchObject({ displayLabel: "user-1@example.test" });
  });

  it("of another account than the connection has becomes a connection of its own where several are supported", async () => {
    const ada = await start({}, "sqlite", { supports_multiple_connections: true });
    await enter(ada, { api_key: newKey() });
    test.clock.advance(1_000);
    const other = api.controls.issueTokens({ id: "user-2", label: "user-2@example.test" }).accessToken;
    expect((await enter(ada, { api_key: other })).errors).toEqual([]);
    const { data } = await ada.graphql(`{ connections { authorization { displayLabel } } }`);
    const labels = data.connections.map((each: { authorization: { displayLabel: string } }) => each.authorization.displayLabel);
    expect(labels).toEqual(["user-2@example.test", "user-1@example.test"]);
    expect((await ask(ada)).value).toBe(other);
  });

  it("of an account that another owner has is refused, where that is not allowed, and the attempt goes on", async () => {
    const ada = await start({}, "sqlite", { shared_accounts: "refuse" });
    const bob = await test.signIn("bob");
    await enter(ada, { api_key: newKey() });
    const state = await startForm(bob);
    const refused = await submit(bob, state, { api_key: newKey() });
    expect(refused.errors).toMatchObject([
      {
        message: expect.stringContaining("already connected elsewhere in this app"),
        extensions: { code: "BAD_USER_INPUT", path: "fields" },
      },
    ]);
    const other = api.controls.issueTokens({ id: "user-2", label: "user-2@example.test" }).accessToken;
    expect((await submit(bob, state, { api_key: other })).errors).toEqual([]);
  });

  it("is nowhere in clear, and neither is what the check answers", async () => {
    const ada = await start();
    const key = newKey();
    await enter(ada, { api_key: "planted-wrong" });
    await enter(ada, { api_key: key });
    const rows = await inStore(test, (query) => query.selectFrom("authorizations").selectAll().execute());
    const everything = `${JSON.stringify(rows)}${test.logged.join("\n")}`;
    for (const secretText of [key, "planted"]) expect(everything).not.toContain(secretText);
  });
});

describe("a user and a password", () => {
  const fields = [
    { name: "username", label: "Account", may: "path" as const },
    { name: "password", label: "Token", secret: true },
  ];
  const facts = (url: string): Partial<ProviderFacts> => ({
    kind: "basic",
    collect: fields,
    userinfo: [],
    account: { id: ["field:username"], label: ["field:username"] },
    api: { check: { url: `${url}/api/keys/me?of={username}` } },
  });

  it("are checked together, and are the token's value with a colon between them", async () => {
    const ada = await start(facts);
    const state = await startForm(ada);
    const { errors } = await submit(ada, state, { username: "AC_1", password: "planted-wrong" });
    expect(errors).toMatchObject([{ extensions: { code: "BAD_USER_INPUT" } }]);
    const password = newKey();
    const { data } = await submit(ada, state, { username: "AC_1", password });
    expect(data.submitAuthorization).toEqual({ status: "ACTIVE", displayLabel: "AC_1" });
    expect(await ask(ada)).toMatchObject({ value: `AC_1:${password}` });
    expect(await onlyAuthorization(test)).toMatchObject({ token_type: "basic", account_id: "AC_1" });
  });

  it("are refused where the user has a colon", async () => {
    const ada = await start(facts);
    expect((await enter(ada, { username: "a:b", password: newKey() })).errors).toMatchObject([
      { message: "Account must not contain a colon." },
    ]);
  });

  it("are both asked for", async () => {
    await expect(start((url) => ({ ...facts(url), collect: fields.slice(1) }))).rejects.toThrow(
      "must have the fields username and password",
    );
  });
});
