import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createBrowser } from "../../test/support/browser.ts";
import { COOKIES, PUBLIC_URL, startTestApp, type TestApp, WEB_ORIGIN } from "../../test/support/test-app.ts";

let test: TestApp;
beforeAll(async () => {
  test = await startTestApp({ file: { web_origins: [WEB_ORIGIN], platform: { name: "Acme" } } });
});
afterAll(() => test.close());

const openBrowser = (app = test.app) => createBrowser(app, PUBLIC_URL);
const send = (browser: ReturnType<typeof openBrowser>, fields: Record<string, string>, headers: Record<string, string> = {}) =>
  browser.fetch("/sign-in", { method: "POST", headers: { origin: PUBLIC_URL, ...headers }, body: new URLSearchParams(fields) });
const buttonsOf = (page: string) => [...page.matchAll(/<button[^>]*>([^<]*)</g)].map(([, label]) => label);

describe("the development sign-in", () => {
  it("offers two users, and a field for a user token", async () => {
    const page = await (await openBrowser().fetch("/sign-in")).text();
    expect(buttonsOf(page)).toEqual(["Sign in as Ada", "Sign in as Grace", "Sign in by token"]);
  });

  it("is where a page to connect leads, as the platform has no sign-in of its own", async () => {
    const answer = await openBrowser().fetch("/connect/test");
    expect(answer.status).toBe(401);
    const returnTo = new URLSearchParams({ returnTo: `${PUBLIC_URL}/connectors/test` });
    expect(await answer.text()).toContain(`class="button" href="${PUBLIC_URL}/sign-in?${returnTo}"`);
  });

  it("signs in as one of them by a form, and leads to GraphiQL", async () => {
    const browser = openBrowser();
    const answer = await send(browser, { user: "grace" });
    expect([answer.status, answer.headers.get("location")]).toEqual([303, "/graphql"]);
    expect(await (await browser.fetch("/sign-in")).text()).toContain("Signed in as Grace (grace)");
  });

  it("leaves a user whom it signs in in the group that they are in", async () => {
    await test.app.provisionUser({ id: "ada", groupId: "acme" });
    const browser = openBrowser();
    await send(browser, { user: "ada" });
    const { data } = await test.graphql(
      "mutation { refreshSession { viewer { groupId } } }",
      {},
      {
        origin: PUBLIC_URL,
        cookie: `${COOKIES.session.name}=${browser.cookie(COOKIES.session.name)}`,
      },
    );
    expect(data.refreshSession.viewer.groupId).toBe("acme");
  });

  it.each([
    ["/connectors/test", "/connectors/test"],
    [`${WEB_ORIGIN}/settings`, `${WEB_ORIGIN}/settings`],
    ["https://evil.example/", "/graphql"],
    ["//evil.example", "/graphql"],
    ["/connect/test", "/graphql"],
  ])("leads on to a page that may be named: %s", async (returnTo, expected) => {
    const browser = openBrowser();
    expect(await (await browser.fetch(`/sign-in?${new URLSearchParams({ returnTo })}`)).text()).toContain(
      `name="returnTo" value="${returnTo}"`,
    );
    expect((await send(browser, { user: "ada", returnTo })).headers.get("location")).toBe(expected);
  });

  it.each([null, "null", "https://evil.example", WEB_ORIGIN])("is refused to a page of the origin %s", async (origin) => {
    const browser = openBrowser();
    const answer = await browser.fetch("/sign-in", {
      method: "POST",
      headers: origin === null ? {} : { origin },
      body: new URLSearchParams({ user: "ada" }),
    });
    expect([answer.status, browser.cookie(COOKIES.session.name)]).toEqual([403, null]);
  });

  it.each<[string, Record<string, string>, number]>([
    ["a user whom it does not offer", { user: "eve" }, 400],
    ["a token that is none", { token: "x.y.z" }, 401],
    ["nothing", {}, 401],
  ])("refuses %s, with a way back", async (_what, fields, status) => {
    const browser = openBrowser();
    const answer = await send(browser, fields);
    expect([answer.status, browser.cookie(COOKIES.session.name)]).toEqual([status, null]);
    expect(await answer.text()).toContain('href="/sign-in"');
  });

  it("signs no browser in by a link", async () => {
    const browser = openBrowser();
    const { token } = await test.app.provisionUser({ id: "ada" });
    expect((await browser.fetch(`/sign-in?token=${token}&user=ada`)).status).toBe(200);
    expect(browser.cookie(COOKIES.session.name)).toBeNull();
  });

  it.each<Record<string, string>>([{ HOST: "0.0.0.0" }, { XKIT_PUBLIC_URL: "https://connect.acme.example" }])(
    "takes a user token alone where another machine can reach the gateway: %o",
    async (env) => {
      const exposed = await startTestApp({ env });
      const origin = env["XKIT_PUBLIC_URL"] ?? PUBLIC_URL;
      const browser = createBrowser(exposed.app, origin);
      expect(buttonsOf(await (await browser.fetch("/sign-in")).text())).toEqual(["Sign in by token"]);
      expect((await send(browser, { user: "ada" }, { origin })).status).toBe(400);
      await browser.signIn((await exposed.app.provisionUser({ id: "ada" })).token);
      expect(browser.cookies("")).not.toEqual([]);
      await exposed.close();
    },
  );
});
