import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createBrowser } from "../../test/support/browser.ts";
import { alertOf, CONNECTION, connectionOf, startAt, tokenOf } from "../../test/support/connecting.ts";
import { PUBLIC_URL, startTestApp, type TestApp, type TestUser, WEB_ORIGIN } from "../../test/support/test-app.ts";

let test: TestApp;
let ada: TestUser;
beforeEach(async () => {
  test = await startTestApp();
  ada = await test.signIn();
});
afterEach(() => test.close());

const CONNECT = `mutation ($slug: ID!, $id: ID, $returnTo: String) { connect(slug: $slug, id: $id, returnTo: $returnTo) { id authorization { authorizeUrl } } }`;

describe("the state of a started authorization", () => {
  it("is valid once", async () => {
    const callback = await startAt(test, ada);
    expect((await ada.browser.fetch(callback.href)).status).toBe(200);
    const again = await ada.browser.fetch(callback.href);
    expect(again.status).toBe(404);
    expect(await again.text()).toContain("Test is connected");
    expect((await connectionOf(ada)).authorization.status).toBe("ACTIVE");
  });

  it("is valid once even if it comes twice at the same moment", async () => {
    const callback = await startAt(test, ada);
    const statuses = await Promise.all([1, 2].map(async () => (await ada.browser.fetch(callback.href)).status));
    expect(new Set(statuses)).toEqual(new Set([200, 404]));
    expect(await tokenOf(ada)).toEqual(expect.any(String));
  });

  it("is valid for ten minutes", async () => {
    const [inTime, late] = [await startAt(test, ada), await startAt(test, await test.signIn("grace"))];
    test.clock.advance(10 * 60_000 - 1);
    expect((await ada.browser.fetch(inTime.href)).status).toBe(200);
    const grace = await test.signIn("grace");
    test.clock.advance(1);
    const response = await grace.browser.fetch(late.href);
    expect(response.status).toBe(404);
    expect(await alertOf(response)).toContain("expired");
    expect((await connectionOf(grace)).enabled).toBe(false);
  });

  it("is valid for its own connector alone", async () => {
    const callback = await startAt(test, ada);
    callback.pathname = "/callback/other";
    expect((await ada.browser.fetch(callback.href)).status).toBe(404);
    callback.pathname = "/callback/test";
    expect((await ada.browser.fetch(callback.href)).status).toBe(200);
  });

  it.each(["", "x", "x".repeat(43), "%00", "x".repeat(5_000)])("is refused when it is %j", async (state) => {
    const response = await ada.browser.fetch(`/callback/test?code=c&state=${state}`);
    expect([400, 404]).toContain(response.status);
    expect(await alertOf(response)).toEqual(expect.any(String));
  });
});

describe("an attempt of another browser", () => {
  it("connects nothing there, and stays valid in its own browser", async () => {
    const eve = await test.signIn("eve");
    const callback = await startAt(test, ada);
    for (const browser of [eve.browser, createBrowser(test.app, PUBLIC_URL)]) {
      const response = await browser.fetch(callback.href);
      expect(response.status).toBe(403);
      expect(await alertOf(response)).toContain("another browser");
    }
    expect(await connectionOf(eve)).toBeNull();
    expect((await connectionOf(ada)).enabled).toBe(false);
    expect((await ada.browser.fetch(callback.href)).status).toBe(200);
    expect(await tokenOf(ada)).toEqual(expect.any(String));
  });

  it("connects nothing once another user has signed in in the same browser", async () => {
    const callback = await startAt(test, ada);
    const { token } = await test.app.provisionUser({ id: "eve" });
    await ada.browser.signIn(token);
    const response = await ada.browser.fetch(callback.href);
    expect(response.status).toBe(403);
    // Signing in as another user ended what bound it to this browser.
    await ada.browser.signIn(await ada.bearer());
    expect((await ada.browser.fetch(callback.href)).status).toBe(403);
    expect((await connectionOf(ada)).enabled).toBe(false);
  });

  it("connects nothing either where the connect mutation started it", async () => {
    const eve = await test.signIn("eve");
    const { authorizeUrl } = (await ada.graphql(CONNECT, { slug: "test" })).data.connect.authorization;
    const callback = await test.provider.authorize(authorizeUrl);
    expect((await eve.browser.fetch(callback.href)).status).toBe(403);
    expect((await ada.browser.fetch(callback.href)).status).toBe(200);
    expect(await connectionOf(eve)).toBeNull();
    expect(await tokenOf(ada)).toEqual(expect.any(String));
  });
});

describe("a reconnect", () => {
  it("that fails leaves the working connection unchanged, and says so", async () => {
    await ada.connect();
    const [before, token] = [await connectionOf(ada), await tokenOf(ada)];
    test.provider.controls.denyNext();
    const page = await (await ada.connect("test", "?returnTo=/connectors/test")).text();
    expect(page).toContain("Your existing connection still works.");
    expect(page).toContain(`/connect/test?id=${before.id}&amp;returnTo=%2Fconnectors%2Ftest`);
    expect(await connectionOf(ada)).toEqual(before);
    expect(await tokenOf(ada)).toBe(token);
  });

  it("that succeeds keeps the id", async () => {
    await ada.connect();
    const [{ id }, token] = [await connectionOf(ada), await tokenOf(ada)];
    await ada.connect();
    expect((await connectionOf(ada)).id).toBe(id);
    expect(await tokenOf(ada)).not.toBe(token);
  });

  it("may be finished in two tabs before anything is connected", async () => {
    const [first, second] = [await startAt(test, ada), await startAt(test, ada)];
    expect((await ada.browser.fetch(first.href)).status).toBe(200);
    expect((await ada.browser.fetch(second.href)).status).toBe(200);
    const { data } = await ada.graphql(`{ connections(slug: "test") { ${CONNECTION} } }`);
    expect(data.connections).toMatchObject([{ enabled: true, authorization: { status: "ACTIVE" } }]);
    expect(await tokenOf(ada)).toEqual(expect.any(String));
  });

  it("may be finished in two tabs, of which the last one wins", async () => {
    await ada.connect();
    const { id } = await connectionOf(ada);
    const [one, two] = [await startAt(test, ada), await startAt(test, ada)];
    expect((await ada.browser.fetch(two.href)).status).toBe(200);
    const token = await tokenOf(ada);
    expect((await ada.browser.fetch(one.href)).status).toBe(200);
    expect(await tokenOf(ada)).not.toBe(token);
    expect((await ada.graphql("{ connections { id } }")).data.connections).toEqual([{ id }]);
  });
});

describe("starting at /connect", () => {
  const open = (headers: Record<string, string>) => ada.browser.fetch("/connect/test", { headers });

  it.each(["cross-site", "same-site"])("asks first when another site sent the user: %s", async (site) => {
    for (const referer of [undefined, "https://evil.example/", "nonsense"]) {
      const response = await open({ "sec-fetch-site": site, ...(referer && { referer }) });
      expect(response.status).toBe(200);
      expect(await response.text()).toContain(`href="${PUBLIC_URL}/connect/test"`);
    }
    expect((await ada.graphql("{ connections { id } }")).data.connections).toEqual([]);
  });

  it.each([
    {},
    { "sec-fetch-site": "none" },
    { "sec-fetch-site": "same-origin" },
    { "sec-fetch-site": "cross-site", referer: `${WEB_ORIGIN}/x` },
  ])("redirects at once for a user who came directly or from the platform: %j", async (headers) => {
    const response = await open(headers);
    expect(response.status).toBe(303);
    expect(response.headers.get("location")).toMatch(new RegExp(`^${test.provider.url}/authorize\\?`));
    expect(response.headers.get("referrer-policy")).toBe("no-referrer");
  });

  it("sends PKCE, the connector's own redirect URI and the scopes to the provider", async () => {
    const { searchParams } = new URL((await open({})).headers.get("location") ?? "");
    expect(Object.fromEntries(searchParams)).toEqual({
      response_type: "code",
      client_id: test.provider.client.clientId,
      redirect_uri: `${PUBLIC_URL}/callback/test`,
      scope: "read write",
      state: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: "S256",
    });
  });

  it("is refused without a session, with a link to the sign-in", async () => {
    const response = await createBrowser(test.app, PUBLIC_URL).fetch("/connect/test");
    expect(response.status).toBe(401);
    const back = encodeURIComponent(`${PUBLIC_URL}/connectors/test`);
    expect(await response.text()).toContain(`href="https://acme.example/login?returnTo=${back}"`);
  });

  it.each([
    ["/connect/A%20B", 400, "This link is not valid"],
    ["/connect/..%2f..%2fevil", 400, "This link is not valid"],
    ["/connect/%00", 400, "This link is not valid"],
    ["/connect/nothing", 404, "nothing"],
    ["/connect/test?id=x", 400, "id"],
    ["/connect/test?id=", 400, "id"],
    ["/connect/test?state=x", 404, "was not made here"],
    [`/connect/test?state=${"x".repeat(43)}`, 404, "was not made here"],
  ])("is refused with a 4xx: %s", async (path, status, words) => {
    const response = await ada.browser.fetch(path);
    expect(response.status).toBe(status);
    expect(await response.text()).toContain(words);
    expect((await ada.graphql("{ connections { id } }")).data.connections).toEqual([]);
  });

  it("refuses the id of another user's connection", async () => {
    const eve = await test.signIn("eve");
    await eve.connect();
    const [{ id }] = (await eve.graphql("{ connections { id } }")).data.connections;
    const response = await ada.browser.fetch(`/connect/test?id=${id}`);
    expect(response.status).toBe(400);
    expect(await response.text()).toContain("This link is not valid");
    expect(test.logged.join("\n")).toContain("id:");
  });
});
