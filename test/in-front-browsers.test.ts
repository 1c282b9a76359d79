import { buildPages } from "./support/client/built-pages.ts";
import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { visit } from "./support/second-gateway.ts";
import { ask, COOKIES, PUBLIC_URL, sendTo, WEB_ORIGIN } from "./support/test-app.ts";
import { CONNECT, startFront } from "./support/in-front.ts";

describe("signing in at a gateway before another gateway", () => {
  const LOGIN = `mutation ($token: String!) { login(token: $token) { token viewer { id } } }`;
  const REFRESH = `mutation { refreshSession { token viewer { id } } }`;
  const own = { origin: WEB_ORIGIN };

  it("is passed on: login, refreshSession and logout work by a cookie of this gateway's own", async () => {
    const { browser, second, graphql } = await startFront();
    const { token } = await second.provision("ada");
    const login = await ask(browser.fetch, LOGIN, { token }, own);
    expect(login.data.login.viewer).toEqual({ id: "ada" });
    const cookie = browser.cookie(COOKIES.session.name) ?? "";
    expect(cookie).toMatch(/^s1\./);
    const refreshed = await ask(browser.fetch, REFRESH, {}, own);
    const session = refreshed.data.refreshSession.token;
    expect(
      (
        await graphql(
          `
            {
              viewer {
                id
              }
            }
          `,
          `Bearer ${session}`,
        )
      ).data.viewer,
    ).toEqual({ id: "ada" });
    expect((await ask(browser.fetch, `mutation { logout }`, {}, own)).data).toEqual({ logout: true });
    expect(browser.cookie(COOKIES.session.name)).toBeNull();
    expect(
      (
        await graphql(
          `
            {
              connections {
                id
              }
            }
          `,
          `Bearer ${session}`,
        )
      ).errors[0]?.extensions.code,
    ).toBe("UNAUTHENTICATED");
  });

  it("leaves GraphiQL without a bearer where the front has no key pair to issue one with, or the other one is away", async () => {
    await buildPages();
    const { browser, second, logged } = await startFront([], false);
    await ask(browser.fetch, LOGIN, { token: (await second.provision("ada")).token }, own);
    const look = () => browser.fetch("/graphql", { headers: { accept: "text/html" } });
    expect((await look()).status).toBe(200);
    await second.close();
    expect((await look()).status).toBe(200);
    expect(logged.join("")).not.toContain("unexpected error");
  });

  it("is refused with UNAUTHENTICATED for a token that is too long or has other characters", async () => {
    const { browser } = await startFront();
    for (const token of ["x".repeat(100_000), "a\nb", "a b", "é"])
      expect((await ask(browser.fetch, LOGIN, { token }, own)).errors[0]?.extensions.code).toBe("UNAUTHENTICATED");
  });

  it("is for the platform's own pages alone", async () => {
    const { browser, second } = await startFront();
    const { token } = await second.provision("ada");
    await ask(browser.fetch, LOGIN, { token }, own);
    for (const headers of [{ origin: "https://evil.example" }, {} as Record<string, string>]) {
      expect((await ask(browser.fetch, REFRESH, {}, headers)).errors[0]?.extensions.code).toBe("FORBIDDEN");
    }
  });

  it("accepts no cookie that this gateway did not seal", async () => {
    const { app, second } = await startFront();
    const there = second.createBrowser();
    await there.signIn((await second.provision("ada")).token);
    const stolen = `${COOKIES.session.name}=${there.cookie(COOKIES.session.name)}`;
    for (const cookie of [stolen, `${COOKIES.session.name}=s1.test.${"A".repeat(80)}`, ""]) {
      const answer = await ask(sendTo(app), REFRESH, {}, { ...own, cookie });
      expect(answer.errors[0]?.extensions.code).toBe("UNAUTHENTICATED");
    }
  });
});

describe("connecting through a gateway before another gateway", () => {
  it("asks first in a browser that does not come from the platform's pages, and stays possible after asking", async () => {
    const front = await startFront();
    const { token } = await front.second.provision("ada");
    const { data } = await front.graphql(CONNECT, `Bearer ${token}`);
    const link = data.connect.authorization.authorizeUrl;
    const victim = front.second.createBrowser();
    const asked = await victim.fetch(link);
    expect(asked.status).toBe(200);
    expect(await asked.text()).toContain("Connect Test as ada?");
    expect(victim.cookie(COOKIES.session.name)).toBeNull();
    expect((await victim.fetch(link, { method: "POST", headers: { origin: "https://evil.example" } })).status).toBe(403);
    const confirmed = await victim.fetch(link, { method: "POST", headers: { origin: front.second.url } });
    expect(confirmed.headers.get("location")).toContain(front.second.provider.url);
    expect(victim.cookie(COOKIES.session.name)).toBeNull();
  });

  it("speaks on the other gateway's pages too the language that the app names", async () => {
    const front = await startFront();
    const { token } = await front.second.provision("ada");
    const headers = { authorization: `Bearer ${token}`, "accept-language": "de-AT, en;q=0.5" };
    const link = (await ask(sendTo(front.app), CONNECT, {}, headers)).data.connect.authorization.authorizeUrl;
    expect(await (await front.second.createBrowser().fetch(link)).text()).toContain('<html lang="de"');
    expect(
      new URL((await front.graphql(CONNECT, `Bearer ${token}`)).data.connect.authorization.authorizeUrl).searchParams.has("locale"),
    ).toBe(false);
  });

  it("works once, and never for another user who is signed in there", async () => {
    const front = await startFront();
    const { token } = await front.second.provision("ada");
    const link = async (): Promise<string> => (await front.graphql(CONNECT, `Bearer ${token}`)).data.connect.authorization.authorizeUrl;
    const mallory = front.second.createBrowser();
    await mallory.signIn((await front.second.provision("mallory")).token);
    const refused = await mallory.fetch(await link(), { method: "POST", headers: { origin: front.second.url } });
    expect([refused.status, refused.headers.getSetCookie()]).toEqual([403, []]);
    expect(await refused.text()).toContain("mallory is signed in here");
    const once = await link();
    expect((await visit(front.second, once)).status).toBe(303);
    expect((await visit(front.second, once)).status).toBe(404);
  });

  it("signs in for ten minutes where a form of the other one follows", async () => {
    const front = await startFront([{ slug: "key", name: "Key", collect: { fields: [{ name: "key", label: "Key", secret: true }] } }]);
    const { token } = await front.second.provision("ada");
    const { data } = await front.graphql(`mutation { connect(slug: "key") { authorization { authorizeUrl } } }`, `Bearer ${token}`);
    const browser = front.second.createBrowser();
    const headers = { origin: front.second.url };
    const confirmed = await browser.fetch(data.connect.authorization.authorizeUrl, { method: "POST", headers });
    const form = confirmed.headers.get("location") ?? "";
    expect((await browser.fetch(form, { method: "POST", headers, body: new URLSearchParams({ key: "planted" }) })).status).toBe(303);
    front.second.clock.advance(600_000);
    expect((await browser.fetch("/connect/key")).status).toBe(401);
  });

  it("returns to a page of this gateway, or of the platform, and to no other", async () => {
    const front = await startFront();
    const { token } = await front.second.provision("ada");
    const start = (returnTo: string) =>
      front.graphql(
        `mutation ($returnTo: String) { connect(slug: "test", returnTo: $returnTo) { authorization { authorizeUrl } } }`,
        `Bearer ${token}`,
        {
          returnTo,
        },
      );
    const back = await visit(front.second, (await start("/done?x=1")).data.connect.authorization.authorizeUrl);
    expect(back.headers.get("location")).toBe(`${PUBLIC_URL}/done?x=1`);
    expect((await start("https://evil.example/")).errors[0]?.extensions.code).toBe("BAD_USER_INPUT");
  });

  it("has no pages of its own to connect at", async () => {
    const { browser } = await startFront();
    expect((await browser.fetch("/connect/test")).status).toBe(404);
    expect((await browser.fetch(`/callback/test?state=${randomUUID()}`)).status).toBe(404);
  });
});
