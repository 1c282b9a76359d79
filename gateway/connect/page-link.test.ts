import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { APP_ORIGIN, type HttpsGateway, startHttpsGateway } from "../../test/support/https-gateway.ts";
import { isAttemptCookie } from "../auth/cookies.ts";
import { signInForm } from "../../test/support/browser.ts";
import { ask } from "../../test/support/test-app.ts";

const KEY = { slug: "key", name: "Key", collect: { fields: [{ name: "key", label: "Key", secret: true }] } };

let gateway: HttpsGateway;
let url = "";
beforeEach(async () => {
  gateway = await startHttpsGateway({ connectors: [KEY], file: { web_origins: [APP_ORIGIN, "https://other.example"] } });
  url = `https://${gateway.domain}`;
});
afterEach(() => gateway.close());

const fetchPage = (path: string, init: RequestInit = {}) =>
  gateway.app.fetch(new Request(new URL(path, url), { redirect: "manual", ...init }));
const bearerOf = async (id: string) => `Bearer ${(await gateway.app.provisionUser({ id })).token}`;
const FOREIGN = { origin: APP_ORIGIN, "sec-fetch-site": "cross-site" };

/** Asks as a page does; answers where the browser is to go, and what cookies came. */
async function start(headers: Record<string, string>, slug = "test", id = "ada") {
  const query = `mutation ($slug: ID!) { connect(slug: $slug, returnTo: "${APP_ORIGIN}/done") { authorization { authorizeUrl state } } }`;
  const authorization = await bearerOf(id);
  const { data, headers: answered } = await ask(fetchPage, query, { slug }, { authorization, ...headers });
  const { authorizeUrl, state }: { authorizeUrl: string; state: string } = data.connect.authorization;
  return { authorizeUrl, state, setCookies: answered.getSetCookie(), authorization };
}

const confirm = (link: string, headers: Record<string, string> = {}) =>
  fetchPage(link, { method: "POST", headers: { origin: url, ...headers } });
const sentBack = (response: Response) =>
  response.headers
    .getSetCookie()
    .map((header) => header.split(";", 1)[0])
    .join("; ");
const titleOf = async (response: Response) => /<h1>([^<]*)/.exec(await response.text())?.[1];

describe("a connection that a page starts", () => {
  it.each([
    ["of another site, as the browser says", FOREIGN, true],
    ["of another site, in a browser without Fetch Metadata", { origin: APP_ORIGIN }, true],
    ["of this site", { origin: APP_ORIGIN, "sec-fetch-site": "same-site" }, false],
    ["of the gateway itself", { "sec-fetch-site": "same-origin" }, false],
    ["that may not ask", { origin: "https://evil.example", "sec-fetch-site": "cross-site" }, false],
    ["that is none, but a server", {}, false],
  ])("%s is linked over /continue, or is bound to the browser that asks (%j: %s)", async (_whose, headers, isLinked) => {
    const { authorizeUrl, setCookies } = await start(headers);
    expect(authorizeUrl.startsWith(`${url}/continue?token=`)).toBe(isLinked);
    expect(setCookies).toHaveLength(isLinked ? 0 : 1);
  });

  it("is linked over /continue after its fields were submitted too", async () => {
    await gateway.close();
    const collect = { fields: [{ name: "region", label: "Region" }] };
    gateway = await startHttpsGateway({ connector: { collect } });
    url = `https://${gateway.domain}`;
    const { state, authorization } = await start(FOREIGN);
    const query = `mutation ($state: String!) { submitAuthorization(state: $state, fields: [{ name: "region", value: "eu" }]) { authorizeUrl } }`;
    const { data } = await ask(fetchPage, query, { state }, { authorization, ...FOREIGN });
    expect(data.submitAuthorization.authorizeUrl).toMatch(/\/continue\?token=/);
  });

  it("is not linked for the popup of xkit.js, which has a binding of its own", async () => {
    const headers = { authorization: await bearerOf("ada"), "content-type": "application/json", ...FOREIGN };
    const started = await fetchPage("/api/platform_user/connections/test", { method: "POST", headers, body: "{}" });
    expect((await started.json()).connection.authorization.authorize_url).toContain(gateway.provider.url);
  });
});

describe("the link", () => {
  it("asks by name, binds the browser at the answer, and leads to the provider and back", async () => {
    const { authorizeUrl } = await start(FOREIGN);
    const asked = await fetchPage(authorizeUrl, { headers: { referer: `${APP_ORIGIN}/` } });
    expect([asked.status, asked.headers.getSetCookie(), asked.headers.get("cross-origin-opener-policy")]).toEqual([200, [], null]);
    expect(await titleOf(asked)).toBe("Connect Test as ada?");
    const confirmed = await confirm(authorizeUrl);
    expect(confirmed.headers.getSetCookie().map((header) => header.split("=")[0])).toEqual([expect.toSatisfy(isAttemptCookie)]);
    const callback = await gateway.provider.authorize(confirmed.headers.get("location") ?? "");
    expect((await fetchPage(callback.href)).status).toBe(403);
    const finished = await fetchPage(callback.href, { headers: { cookie: sentBack(confirmed) } });
    expect(finished.headers.get("location")).toBe(`${APP_ORIGIN}/done`);
  });

  it("speaks the language of the page that asked, and so does the way back", async () => {
    const browser = { "accept-language": "en" };
    const { authorizeUrl } = await start({ ...FOREIGN, "accept-language": "de" });
    const asked = await fetchPage(authorizeUrl, { headers: { referer: `${APP_ORIGIN}/`, ...browser } });
    const page = await asked.text();
    expect(/<h1>([^<]*)/.exec(page)?.[1]).toBe("Test als ada verbinden?");
    const [, action = ""] = /action="(\/continue[^"]*)"/.exec(page) ?? [];
    const confirmed = await confirm(action.replaceAll("&amp;", "&"), browser);
    gateway.provider.controls.denyNext();
    const callback = await gateway.provider.authorize(confirmed.headers.get("location") ?? "");
    const failed = await fetchPage(callback.href, { headers: { cookie: sentBack(confirmed), ...browser } });
    expect(await failed.text()).toContain('<html lang="de"');
  });

  it.each([undefined, "https://evil.example/", "https://other.example/", "null", `https://evil.example/?${APP_ORIGIN}/`])(
    "starts nothing for a navigation from %s, and leads to the catalog",
    async (referer) => {
      const { authorizeUrl } = await start(FOREIGN);
      const answer = await fetchPage(authorizeUrl, { headers: referer === undefined ? {} : { referer } });
      expect([answer.status, answer.headers.get("location"), answer.headers.getSetCookie()]).toEqual([303, "/connectors/test", []]);
    },
  );

  it("is valid unchanged, once, for ten minutes, and by the form of its page", async () => {
    const { authorizeUrl } = await start(FOREIGN);
    for (const origin of [APP_ORIGIN, "https://evil.example", "null"]) expect((await confirm(authorizeUrl, { origin })).status).toBe(403);
    expect((await confirm(authorizeUrl.replace("token=", "token=A"))).status).toBe(401);
    expect((await confirm(authorizeUrl)).status).toBe(303);
    expect((await confirm(authorizeUrl)).status).toBe(401);
    const late = await start(FOREIGN);
    gateway.clock.advance(600_000);
    expect((await confirm(late.authorizeUrl)).status).toBe(401);
  });

  it("is not opened by a one-time token", async () => {
    const headers = { authorization: await bearerOf("ada"), origin: APP_ORIGIN };
    const { ott } = await (await fetchPage("/api/platform_user/sessions/ott", { method: "POST", headers })).json();
    expect((await confirm(`/continue?token=${ott}`)).status).toBe(401);
    expect((await fetchPage(`/continue?token=${ott}`, { headers: { referer: `${APP_ORIGIN}/` } })).headers.get("location")).toBe(
      "/connectors",
    );
  });

  it("signs out another user who is signed in there, after saying so", async () => {
    const { token } = await gateway.app.provisionUser({ id: "grace" });
    const cookie = sentBack(await fetchPage("/sign-in", signInForm(token, url)));
    const { authorizeUrl } = await start(FOREIGN);
    const asked = await fetchPage(authorizeUrl, { headers: { cookie, referer: `${APP_ORIGIN}/` } });
    expect(await asked.text()).toContain("grace is signed in in this browser, and will be signed out here.");
    const confirmed = await confirm(authorizeUrl, { cookie });
    expect((await fetchPage("/connect/test", { headers: { cookie } })).status).toBe(401);
    const callback = await gateway.provider.authorize(confirmed.headers.get("location") ?? "");
    const bound = confirmed.headers.getSetCookie().at(-1)?.split(";", 1)[0] ?? "";
    expect((await fetchPage(callback.href, { headers: { cookie: bound } })).headers.get("location")).toBe(`${APP_ORIGIN}/done`);
  });

  it("signs in for ten minutes where a form of the gateway follows", async () => {
    const { authorizeUrl } = await start(FOREIGN, "key");
    const confirmed = await confirm(authorizeUrl);
    const [session] = confirmed.headers.getSetCookie();
    expect(session).toMatch(new RegExp(`^${gateway.cookies.session.name}=.*Max-Age=600;`));
    const form = await fetchPage(confirmed.headers.get("location") ?? "", { headers: { cookie: sentBack(confirmed) } });
    expect(await titleOf(form)).toBe("Connect Key");
  });
});

describe("a window that cannot connect", () => {
  const told = async (response: Response) => {
    const text = await response.text();
    const [, openerOrigin, error] = /<script data-opener-origin="([^"]*)" data-error="([^"]*)">/.exec(text) ?? [];
    return openerOrigin === undefined ? null : { openerOrigin, error };
  };

  it("tells the page that opened it, by a script that the policy names, and closes", async () => {
    const { authorizeUrl } = await start(FOREIGN);
    await confirm(authorizeUrl);
    const failed = await confirm(authorizeUrl);
    expect(failed.headers.get("content-security-policy")).toMatch(/script-src 'sha256-[^']+';/);
    expect(await told(failed)).toEqual({ openerOrigin: APP_ORIGIN, error: "This link has expired or was opened before. Start again." });
  });

  it("reports a callback in the wrong browser to the opener that was named at the start, if that is allowed", async () => {
    const headers = { authorization: await bearerOf("ada"), "content-type": "application/json" };
    const callbackOf = async (origin: string, body: object) => {
      const init = { method: "POST", headers: { ...headers, origin }, body: JSON.stringify(body) };
      const { connection } = await (await fetchPage("/api/platform_user/connections/test", init)).json();
      return fetchPage((await gateway.provider.authorize(connection.authorization.authorize_url)).href);
    };
    const failure = { openerOrigin: APP_ORIGIN, error: expect.stringContaining("another browser") };
    expect(await told(await callbackOf(APP_ORIGIN, {}))).toEqual(failure);
    const own = (opener: string) => ({ return_to: `/connectors/test?close=1&opener_origin=${encodeURIComponent(opener)}` });
    expect(await told(await callbackOf(APP_ORIGIN, own(APP_ORIGIN)))).toEqual(failure);
    expect(await told(await callbackOf(APP_ORIGIN, own("https://evil.example")))).toBeNull();
    expect(await told(await callbackOf("https://evil.example", {}))).toBeNull();
    expect(await told(await callbackOf(APP_ORIGIN, { return_to: `${APP_ORIGIN}/?opener_origin=${APP_ORIGIN}` }))).toBeNull();
  });
});
