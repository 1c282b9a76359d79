/** `xkit.fetch` before a third party that takes, or refuses, the token. */
import { createServer } from "node:http";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { createTestClient, startApp, type TestClient } from "../../test/support/client/signed-in.ts";
import type { TestApp, TestUser } from "../../test/support/test-app.ts";
import { NoAccessTokenError } from "../api/errors.ts";
import { createXkit } from "../xkit.ts";

let app: TestApp;
let user: TestUser;
let client: TestClient;
let count = 0;

beforeAll(async () => {
  app = await startApp();
});
afterAll(async () => {
  vi.useRealTimers();
  await app.close();
});
beforeEach(async () => {
  user = await app.signIn(`user-${++count}`);
  client = createTestClient(app, user.browser);
  await client.xkit.login(await user.bearer());
});

describe("fetch", () => {
  test("calls the third party with the connection's token", async () => {
    await user.connect();
    const response = await client.xkit.fetch("test", app.provider.apiUrl, { headers: { "x-own": "kept" } });
    expect(response.status).toBe(200);
  });

  /** A third party that refuses the first token it sees, and echoes what comes with any other. */
  async function startThirdParty() {
    const refused = new Set<string>();
    const server = createServer(async (request, response) => {
      const token = request.headers.authorization ?? "";
      if (refused.size === 0) refused.add(token);
      const chunks: Buffer[] = await request.toArray();
      response.writeHead(refused.has(token) ? 401 : 200).end(Buffer.concat(chunks));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    return { url: `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}/`, close: () => server.close() };
  }

  test.each([
    ["a string", "body"],
    ["bytes", new TextEncoder().encode("body")],
    ["a form", new URLSearchParams({ body: "" })],
    ["a blob", new Blob(["body"])],
  ])("brings a new token after a 401, once, with the same body: %s", async (_kind, body) => {
    await user.connect();
    const thirdParty = await startThirdParty();
    const response = await client.xkit.fetch("test", thirdParty.url, { method: "POST", body });
    expect(response.status).toBe(200);
    expect(await response.text()).toContain("body");
    thirdParty.close();
  });

  test("brings a new token after a 401 for a Request, body and all", async () => {
    await user.connect();
    const thirdParty = await startThirdParty();
    const response = await client.xkit.fetch("test", new Request(thirdParty.url, { method: "PUT", body: "body" }));
    expect(await response.text()).toBe("body");
    thirdParty.close();
  });

  test("returns the 401 of a streamed body, which cannot be sent again, and has the new token at the next call", async () => {
    await user.connect();
    const thirdParty = await startThirdParty();
    const init = { method: "POST", body: new Blob(["streamed"]).stream(), duplex: "half" };
    expect(await client.xkit.fetch("test", thirdParty.url, init)).toMatchObject({ status: 401 });
    expect(await client.xkit.fetch("test", thirdParty.url)).toMatchObject({ status: 200 });
    thirdParty.close();
  });

  test("says what the user can do when there is no token to send", async () => {
    const error = await client.xkit.fetch("test", app.provider.apiUrl).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(NoAccessTokenError);
    expect(error).toMatchObject({ outcome: { __typename: "NotConnected", connectorUrl: client.xkit.connectorUrl("test") } });
  });

  test("sends no body a second time with the token of a user who has signed in meanwhile", async () => {
    await user.connect();
    const other = await app.signIn(`other-${count}`);
    await other.connect();
    const thirdParty = await startThirdParty();
    const sent: (string | null)[] = [];
    const inner = createTestClient(app, user.browser);
    const xkit = createXkit(app.config.publicUrl, {
      async fetch(input, init) {
        const response = await inner.fetch(input, init);
        if (!(input instanceof Request)) return response;
        sent.push(input.headers.get("authorization"));
        await xkit.login(await other.bearer());
        return response;
      },
    });
    await xkit.login(await user.bearer());
    expect(await xkit.fetch("test", thirdParty.url, { method: "POST", body: "body" })).toMatchObject({ status: 401 });
    expect(sent).toHaveLength(1);
    thirdParty.close();
  });

  test("calls a path below the API's address with the header that the API takes the token by, and brings a new token after a 401", async () => {
    let isLive = (_token: string): boolean => false;
    const seen: string[] = [];
    const api = createServer((request, response) => {
      seen.push(`${request.url} ${request.headers.authorization}`);
      response.writeHead(isLive(String(request.headers["x-access-token"])) ? 200 : 401).end();
    });
    await new Promise<void>((resolve) => api.listen(0, "127.0.0.1", resolve));
    const address = api.address();
    const base_url = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}/v1`;
    const own = await startApp({ facts: { api: { base_url, auth: "X-Access-Token: {access_token}" } } });
    isLive = (token) => own.provider.liveAccessTokens().includes(token);
    const ada = await own.signIn("ada");
    await ada.connect();
    const { xkit } = createTestClient(own, ada.browser);
    await xkit.login(await ada.bearer());
    await xkit.getToken("test");
    own.provider.controls.expireAccessTokens();
    expect(await xkit.fetch("test", "/me?a=b")).toMatchObject({ status: 200 });
    expect(seen).toEqual(["/v1/me?a=b undefined", "/v1/me?a=b undefined"]);
    await expect(xkit.fetch("test", app.provider.apiUrl)).rejects.toBeInstanceOf(TypeError);
    await own.close();
    api.close();
  });

  test("ends at once with the caller's signal", async () => {
    await user.connect();
    await expect(client.xkit.fetch("test", app.provider.apiUrl, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      name: "AbortError",
    });
  });
});
