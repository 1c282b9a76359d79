import { afterEach, describe, expect, it } from "vitest";
import { startTestApp, type TestApp, type TestUser } from "../../test/support/test-app.ts";
import { askToken, HOUR_MS, refreshRequests } from "../../test/support/vault.ts";

let test: TestApp;
afterEach(() => test?.close());

/** A gateway whose connector `test` has these facts of its provider. */
async function start(facts: (url: string) => Record<string, unknown>, connector: Record<string, unknown> = {}): Promise<TestUser> {
  test = await startTestApp({ facts, connector });
  return test.signIn("ada");
}

/** Comes back from the provider, with further parameters in the callback. */
async function connect(user: TestUser, params: Record<string, string> = {}): Promise<Response> {
  const started = await user.browser.fetch("/connect/test");
  const callback = await test.provider.authorize(started.headers.get("location") ?? "");
  for (const [name, value] of Object.entries(params)) callback.searchParams.set(name, value);
  return user.browser.fetch(callback.href);
}

/** The form's fields handed in, and what became of them. */
async function submit(user: TestUser, fields: Record<string, string>) {
  const { data } = await user.graphql(`mutation { connect(slug: "test") { authorization { state } } }`);
  const values = Object.entries(fields).map(([name, value]) => ({ name, value }));
  return user.graphql(
    `mutation ($state: String!, $fields: [FieldInput!]!) { submitAuthorization(state: $state, fields: $fields) { authorizeUrl } }`,
    { state: data.connect.authorization.state, fields: values },
  );
}

describe("a value that comes with the callback", () => {
  const facts = (url: string) => ({
    token_endpoint: `${url}/{place}`,
    userinfo: [{ url: `${url}/{info}` }],
    variables: [
      { name: "place", from: "callback", source: "at", enum: ["token"], may: "path" },
      { name: "info", from: "callback", may: "path" },
    ],
  });

  it("leads the exchange, userinfo and later refreshes to their address", async () => {
    const ada = await start(facts);
    expect((await connect(ada, { at: "token", info: "userinfo" })).status).toBe(200);
    test.clock.advance(HOUR_MS);
    expect((await askToken(ada)).__typename).toBe("AccessToken");
    expect(refreshRequests(test)).toHaveLength(1);
    const { data } = await ada.graphql(`{ connections { authorization { displayLabel } } }`);
    expect(data.connections[0].authorization.displayLabel).toBe("user-1@example.test");
  });

  it("sends no code anywhere where it is missing or not allowed", async () => {
    const ada = await start(facts);
    for (const params of [{ info: "userinfo" }, { at: "revoke" }, { at: "token/../revoke" }]) {
      expect((await connect(ada, params)).status).not.toBe(200);
      expect(test.provider.tokenRequests).toEqual([]);
    }
  });

  it.each(["https://{server}/token", "https://{server}:8443", "https://{server}?a=b"])(
    "must be held to a list where it is a whole host: %s",
    async (url) => {
      const wrong = () => ({ token_endpoint: url, variables: [{ name: "server", from: "callback", may: "host" }] });
      await expect(start(wrong)).rejects.toThrow("server comes with the callback and is a whole host: give it an enum");
    },
  );

  it("may be a part of the provider's host without one", async () => {
    const facts = { token_endpoint: "https://{shop}.shops.example/token", variables: [{ name: "shop", from: "callback" }] };
    await expect(start(() => facts)).resolves.toBeDefined();
  });
});

describe("a value that the token answer states", () => {
  it("leads userinfo to its address, and is kept for checks", async () => {
    const ada = await start((url) => ({ userinfo: [{ url: `${url}/{where}` }], metadata: { where: "token:where" } }));
    test.provider.controls.next({ answer: { where: "userinfo" } });
    await connect(ada);
    expect(test.provider.checks).toHaveLength(1);
    await askToken(ada, { verify: true });
    expect(test.provider.checks).toHaveLength(2);
  });
});

describe("a value that the user types", () => {
  const tenant = { name: "tenant", label: "Tenant", may: "path" };

  it("fills parameters, and addresses percent-encoded", async () => {
    const facts = (url: string) => ({
      authorization_endpoint: `${url}/authorize?tenant={tenant}`,
      authorization_params: { realm: "{tenant}" },
      token_params: { exchange: { tenant: "{tenant}" }, refresh: { redirect_uri: "{redirect_uri}", client: "{client_id}" } },
      variables: [tenant],
    });
    const ada = await start(facts);
    const { data } = await submit(ada, { tenant: "a/b" });
    const authorizeUrl = new URL(data.submitAuthorization.authorizeUrl);
    expect(authorizeUrl.searchParams.get("realm")).toBe("a/b");
    expect(authorizeUrl.search).toContain("tenant=a%2Fb");
    await ada.browser.fetch((await test.provider.authorize(authorizeUrl)).href);
    test.clock.advance(HOUR_MS);
    await askToken(ada);
    const [exchange, refresh] = test.provider.tokenRequests;
    expect(exchange?.params["tenant"]).toBe("a/b");
    expect(refresh?.params).toMatchObject({ redirect_uri: "http://localhost:4000/callback/test", client: test.provider.client.clientId });
  });

  it("is refused by a sentence that names what is allowed", async () => {
    const region = { name: "region", label: "Region", enum: ["eu", "us"] };
    const number = { name: "number", label: "Number", pattern: "^[0-9]+$", may: "param" };
    const ada = await start(() => ({ variables: [region, number] }));
    const messageOf = async (fields: Record<string, string>) => (await submit(ada, fields)).errors[0]?.message;
    expect(await messageOf({ region: "asia", number: "1" })).toBe("Region must be one of eu, us.");
    expect(await messageOf({ region: "eu", number: "one" })).toBe("Number does not have the form that the provider expects.");
    expect(await messageOf({ region: "EU", number: "1" })).toBeUndefined();
  });

  it("may be left out where it is optional, and its parameter with it", async () => {
    const hint = { name: "hint", label: "Hint", may: "param", optional: true };
    const ada = await start(() => ({ authorization_params: { hint: "{hint}" }, variables: [hint] }));
    const { data } = await submit(ada, { hint: "" });
    expect(new URL(data.submitAuthorization.authorizeUrl).searchParams.has("hint")).toBe(false);
  });

  it("is a private host only where the operator allows it", async () => {
    const facts = () => ({
      authorization_endpoint: "https://{host}/authorize",
      variables: [{ name: "host", label: "Host", may: "host" }],
    });
    const ada = await start(facts, { allowed_hosts: ["git.corp"] });
    expect((await submit(ada, { host: "other.corp" })).errors[0]?.message).toBe("Host must be the name of a public host, without a port.");
    const { data } = await submit(ada, { host: "https://git.corp/" });
    expect(data.submitAuthorization.authorizeUrl).toMatch(/^https:\/\/git\.corp\/authorize\?/);
  });
});

describe("a configuration", () => {
  it.each([
    [{ authorization_endpoint: "https://{a}.{b}/authorize" }, {}, "must have a fixed end of its host"],
    [
      { token_endpoint: "https://{host}/token", variables: [{ name: "host" }] },
      {},
      '{host} is not allowed in this place: the variable needs another "may"',
    ],
    [{ variables: [{ name: "host", may: "host" }] }, { variables: { host: "localhost" } }, "must be the name of a public host"],
    [{ variables: [{ name: "x", default: "a/b" }] }, {}, "variables.0.default must be a single name"],
    [
      { variables: [{ name: "x", default: "git.corp", may: "host" }] },
      { allowed_hosts: ["other.corp"] },
      "variables.0.default must be the name of a public host",
    ],
    [
      { authorization_endpoint: "https://{region}.x.example/a", variables: [{ name: "region", from: "callback" }] },
      {},
      "authorization_endpoint holds {region}, which may be unknown when users are asked: give the variable a default",
    ],
    [
      { authorization_endpoint: "https://x.example/{region}", variables: [{ name: "region", optional: true, may: "path" }] },
      {},
      "authorization_endpoint holds {region}, which may be unknown when users are asked: give the variable a default",
    ],
    [
      { token_endpoint: "https://{region}.x.example/t", metadata: { region: "token:region" } },
      {},
      "token_endpoint holds {region}, which may be unknown when users are asked: give the variable a default",
    ],
    [{}, { allowed_hosts: ["https://git.corp/"] }, 'must be a host name only, such as "gitlab.corp"'],
    [{}, { allowed_hosts: ["git.corp:8443"] }, 'must be a host name only, such as "gitlab.corp"'],
    [{}, { allowed_hosts: ["10.0.0.8", "LOCALHOST"] }, "must not be a name of this machine"],
    [{}, { allowed_hosts: ["127.0.0.1"] }, "must not be a name of this machine"],
    [{ variables: [{ name: "x", pattern: "(" }] }, {}, "must be a regular expression"],
  ])("is refused by name: %j, %j", async (facts, connector, message) => {
    await expect(start(() => facts, connector)).rejects.toThrow(message);
  });
});
