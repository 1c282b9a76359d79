import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createBrowser } from "../../test/support/browser.ts";
import { alertOf, connectionOf, startAt, tokenOf } from "../../test/support/connecting.ts";
import { PUBLIC_URL, startTestApp, type TestApp, type TestUser } from "../../test/support/test-app.ts";
import { onlyAuthorization } from "../../test/support/vault.ts";

let test: TestApp;
let ada: TestUser;
beforeEach(async () => {
  test = await startTestApp();
  ada = await test.signIn();
});
afterEach(() => test.close());

describe("a callback without a state of the gateway", () => {
  it.each([
    ["none", "code=abc", "did not say which attempt"],
    ["one that is cut short", "code=abc&state=short", "did not say which attempt"],
    ["an error", "error=access_denied&error_description=Call+us", "not granted at the provider (access_denied)"],
    ["a provider's error", "error_code=200&error_message=Call+us", "not granted at the provider (200)"],
  ])("ends no attempt, and leads to the start: %s", async (_name, query, words) => {
    await startAt(test, ada);
    const response = await ada.browser.fetch(`/callback/test?${query}`);
    const page = await response.text();
    expect(response.status).toBe(400);
    expect(page).toContain(words);
    expect(page).toContain(`href="${PUBLIC_URL}/connect/test"`);
    expect(page).not.toMatch(/must be|Call us/);
    expect((await connectionOf(ada)).authorization.status).toBe("AWAITING_CALLBACK");
  });

  it("is explained at the form's address too", async () => {
    const response = await ada.browser.fetch("/connect/test?state=short");
    expect([response.status, await alertOf(response)]).toEqual([404, "This link was not made here. Start again."]);
  });
});

describe("a callback by POST (response_mode=form_post)", () => {
  const post = (path: string, body: string) =>
    createBrowser(test.app, PUBLIC_URL).fetch(path, {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded", origin: "https://as.example", "sec-fetch-site": "cross-site" },
      body,
    });

  it("redirects to the same address by GET, which has the browser's cookies", async () => {
    const { searchParams } = await startAt(test, ada);
    const posted = await post("/callback/test", searchParams.toString());
    expect(posted.status).toBe(303);
    const location = posted.headers.get("location") ?? "";
    expect(location).toMatch(new RegExp(`^${PUBLIC_URL}/callback/test\\?`));
    expect((await createBrowser(test.app, PUBLIC_URL).fetch(location)).status).toBe(403);
    expect((await ada.browser.fetch(location)).status).toBe(200);
    expect(await tokenOf(ada)).toEqual(expect.any(String));
  });

  it("keeps the provider's error", async () => {
    test.provider.controls.denyNext();
    const { searchParams } = await startAt(test, ada);
    const posted = await post("/callback/test", searchParams.toString());
    const response = await ada.browser.fetch(posted.headers.get("location") ?? "");
    expect(await alertOf(response)).toContain("not granted");
  });

  it("is refused when it is longer than an address may be", async () => {
    expect((await post("/callback/test", `code=${"x".repeat(9_000)}`)).status).toBe(400);
  });
});

describe("a link that was used", () => {
  it("says that its user is connected, and offers another start to who is not", async () => {
    const callback = await startAt(test, ada);
    expect((await ada.browser.fetch(callback.href)).status).toBe(200);
    const token = await tokenOf(ada);
    const again = await ada.browser.fetch(callback.href);
    const page = await again.text();
    expect([again.status, page.includes("Test is connected"), page.includes(`href="${PUBLIC_URL}/connectors/test"`)]).toEqual([
      404,
      true,
      true,
    ]);
    expect([await tokenOf(ada), test.provider.tokenRequests.length]).toEqual([token, 1]);
    for (const browser of [createBrowser(test.app, PUBLIC_URL), (await test.signIn("ben")).browser]) {
      const other = await browser.fetch(callback.href);
      const text = await other.text();
      expect([other.status, text.includes("already used"), text.includes("user-1@example.test")]).toEqual([404, true, false]);
      expect(text).toContain(`class="button" href="${PUBLIC_URL}/connect/test"`);
    }
  });
});

describe("a link to connect", () => {
  it("with a wrong parameter is explained to its user in their language, and to its developer in the log", async () => {
    const english = await ada.browser.fetch("/connect/test?returnTo=https://evil.example/");
    expect([english.status, await alertOf(english.clone())]).toEqual([400, "This link is not valid. Start again."]);
    expect(await english.text()).toContain(`class="button" href="${PUBLIC_URL}/connect/test"`);
    const german = await ada.browser.fetch("/connect/test?returnTo=//evil.example/&locale=de");
    expect(await alertOf(german)).toBe("Dieser Link ist ungültig. Beginnen Sie neu.");
    expect(test.logged.join("\n")).toContain("returnTo: must be");
  });
});

describe("what the provider answers", () => {
  it("is stored: what was granted, and what was not", async () => {
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
  ])("is stored as %s, and shown without the provider's text", async (code, words, role) => {
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
    ["has an unknown code", (callback: URL) => callback.searchParams.set("code", "other"), "invalid_grant"],
    ["has two states", (callback: URL) => callback.searchParams.append("state", "other"), "state_mismatch"],
  ])("is refused with 400 and stored when it %s", async (_name, change, code) => {
    const callback = await startAt(test, ada);
    change(callback);
    expect((await ada.browser.fetch(callback.href)).status).toBe(400);
    expect(await connectionOf(ada)).toMatchObject({ enabled: false, authorization: { status: "ERROR", errorCode: code } });
    expect(await tokenOf(ada)).toBeNull();
  });

  it("must name the issuer where the provider declares that it always does", async () => {
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

describe("a member who has left the group since starting", () => {
  it("connects nothing for the group by coming back from the provider", async () => {
    const [ben, eve] = [await test.signIn("ben", "acme"), await test.signIn("eve", "acme")];
    const callback = await startAt(test, eve);
    await test.app.provisionUser({ id: "eve", groupId: null });
    const response = await eve.browser.fetch(callback.href);
    expect(response.status).toBe(404);
    expect(await alertOf(response)).toContain("group has changed");
    expect(test.provider.tokenRequests).toEqual([]);
    // What another member has started is not shown.
    expect(await connectionOf(ben)).toMatchObject({ enabled: false, authorization: null });
  });

  it("connects nothing for the group by leaving while the provider answers, and the grant is revoked", async () => {
    const [ben, eve] = [await test.signIn("ben", "acme"), await test.signIn("eve", "acme")];
    const callback = await startAt(test, eve);
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
