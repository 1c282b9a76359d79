import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createBrowser } from "../../test/support/browser.ts";
import { onlyAuthorization } from "../../test/support/vault.ts";
import { PUBLIC_URL, startTestApp, type TestApp, type TestUser } from "../../test/support/test-app.ts";

let test: TestApp;
let ada: TestUser;
beforeEach(async () => {
  test = await startTestApp();
  ada = await test.signIn();
});
afterEach(() => test.close());

const CONNECTION = `id enabled authorization { status errorCode errorMessage scopes missingScopes displayLabel }`;
const connectionOf = async (user: TestUser) =>
  (await user.graphql(`{ connection(where: { slug: "test" }) { ${CONNECTION} } }`)).data.connection;
const CONNECT = `mutation ($slug: ID!, $id: ID, $returnTo: String) { connect(slug: $slug, id: $id, returnTo: $returnTo) { id authorization { authorizeUrl } } }`;
const tokenOf = async (user: TestUser) => (await user.graphql(`{ connectionToken(where: { slug: "test" }) }`)).data.connectionToken;

/** Starts connecting at `/connect/test`, agrees at the provider, and answers where the provider sends the browser. */
const startAt = async (user: TestUser, query = ""): Promise<URL> => {
  const started = await user.browser.fetch(`/connect/test${query}`);
  return test.provider.authorize(started.headers.get("location") ?? "");
};
const alertOf = async (response: Response) => /role="(?:alert|status)">([^<]*)</.exec(await response.text())?.[1];

describe("the state of a started authorization", () => {
  it("is good once", async () => {
    const callback = await startAt(ada);
    expect((await ada.browser.fetch(callback.href)).status).toBe(200);
    const again = await ada.browser.fetch(callback.href);
    expect(again.status).toBe(404);
    expect(await alertOf(again)).toContain("already used");
    expect((await connectionOf(ada)).authorization.status).toBe("ACTIVE");
  });

  it("is good once also when both arrive at the same moment", async () => {
    const callback = await startAt(ada);
    const statuses = await Promise.all([1, 2].map(async () => (await ada.browser.fetch(callback.href)).status));
    expect(new Set(statuses)).toEqual(new Set([200, 404]));
    expect(await tokenOf(ada)).toEqual(expect.any(String));
  });

  it("is good for ten minutes", async () => {
    const [inTime, late] = [await startAt(ada), await startAt(await test.signIn("grace"))];
    test.clock.advance(10 * 60_000 - 1);
    expect((await ada.browser.fetch(inTime.href)).status).toBe(200);
    const grace = await test.signIn("grace");
    test.clock.advance(1);
    const response = await grace.browser.fetch(late.href);
    expect(response.status).toBe(404);
    expect(await alertOf(response)).toContain("expired");
    expect((await connectionOf(grace)).enabled).toBe(false);
  });

  it("is of one connector", async () => {
    const callback = await startAt(ada);
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

describe("a link that was started in another browser", () => {
  it("connects nothing there, and is not used up by it", async () => {
    const eve = await test.signIn("eve");
    const callback = await startAt(ada);
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

  it("connects nothing for another user in the same browser", async () => {
    const callback = await startAt(ada);
    const { token } = await test.app.provisionUser({ id: "eve" });
    await ada.browser.fetch(`/sign-in?token=${token}`);
    const response = await ada.browser.fetch(callback.href);
    expect(response.status).toBe(403);
    // Signing in as another user ended what bound it to this browser.
    await ada.browser.fetch(`/sign-in?token=${await ada.bearer()}`);
    expect((await ada.browser.fetch(callback.href)).status).toBe(403);
    expect((await connectionOf(ada)).enabled).toBe(false);
  });

  it("is bound just so when the connect mutation started it", async () => {
    const eve = await test.signIn("eve");
    const { authorizeUrl } = (await ada.graphql(CONNECT, { slug: "test" })).data.connect.authorization;
    const callback = await test.provider.authorize(authorizeUrl);
    expect((await eve.browser.fetch(callback.href)).status).toBe(403);
    expect((await ada.browser.fetch(callback.href)).status).toBe(200);
    expect(await connectionOf(eve)).toBeNull();
    expect(await tokenOf(ada)).toEqual(expect.any(String));
  });
});

describe("a member who has left the group since they started", () => {
  it("gets nothing into the group's connection by coming back from the provider", async () => {
    const [ben, eve] = [await test.signIn("ben", "acme"), await test.signIn("eve", "acme")];
    const callback = await startAt(eve);
    await test.app.provisionUser({ id: "eve", groupId: null });
    const response = await eve.browser.fetch(callback.href);
    expect(response.status).toBe(404);
    expect(await alertOf(response)).toContain("group has changed");
    expect(test.provider.tokenRequests).toEqual([]);
    // What another member has started is not shown.
    expect(await connectionOf(ben)).toMatchObject({ enabled: false, authorization: null });
  });

  it("gets nothing into it also when they leave while the provider answers, and the grant is revoked there", async () => {
    const [ben, eve] = [await test.signIn("ben", "acme"), await test.signIn("eve", "acme")];
    const callback = await startAt(eve);
    const hold = test.provider.controls.hold();
    const finishing = eve.browser.fetch(callback.href);
    await hold.arrived(1);
    await test.app.provisionUser({ id: "eve", groupId: "globex" });
    hold.release();
    expect((await finishing).status).toBe(400);
    expect(await connectionOf(ben)).toMatchObject({ enabled: false, authorization: null });
    expect(await onlyAuthorization(test)).toMatchObject({ status: "error", error_code: "moved" });
    expect(test.provider.revocations).not.toEqual([]);
    expect(test.provider.liveAccessTokens()).toEqual([]);
  });
});

describe("a callback without a state that connect answered", () => {
  it.each([
    ["none", "code=abc", "did not say which attempt"],
    ["one that is cut short", "code=abc&state=short", "did not say which attempt"],
    ["an error", "error=access_denied&error_description=Call+us", "not granted at the provider (access_denied)"],
    ["a provider's error", "error_code=200&error_message=Call+us", "not granted at the provider (200)"],
  ])("ends nothing, and leads to the start: %s", async (_name, query, words) => {
    await startAt(ada);
    const response = await ada.browser.fetch(`/callback/test?${query}`);
    const page = await response.text();
    expect(response.status).toBe(400);
    expect(page).toContain(words);
    expect(page).toContain(`href="${PUBLIC_URL}/connect/test"`);
    expect(page).not.toMatch(/must be|Call us/);
    expect((await connectionOf(ada)).authorization.status).toBe("AWAITING_CALLBACK");
  });

  it("is told so by the form's address as well", async () => {
    const response = await ada.browser.fetch("/connect/test?state=short");
    expect([response.status, await alertOf(response)]).toEqual([404, "This link is not one that was started here: start again."]);
  });
});

describe("a callback by POST (response_mode=form_post)", () => {
  const post = (path: string, body: string) =>
    createBrowser(test.app, PUBLIC_URL).fetch(path, {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded", origin: "https://as.example", "sec-fetch-site": "cross-site" },
      body,
    });

  it("comes again by GET with the cookies of its browser, and is judged then", async () => {
    const { searchParams } = await startAt(ada);
    const posted = await post("/callback/test", searchParams.toString());
    expect(posted.status).toBe(303);
    const location = posted.headers.get("location") ?? "";
    expect(location).toMatch(new RegExp(`^${PUBLIC_URL}/callback/test\\?`));
    expect((await createBrowser(test.app, PUBLIC_URL).fetch(location)).status).toBe(403);
    expect((await ada.browser.fetch(location)).status).toBe(200);
    expect(await tokenOf(ada)).toEqual(expect.any(String));
  });

  it("brings the provider's error along", async () => {
    test.provider.controls.denyNext();
    const { searchParams } = await startAt(ada);
    const posted = await post("/callback/test", searchParams.toString());
    const response = await ada.browser.fetch(posted.headers.get("location") ?? "");
    expect(await alertOf(response)).toContain("not granted");
  });

  it("is refused when it is longer than an address may be", async () => {
    expect((await post("/callback/test", `code=${"x".repeat(9_000)}`)).status).toBe(400);
  });
});

describe("what the provider answers", () => {
  it("stores what was granted, and what was not", async () => {
    test.provider.controls.grantedScopes = ["read"];
    await ada.connect();
    expect((await connectionOf(ada)).authorization).toMatchObject({
      status: "ACTIVE",
      scopes: ["read"],
      missingScopes: ["write"],
      displayLabel: "user-1@example.test",
    });
  });

  it.each([
    ["access_denied", "not granted", "status"],
    ["server_error", "Try again", "alert"],
    ["invalid_scope", "the people who run this app", "alert"],
    ["login_required", "not signed in", "alert"],
    ["user_cancelled_login", "not granted", "status"],
    ["something_new", "not granted (something_new)", "alert"],
  ])("is shown in our words alone and stored, when it is %s", async (code, words, role) => {
    test.provider.controls.denyNext(code, "They said <b>no</b>");
    const response = await ada.connect();
    const page = await response.text();
    expect(response.status).toBe(400);
    expect(page).toContain(words);
    expect(page).toContain(`role="${role}"`);
    expect(page).not.toContain("They said");
    const { authorization, enabled } = await connectionOf(ada);
    expect({ enabled, status: authorization.status, code: authorization.errorCode }).toEqual({ enabled: false, status: "ERROR", code });
    expect(authorization.errorMessage).toContain(words);
    expect(authorization.errorMessage).not.toContain("They said");
    expect(test.logged.join("\n")).toContain("They said <b>no</b>");
  });

  it.each([
    ["comes from another issuer", (callback: URL) => callback.searchParams.set("iss", "https://evil.example"), "issuer_mismatch"],
    ["names two issuers", (callback: URL) => callback.searchParams.append("iss", "https://evil.example"), "issuer_mismatch"],
    ["has no code", (callback: URL) => callback.searchParams.delete("code"), "missing_code"],
    ["has two codes", (callback: URL) => callback.searchParams.append("code", "other"), "invalid_callback"],
    ["has a code of nobody's", (callback: URL) => callback.searchParams.set("code", "other"), "invalid_grant"],
    ["has two states", (callback: URL) => callback.searchParams.append("state", "other"), "state_mismatch"],
  ])("is refused with 400 and stored, when it %s", async (_name, change, code) => {
    const callback = await startAt(ada);
    change(callback);
    expect((await ada.browser.fetch(callback.href)).status).toBe(400);
    expect(await connectionOf(ada)).toMatchObject({ enabled: false, authorization: { status: "ERROR", errorCode: code } });
    expect(await tokenOf(ada)).toBeNull();
  });

  it("must name the issuer where the provider is known to do so always", async () => {
    await test.close();
    test = await startTestApp();
    const facts = { ...test.provider.providerFacts, authorization_response_iss_parameter_supported: true };
    const strict = await startTestApp({ connector: { provider: facts } });
    const user = await strict.signIn();
    test.provider.controls.iss = null;
    const started = await user.browser.fetch("/connect/test");
    const callback = await test.provider.authorize(started.headers.get("location") ?? "");
    expect((await user.browser.fetch(callback.href)).status).toBe(400);
    expect((await connectionOf(user)).authorization.errorCode).toBe("issuer_mismatch");
    await strict.close();
  });
});

describe("a reconnect", () => {
  it("that fails leaves the working connection as it is, and says so", async () => {
    await ada.connect();
    const [before, token] = [await connectionOf(ada), await tokenOf(ada)];
    test.provider.controls.denyNext();
    const page = await (await ada.connect("test", "?returnTo=/connectors/test")).text();
    expect(page).toContain("goes on as before");
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

  it("works from two tabs at once the first time", async () => {
    const [first, second] = [await startAt(ada), await startAt(ada)];
    expect((await ada.browser.fetch(first.href)).status).toBe(200);
    expect((await ada.browser.fetch(second.href)).status).toBe(200);
    const { data } = await ada.graphql(`{ connections(slug: "test") { ${CONNECTION} } }`);
    expect(data.connections).toMatchObject([{ enabled: true, authorization: { status: "ACTIVE" } }]);
    expect(await tokenOf(ada)).toEqual(expect.any(String));
  });

  it("works from two tabs at once, the last one to come back wins", async () => {
    await ada.connect();
    const { id } = await connectionOf(ada);
    const [one, two] = [await startAt(ada), await startAt(ada)];
    expect((await ada.browser.fetch(two.href)).status).toBe(200);
    const token = await tokenOf(ada);
    expect((await ada.browser.fetch(one.href)).status).toBe(200);
    expect(await tokenOf(ada)).not.toBe(token);
    expect((await ada.graphql("{ connections { id } }")).data.connections).toEqual([{ id }]);
  });
});
