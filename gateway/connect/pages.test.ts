import { createHash } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { groundOf } from "../../client/design/mark.ts";
import { createApp } from "../app.ts";
import { createLog } from "../runtime/log.ts";
import { createBrowser } from "../../test/support/browser.ts";
import { COOKIES, PUBLIC_URL, sendTo, startTestApp, type TestApp, type TestUser, WEB_ORIGIN } from "../../test/support/test-app.ts";

const HOSTILE = `<script>alert("1")</script>'&`;
let test: TestApp;
let ada: TestUser;
beforeEach(async () => {
  test = await startTestApp({
    file: { platform: { name: HOSTILE, login_redirect_url: "https://acme.example/login?a=1&b=%22" }, web_origins: [WEB_ORIGIN] },
    connector: { name: HOSTILE },
  });
  ada = await test.signIn();
});
afterEach(() => test.close());

const CONNECT = `mutation ($slug: ID!, $returnTo: String) { connect(slug: $slug, returnTo: $returnTo) { id } }`;
const connections = async () => (await ada.graphql("{ connections { id } }")).data.connections;

describe("every page", () => {
  const pages: [string, () => Promise<Response>][] = [
    ["the sign-in page", () => ada.browser.fetch("/sign-in")],
    ["a refused sign-in", () => ada.browser.signIn("x.y.z")],
    ["a sign-in that leads back", () => ada.browser.fetch(`/sign-in?returnTo=/x"><script>`)],
    ["sign in first", () => createBrowser(test.app, PUBLIC_URL).fetch("/connect/test")],
    ["a question", () => ada.browser.fetch("/connect/test", { headers: { "sec-fetch-site": "cross-site" } })],
    ["an unknown connector", () => ada.browser.fetch("/connect/nothing")],
    ["an unknown state", () => ada.browser.fetch(`/callback/test?state=${"x".repeat(43)}`)],
    ["a success", () => ada.connect()],
    ["a failure", () => (test.provider.controls.denyNext("access_denied", HOSTILE), ada.connect())],
  ];

  it.each(pages)("is not cached and not framed, runs no script and sends no referrer to another site: %s", async (name, open) => {
    const response = await open();
    const { headers } = response;
    const policy = headers.get("content-security-policy") ?? "";
    expect(headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(headers.get("cache-control")).toBe("no-store");
    const page = await response.text();
    const isSignedIn = page.includes("Sign out");
    expect(headers.get("referrer-policy")).toBe(isSignedIn ? "same-origin" : "no-referrer");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    const isForm = name === "the sign-in page" || name === "a sign-in that leads back";
    const leads = isForm ? "'self' https: http://localhost:* http://127.0.0.1:*" : isSignedIn ? "'self'" : "'none'";
    expect(policy.replace(/'sha256-[^']+'/, "<hash>")).toBe(
      `default-src 'none'; style-src <hash>; img-src 'self'; form-action ${leads}; frame-ancestors 'none'; base-uri 'none'`,
    );
    const style = /<style>([^]*?)<\/style>/.exec(page)?.[1] ?? "";
    expect(policy).toContain(`'sha256-${createHash("sha256").update(style).digest("base64")}'`);
    expect(page).not.toContain("<script");
  });

  it("names no user without a session", async () => {
    const page = await (await createBrowser(test.app, PUBLIC_URL).fetch("/connect/test")).text();
    expect(page).not.toContain("<footer>");
  });

  const signedIn = pages.filter(([name]) => name !== "sign in first");
  it.each(signedIn)("names the signed-in user, with a button to sign out: %s", async (_name, open) => {
    const page = await (await open()).text();
    const footer = /<footer>([^]*)<\/footer>/.exec(page)?.[1];
    expect(footer).toContain("Signed in as ada");
    expect(footer).toContain('<form method="post" action="/sign-out"><button>Sign out</button></form>');
    expect(footer).toContain('<span class="avatar" aria-hidden="true">A</span>');
    expect(footer).not.toContain("Team");
  });

  it("shows a member's initials, whole characters of the first and the last word, and the team", async () => {
    await test.app.provisionUser({ id: "ada", name: "👩‍🚀 van der östberg", groupId: HOSTILE });
    const answers = [
      await ada.connect(),
      await ada.browser.fetch(`/authorizations/loading?opener_origin=${WEB_ORIGIN}`),
      await ada.browser.fetch("/authorizations/nothing/loading"),
    ];
    for (const answer of answers) {
      const footer = /<footer>([^]*)<\/footer>/.exec(await answer.text())?.[1];
      expect(footer).toContain('<span class="avatar" aria-hidden="true">👩‍🚀Ö</span>');
      expect(footer).toContain('<span class="team">Team &lt;script&gt;');
    }
  });

  it.each([
    ["https://cdn.acme.example/logo.svg?a=1&b=2", "img-src 'self' https://cdn.acme.example;"],
    ["data:image/gif;base64,R0lGODlhAQABAAAAACw=", "img-src 'self' data:;"],
  ])("has the platform's colour and logo, and allows images of no other origin: %s", async (logo_url, source) => {
    const branded = await startTestApp({ file: { platform: { name: "Acme", color: "#facc15", logo_url } } });
    const response = await sendTo(branded.app)("/connect/test");
    await branded.close();
    const page = await response.text();
    expect(page).toContain(`<img src="${logo_url.replaceAll("&", "&amp;")}" alt="" />`);
    expect(page).toContain("--xk-fill: rgb(250 204 21); --xk-on-fill: rgb(0 0 0);");
    expect(response.headers.get("content-security-policy")).toContain(`; ${source} form-action 'none';`);
  });

  it("draws a connector without a logo in the colour that it has in the catalog", async () => {
    const page = await (await ada.connect()).text();
    expect(page).toContain(`.connector { color: #fff; background: ${groundOf("test")};`);
    expect(page).toContain('<span class="mark initial connector">&lt;</span>');
  });

  it("escapes names, labels and addresses", async () => {
    test.provider.controls.account = { id: "u", label: HOSTILE };
    expect(await (await ada.connect()).text()).toContain("Connected as &lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&#39;&amp;.");
    const eve = await test.signIn(`${HOSTILE}eve`);
    const question = await eve.browser.fetch(`/connect/test?returnTo=${encodeURIComponent(`/"><script>`)}`, {
      headers: { "sec-fetch-site": "cross-site" },
    });
    const page = await question.text();
    expect(page).toContain("Connect as &lt;script&gt;");
    expect(page).not.toMatch(/<script|returnTo=[^"]*[<>]/);
    const nobody = await createBrowser(test.app, PUBLIC_URL).fetch("/connect/test");
    expect(await nobody.text()).toContain('href="https://acme.example/login?a=1&amp;b=%22&amp;returnTo=http');
  });
});

describe("signing out from a page", () => {
  const signOut = (origin: string | null) =>
    ada.browser.fetch("/sign-out", { method: "POST", headers: { ...(origin !== null && { origin }) } });

  it("ends the session and every binding, and says so", async () => {
    await ada.browser.fetch("/connect/test");
    const { headers, status } = await signOut(PUBLIC_URL);
    expect({ status, location: headers.get("location") }).toEqual({ status: 303, location: "/sign-out" });
    expect([ada.browser.cookie(COOKIES.session.name), ...ada.browser.cookies(COOKIES.attempt.beginning)]).toEqual([null]);
    const page = await (await ada.browser.fetch("/sign-out")).text();
    expect(page).toContain("Signed out");
    expect(page).not.toContain("Signed in as");
  });

  it.each([null, "null", "https://evil.example", WEB_ORIGIN])("is refused to a page of the origin %s", async (origin) => {
    expect((await signOut(origin)).status).toBe(403);
    expect(ada.browser.cookie(COOKIES.session.name)).not.toBeNull();
  });

  it("is not done by a link", async () => {
    expect((await ada.browser.fetch("/sign-out")).status).toBe(200);
    expect((await ada.browser.fetch("/connect/test")).status).toBe(303);
  });
});

describe("returnTo", () => {
  const good = ["/", "/connectors/test?x=1#y", `${WEB_ORIGIN}/settings`, `${PUBLIC_URL}/connectors`];
  const bad = [
    "//evil.example",
    String.raw`/\evil.example`,
    String.raw`\\evil.example`,
    "/\t/evil.example",
    "/..//evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "https://evil.example/",
    `${WEB_ORIGIN}.evil.example/`,
    `http://localhost:5173@evil.example/`,
    "ftp://localhost:5173/",
    "settings",
    "",
    " /settings",
    "/settings\u0000",
    `/${"x".repeat(2_048)}`,
    "/authorizations/test/loading?opener_origin=http://localhost:5173&token=x",
    `${PUBLIC_URL}/connect/test`,
    "/connectors/%2e%2e/%63allback/test",
  ];

  it.each(bad)("is refused with its path, and starts nothing: %j", async (returnTo) => {
    const { errors } = await ada.graphql(CONNECT, { slug: "test", returnTo });
    expect(errors[0]?.extensions).toEqual({ code: "BAD_USER_INPUT", path: "returnTo" });
    const page = await ada.browser.fetch(`/connect/test?${new URLSearchParams({ returnTo })}`);
    expect(page.status).toBe(400);
    expect(await page.text()).toContain("This link is not valid");
    expect(test.logged.join("\n")).toContain("returnTo:");
    expect(await connections()).toEqual([]);
  });

  it.each(good)("is where the browser goes at the end: %s", async (returnTo) => {
    const response = await ada.connect("test", `?${new URLSearchParams({ returnTo })}`);
    expect(response.status).toBe(303);
    expect(response.headers.get("location")).toBe(new URL(returnTo, PUBLIC_URL).href);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(response.headers.get("referrer-policy")).toBe("no-referrer");
  });
});

it("returnTo is checked again at the end, as the web origins may have changed", async () => {
  const started = await ada.browser.fetch(`/connect/test?${new URLSearchParams({ returnTo: `${WEB_ORIGIN}/settings` })}`);
  const callback = await test.provider.authorize(started.headers.get("location") ?? "");
  const app = await createApp({ ...test.config, webOrigins: [] }, { clock: test.clock, log: createLog("silent") });
  const cookie = [...ada.browser.cookies("xkit_")].map((pair) => pair.join("=")).join("; ");
  const finished = await app.fetch(new Request(callback, { headers: { cookie } }));
  await app.close();
  expect([finished.status, finished.headers.get("location")]).toEqual([303, `${PUBLIC_URL}/connectors/test`]);
});
