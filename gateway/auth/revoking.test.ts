import { afterEach, describe, expect, it } from "vitest";
import { createLog } from "../runtime/log.ts";
import { openServices, type Services } from "../services.ts";
import { createKey, issue, startIssuer } from "../../test/support/auth.ts";
import { createServerHeaders } from "../../test/support/caller.ts";
import { databaseKinds } from "../../test/support/databases.ts";
import { ask, COOKIES, sendTo, startTestApp, type TestApp, WEB_ORIGIN } from "../../test/support/test-app.ts";
import { inStore } from "../../test/support/vault.ts";

const key = await createKey("k");

let test: TestApp;
let services: Services | undefined;
afterEach(async () => {
  await services?.close();
  services = undefined;
  await test.close();
});

const REVOKE = `mutation ($id: ID!) { revokeUserTokens(input: { id: $id }) { user { id } } }`;

async function revoke(id: string) {
  return ask(sendTo(test.app), REVOKE, { id }, await createServerHeaders(test));
}

/** The code of the refusal, or undefined. `via` is another process, which has the user in its caches. */
async function refusalOf(headers: Record<string, string>, query = `{ viewer { id } }`, via = test.app) {
  return (await ask(sendTo(via), query, {}, headers)).errors[0]?.extensions.code;
}
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const REFRESH = `mutation { refreshSession { token } }`;

describe.each(databaseKinds)("Revoking a user's tokens, on %s", (database) => {
  it("ends all tokens and sessions issued before it, in every process, and none issued after it", async () => {
    test = await startTestApp({ database });
    const twin = await test.startTwin();
    const ada = await test.signIn("ada");
    const bob = await test.signIn("bob");
    const session = { cookie: `${COOKIES.session.name}=${ada.browser.cookie(COOKIES.session.name)}`, origin: WEB_ORIGIN };
    const { data } = await ask(sendTo(test.app), REFRESH, {}, session);
    const [userToken, sessionToken] = [await ada.bearer(), String(data.refreshSession.token)];
    services = await openServices(test.config, test.clock, createLog("silent"));
    const { token: oneTimeToken } = await services.auth.oneTimeTokens.create("ada");
    const started = await ada.browser.fetch("/connect/test");
    for (const token of [userToken, sessionToken]) expect(await refusalOf(bearer(token), undefined, twin)).toBeUndefined();
    // Within the same second.
    test.clock.advance(1);
    expect((await revoke("ada")).data.revokeUserTokens).toEqual({ user: { id: "ada" } });
    for (const via of [test.app, twin]) {
      await expect.poll(() => refusalOf(bearer(userToken), undefined, via)).toBe("UNAUTHENTICATED");
      expect(await refusalOf(bearer(sessionToken), undefined, via)).toBe("UNAUTHENTICATED");
      expect(await refusalOf(session, REFRESH, via)).toBe("UNAUTHENTICATED");
    }
    expect(await services.auth.oneTimeTokens.redeem(oneTimeToken)).toBeNull();
    const callback = await test.provider.authorize(started.headers.get("location") ?? "");
    expect((await ada.browser.fetch(callback.href)).status).toBe(404);
    expect(await refusalOf(bearer(await ada.bearer()))).toBeUndefined();
    expect(await refusalOf(bearer(await bob.bearer()))).toBeUndefined();
  });

  it("ends the user's subscriptions", async () => {
    test = await startTestApp({ database });
    const ada = await test.signIn("ada");
    const headers = { "content-type": "application/json", accept: "text/event-stream", ...bearer(await ada.bearer()) };
    const body = JSON.stringify({ query: "subscription { connectionChanged { enabled } }" });
    const following = await test.app.fetch(new Request(`${test.config.publicUrl}/graphql`, { method: "POST", headers, body }));
    test.clock.advance(1);
    await revoke("ada");
    expect(await following.text()).toContain("event: complete");
  });

  it("takes the earliest time at which an issuer's JWT may have been issued", async () => {
    const issuer = await startIssuer({ clockToleranceSeconds: 30 });
    issuer.publish(key);
    const { issuer: iss, audience: aud, jwksUrl: jwks_url } = issuer.config;
    test = await startTestApp({ database, file: { token_issuers: [{ iss, aud, jwks_url }] } });
    const before = await issue(key, test.clock);
    expect(await refusalOf(bearer(before))).toBeUndefined();
    await revoke("ada");
    test.clock.advance(30_000 - 1_000);
    for (const token of [before, await issue(key, test.clock)]) expect(await refusalOf(bearer(token))).toBe("UNAUTHENTICATED");
    test.clock.advance(1_000);
    expect(await refusalOf(bearer(await issue(key, test.clock)))).toBeUndefined();
  });

  it("stays in force after other writes of the user's row", async () => {
    const issuer = await startIssuer();
    issuer.publish(key);
    const { issuer: iss, audience: aud, jwksUrl: jwks_url } = issuer.config;
    test = await startTestApp({ database, file: { token_issuers: [{ iss, aud, jwks_url }] } });
    const token = await issue(key, test.clock);
    expect(await refusalOf(bearer(token))).toBeUndefined();
    test.clock.advance(1_000);
    await revoke("ada");
    await inStore(test, (query) => query.updateTable("users").set({ mac: null }).where("id", "=", "ada").execute());
    const twin = await test.startTwin();
    expect(await refusalOf(bearer(token), undefined, twin)).toBe("UNAUTHENTICATED");
    test.clock.advance(60_000);
    expect(await refusalOf(bearer(await issue(key, test.clock)), undefined, twin)).toBeUndefined();
  });

  it("keeps connections", async () => {
    test = await startTestApp({ database });
    const ada = await test.signIn("ada");
    await ada.connect();
    await revoke("ada");
    expect((await ada.graphql(`{ connectionToken(where: { slug: "test" }) }`)).data.connectionToken).toMatch(/^access_/);
  });

  it("is NOT_FOUND for an unknown user", async () => {
    test = await startTestApp({ database });
    expect((await revoke("nobody")).errors[0]?.extensions.code).toBe("NOT_FOUND");
  });

  it("is FORBIDDEN to users", async () => {
    test = await startTestApp({ database });
    const ada = await test.signIn("ada");
    expect((await ada.graphql(REVOKE, { id: "ada" })).errors[0]?.extensions.code).toBe("FORBIDDEN");
  });
});
