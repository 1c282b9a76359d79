import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { PUBLIC_URL, startTestApp, type TestApp, type TestUser } from "../../test/support/test-app.ts";

const HOSTILE = `"><script>alert(1)</script>`;
const apiKey = {
  slug: "keyed",
  name: "Keyed",
  collect: {
    instructions: HOSTILE,
    save_label: HOSTILE,
    fields: [
      { name: "state", label: HOSTILE, suffix: HOSTILE },
      { name: "api_key", label: "API key", secret: true },
    ],
  },
};
let test: TestApp;
let ada: TestUser;
const subdomain = {
  slug: "sub",
  name: "Sub",
  provider: {
    authorization_endpoint: "https://{subdomain}.example.com/authorize",
    token_endpoint: "https://{subdomain}.example.com/token",
  },
  client_id: "client",
  collect: { fields: [{ name: "subdomain", label: "Your address", suffix: ".example.com" }] },
};
beforeEach(async () => {
  test = await startTestApp({ connectors: [apiKey, subdomain] });
  ada = await test.signIn();
});
afterEach(() => test.close());

const CONNECT = `mutation ($slug: ID!, $returnTo: String) { connect(slug: $slug, returnTo: $returnTo) {
  id authorization { status state authorizeUrl collect { instructions saveLabel fields { name label suffix secret } } } } }`;
const SUBMIT = `mutation ($state: String!, $fields: [FieldInput!]!) { submitAuthorization(state: $state, fields: $fields) { status authorizeUrl } }`;
const startForm = async (slug: string, user = ada) => (await user.graphql(CONNECT, { slug })).data.connect.authorization;
const post = (path: string, fields: Record<string, string>, headers: Record<string, string> = { origin: PUBLIC_URL }, user = ada) =>
  user.browser.fetch(path, { method: "POST", headers, body: new URLSearchParams(fields) });
const tokenOf = async (slug: string) => (await ada.graphql(`{ connectionToken(where: { slug: "${slug}" }) }`)).data.connectionToken;
const KEY = { state: "Ohio", api_key: " the-key-of-ada " };

describe("a form for an API key", () => {
  it("is described, and its page shows what was described", async () => {
    const { state, authorizeUrl, status, collect } = await startForm("keyed");
    expect({ status, authorizeUrl }).toEqual({ status: "AWAITING_CALLBACK", authorizeUrl: `${PUBLIC_URL}/connect/keyed?state=${state}` });
    expect(collect.fields.map(({ name, secret }: { name: string; secret: boolean }) => [name, secret])).toEqual([
      ["state", false],
      ["api_key", true],
    ]);
    const response = await ada.browser.fetch(authorizeUrl);
    const page = await response.text();
    expect(page).toMatch(/<input\s+id="api_key"\s+name="api_key"\s+type="password"/);
    expect(page).not.toContain("<script");
    expect(page.match(/&quot;&gt;&lt;script&gt;alert\(1\)&lt;\/script&gt;/g)).toHaveLength(4);
    // With `no-referrer` browsers would send the form from `Origin: null`.
    expect(response.headers.get("referrer-policy")).toBe("same-origin");
    expect(response.headers.get("content-security-policy")).toContain("form-action 'self' https:");
  });

  it("connects when it is sent, once, and the answer is not cached", async () => {
    const { authorizeUrl } = await startForm("keyed");
    const response = await post(authorizeUrl, KEY);
    expect(response.status).toBe(303);
    expect(response.headers.get("location")).toBe(`${PUBLIC_URL}/connectors/keyed`);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(await tokenOf("keyed")).toBe("the-key-of-ada");
    expect((await post(authorizeUrl, KEY)).status).toBe(404);
  });

  it("may be sent by submitAuthorization too, once", async () => {
    const { state } = await startForm("keyed");
    const fields = Object.entries(KEY).map(([name, value]) => ({ name, value }));
    expect((await ada.graphql(SUBMIT, { state, fields })).data.submitAuthorization).toEqual({ status: "ACTIVE", authorizeUrl: null });
    expect(await tokenOf("keyed")).toBe("the-key-of-ada");
    expect((await ada.graphql(SUBMIT, { state, fields })).errors[0]?.extensions.code).toBe("NOT_FOUND");
  });

  it.each<[string, Record<string, string>]>([
    ["leaves a field out", { state: "Ohio" }],
    ["leaves a field empty", { state: "Ohio", api_key: "  " }],
    ["has a field too many", { ...KEY, other: "x" }],
    ["has a value that is too long", { ...KEY, api_key: "x".repeat(8_193) }],
    ["has a name that is none", { ...KEY, "a b": "x" }],
  ])("is shown again with what was typed, except secrets, when it %s", async (_name, fields) => {
    const { authorizeUrl } = await startForm("keyed");
    const response = await post(authorizeUrl, fields);
    const page = await response.text();
    expect(response.status).toBe(400);
    expect(page).toContain('role="alert"');
    expect(page).toContain('value="Ohio"');
    expect(page).not.toContain("the-key-of-ada");
    expect(await tokenOf("keyed")).toBeNull();
    expect((await post(authorizeUrl, KEY)).status).toBe(303);
  });

  it("is accepted from the gateway's own page alone, and stays valid after other ones", async () => {
    const { authorizeUrl } = await startForm("keyed");
    for (const headers of [{}, { origin: "null" }, { origin: "https://evil.example" }])
      expect((await post(authorizeUrl, KEY, headers)).status).toBe(403);
    expect((await post(authorizeUrl, KEY)).status).toBe(303);
  });

  it("is for the browser and the user that started it", async () => {
    const eve = await test.signIn("eve");
    const { authorizeUrl, state } = await startForm("keyed");
    expect((await eve.browser.fetch(authorizeUrl)).status).toBe(403);
    expect((await post(authorizeUrl, KEY, undefined, eve)).status).toBe(403);
    const fields = Object.entries(KEY).map(([name, value]) => ({ name, value }));
    expect((await eve.graphql(SUBMIT, { state, fields })).errors[0]?.extensions.code).toBe("NOT_FOUND");
    expect((await post(authorizeUrl, KEY)).status).toBe(303);
  });

  it("expires", async () => {
    const { authorizeUrl, state } = await startForm("keyed");
    test.clock.advance(10 * 60_000);
    expect((await post(authorizeUrl, KEY)).status).toBe(404);
    expect((await ada.graphql(SUBMIT, { state, fields: [] })).errors[0]?.extensions.code).toBe("NOT_FOUND");
  });

  it.each(["", "x", "x".repeat(43)])("is refused with the state %j", async (state) => {
    expect([400, 404]).toContain((await post(`/connect/keyed?state=${state}`, KEY)).status);
    expect(await tokenOf("keyed")).toBeNull();
  });
});

describe("a form for the provider's address", () => {
  it("is in the language of what was started: its button, and what is wrong with a value", async () => {
    const german = { "accept-language": "de" };
    const { authorization } = (await ada.graphql(CONNECT, { slug: "sub" }, german)).data.connect;
    expect(authorization.collect.saveLabel).toBe("Speichern");
    const problem = "Your address muss ein einzelner Name aus Buchstaben, Ziffern und - sein.";
    const fields = [{ name: "subdomain", value: "a/b" }];
    const refused = await ada.graphql(SUBMIT, { state: authorization.state, fields }, german);
    expect(refused.errors[0]?.message).toBe(problem);
    const english = { origin: PUBLIC_URL, "accept-language": "en" };
    expect(await (await post(authorization.authorizeUrl, { subdomain: "a/b" }, english)).text()).toContain(problem);
  });

  it("leads to the provider at that address", async () => {
    const { authorizeUrl } = await startForm("sub");
    const location = (await post(authorizeUrl, { subdomain: "Acme" })).headers.get("location") ?? "";
    expect(location).toMatch(/^https:\/\/acme\.example\.com\/authorize\?/);
    const { state } = await startForm("sub");
    const fields = [{ name: "subdomain", value: "acme" }];
    expect((await ada.graphql(SUBMIT, { state, fields })).data.submitAuthorization).toMatchObject({
      status: "AWAITING_CALLBACK",
      authorizeUrl: expect.stringMatching(/^https:\/\/acme\.example\.com/),
    });
  });

  it.each(["evil.example/", "evil.example#", "a.b", "a/b", "a:1", "a@b", "-a", "a-", "{subdomain}", "", "é", "x".repeat(64)])(
    "accepts a single label alone: %j is refused",
    async (subdomain) => {
      const { authorizeUrl, state } = await startForm("sub");
      expect((await post(authorizeUrl, { subdomain })).status).toBe(400);
      const { errors } = await ada.graphql(SUBMIT, { state, fields: [{ name: "subdomain", value: subdomain }] });
      expect(errors[0]?.extensions).toEqual({ code: "BAD_USER_INPUT", path: "fields.0.value" });
    },
  );
});
