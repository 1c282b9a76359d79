import { afterEach, describe, expect, it } from "vitest";
import { startTestApp, type TestApp, type TestUser } from "../../test/support/test-app.ts";

let test: TestApp;
afterEach(() => test?.close());

const API = `{ accessToken(where: { slug: "test" }) { ... on AccessToken { value apiBaseUrl authorizationHeader { name value } } } }`;
const apiOf = async (user: TestUser) => (await user.graphql(API)).data.accessToken;

describe("the provider's API", () => {
  it("is told with its address for the account, and the header that carries the token", async () => {
    const api = { base_url: "https://{dc}.api.example/v{version}", auth: "X-Access-Token: {access_token}" };
    const variables = [{ name: "version", default: "2", may: "path" }];
    test = await startTestApp({ facts: { api, variables, metadata: { dc: "token:dc" } } });
    const ada = await test.signIn("ada");
    test.provider.controls.next({ answer: { dc: "eu1" } });
    await ada.connect();
    const { value, ...told } = await apiOf(ada);
    expect(told).toEqual({
      apiBaseUrl: "https://eu1.api.example/v2",
      authorizationHeader: { name: "X-Access-Token", value },
    });
  });

  it("takes a user and a password by Basic where the provider's facts name no header", async () => {
    const collect = ["username", "password"].map((name) => ({ name, label: name, secret: name === "password", may: "path" }));
    const provider = { kind: "basic", collect, api: { base_url: "https://api.example/{username}" } };
    test = await startTestApp({ connectors: [{ slug: "typed", name: "Typed", provider }] });
    const ada = await test.signIn("ada");
    const { state } = (await ada.graphql(`mutation { connect(slug: "typed") { authorization { state } } }`)).data.connect.authorization;
    const fields = [
      { name: "username", value: "ada" },
      { name: "password", value: "pa:ss" },
    ];
    await ada.graphql(
      `mutation ($state: String!, $fields: [FieldInput!]!) { submitAuthorization(state: $state, fields: $fields) { status } }`,
      { state, fields },
    );
    const { data } = await ada.graphql(API.replace("test", "typed"));
    expect(data.accessToken).toEqual({
      value: "ada:pa:ss",
      apiBaseUrl: "https://api.example/ada",
      authorizationHeader: { name: "Authorization", value: `Basic ${btoa("ada:pa:ss")}` },
    });
  });

  it("has no address where the provider states none, or one that leads where it may not", async () => {
    const facts = { api: { base_url: "https://{host}" }, metadata: { host: "token:host" } };
    test = await startTestApp({ facts });
    const ada = await test.signIn("ada");
    for (const host of [undefined, "localhost", "https://10.0.0.1/"]) {
      test.provider.controls.next({ answer: { host } });
      await ada.connect();
      const { value, ...told } = await apiOf(ada);
      expect(told).toEqual({ apiBaseUrl: null, authorizationHeader: { name: "Authorization", value: `Bearer ${value}` } });
    }
    test.provider.controls.next({ answer: { host: "https://eu.example/" } });
    await ada.connect();
    expect((await apiOf(ada)).apiBaseUrl).toBe("https://eu.example");
  });
});
