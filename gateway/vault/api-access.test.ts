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
