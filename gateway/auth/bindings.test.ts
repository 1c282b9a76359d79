import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createBrowser, type TestBrowser } from "../../test/support/browser.ts";
import { COOKIES, PUBLIC_URL, startTestApp, type TestApp, type TestUser, WEB_ORIGIN } from "../../test/support/test-app.ts";
import { hashSecret } from "../store/sealing.ts";
import { MAXIMUM_BINDINGS } from "./bindings.ts";

const BINDING = COOKIES.attempt.beginning;
const CONNECT = `mutation { connect(slug: "test") { authorization { authorizeUrl } } }`;
const LOGIN = `mutation ($token: String!) { login(token: $token) { token } }`;

let test: TestApp;
let ada: TestUser;
beforeEach(async () => {
  test = await startTestApp();
  ada = await test.signIn();
});
afterEach(() => test.close());

/** Starts connecting, agrees at the provider, and answers where the provider sends the browser. */
const startAt = async (user: TestUser, query = ""): Promise<URL> =>
  test.provider.authorize((await user.browser.fetch(`/connect/test${query}`)).headers.get("location") ?? "");
const heldBy = ({ browser }: Pick<TestUser, "browser">) => browser.cookies(BINDING);
const statusOf = async (browser: TestBrowser, callback: URL) => (await browser.fetch(callback.href)).status;
const login = async (user: TestUser, token: string) =>
  user.graphql(LOGIN, { token }, { origin: WEB_ORIGIN, authorization: `Bearer ${await user.bearer()}` });

describe("a started authorization", () => {
  it("is bound by a cookie of its own, named by the hash of its state, that lasts as long", async () => {
    const started = await ada.browser.fetch("/connect/test");
    const state = new URL(started.headers.get("location") ?? "").searchParams.get("state") ?? "";
    const name = `${BINDING}${hashSecret(state).slice(0, 16)}`;
    expect(started.headers.getSetCookie()).toEqual([
      expect.stringMatching(new RegExp(`^${name}=[\\w-]{43}; Max-Age=600; Path=/; HttpOnly; SameSite=Lax$`)),
    ]);
  });

  it("is bound by a secret that no other attempt has, even within one request or bearer", async () => {
    const query = `mutation { a: connect(slug: "test") { id } b: connect(slug: "test") { id } }`;
    const headers = { authorization: `Bearer ${await ada.bearer()}` };
    const answers = await Promise.all([1, 2].map(() => ada.graphql(query, {}, headers)));
    const cookies = answers.flatMap((answer) => answer.headers.getSetCookie()).map((header) => header.split(";", 1)[0]?.split("="));
    expect(new Set(cookies.map((pair) => pair?.[0])).size).toBe(4);
    expect(new Set(cookies.map((pair) => pair?.[1])).size).toBe(4);
  });

  it("loses its secret when it ends, with success or not", async () => {
    const callback = await startAt(ada, "?returnTo=/connectors/test");
    expect(heldBy(ada)).toHaveLength(1);
    await ada.browser.fetch(callback.href);
    expect(heldBy(ada)).toEqual([]);
    test.provider.controls.denyNext();
    await ada.connect();
    expect(heldBy(ada)).toEqual([]);
  });

  it("is bound by no other attempt's secret", async () => {
    const [first, second] = [await startAt(ada), await startAt(ada)];
    const [, [name = "", value = ""] = []] = heldBy(ada);
    const cookie = `${COOKIES.session.name}=${ada.browser.cookie(COOKIES.session.name)}; ${name}=${value}`;
    const visit = (callback: URL) => test.app.fetch(new Request(callback, { headers: { cookie } }));
    expect((await visit(first)).status).toBe(403);
    expect((await visit(second)).status).toBe(200);
  });

  it("is one of at most eight in its browser: the oldest is dropped", async () => {
    const callbacks: URL[] = [];
    for (let count = 0; count < MAXIMUM_BINDINGS + 2; count += 1) callbacks.push(await startAt(ada));
    expect(heldBy(ada)).toHaveLength(MAXIMUM_BINDINGS);
    const statuses = [];
    for (const callback of callbacks) statuses.push(await statusOf(ada.browser, callback));
    expect(statuses).toEqual([403, 403, ...Array.from({ length: MAXIMUM_BINDINGS }, () => 200)]);
  });

  it("is one of at most eight in its browser even if one request starts more", async () => {
    const fields = Array.from({ length: MAXIMUM_BINDINGS + 2 }, (_, at) => `c${at}: connect(slug: "test") { id }`);
    for (const half of [fields.slice(0, 5), fields.slice(5)]) await ada.graphql(`mutation { ${half.join(" ")} }`);
    expect(heldBy(ada)).toHaveLength(MAXIMUM_BINDINGS);
  });
});

describe("login", () => {
  it("ends the bindings of another user's attempts in the browser, even after a logout", async () => {
    const mallory = await test.signIn("mallory");
    const { authorizeUrl } = (await mallory.graphql(CONNECT)).data.connect.authorization;
    const callback = await test.provider.authorize(authorizeUrl);
    const victim = createBrowser(test.app, PUBLIC_URL);
    const planted = mallory.browser
      .cookies(BINDING)
      .map((pair) => pair.join("="))
      .join("; ");
    const { token } = await test.app.provisionUser({ id: "victim" });
    const answer = await victim.signIn(token, { cookie: planted });
    expect(answer.headers.getSetCookie()).toContainEqual(expect.stringMatching(new RegExp(`^${BINDING}[\\w-]{16}=; Max-Age=0;`)));
    expect(await statusOf(victim, callback)).toBe(403);
  });

  it("replaces the secrets of the user's own attempts, which stay valid", async () => {
    const callback = await startAt(ada);
    const [before] = heldBy(ada);
    await login(ada, await ada.bearer());
    const [after] = heldBy(ada);
    expect(after?.[0]).toBe(before?.[0]);
    expect(after?.[1]).not.toBe(before?.[1]);
    const cookie = `${COOKIES.session.name}=${ada.browser.cookie(COOKIES.session.name)}; ${before?.join("=")}`;
    expect((await test.app.fetch(new Request(callback, { headers: { cookie } }))).status).toBe(403);
    expect(await statusOf(ada.browser, callback)).toBe(200);
  });

  it("leaves the attempt to one of two logins at the same moment, and the other one does not end it", async () => {
    const callback = await startAt(ada);
    const token = await ada.bearer();
    await Promise.all([login(ada, token), login(ada, token)]);
    expect(await statusOf(ada.browser, callback)).toBe(200);
  });

  it("does not take another attempt's secret for one of the user's", async () => {
    const callback = await startAt(ada);
    const [[name = ""] = []] = heldBy(ada);
    const stranger = createBrowser(test.app, PUBLIC_URL);
    const answer = await stranger.signIn(await ada.bearer(), { cookie: `${name}=${"x".repeat(43)}` });
    expect(answer.headers.getSetCookie().filter((header) => header.startsWith(BINDING))).toEqual([]);
    expect(await statusOf(ada.browser, callback)).toBe(200);
  });
});

it("logout ends every secret of the browser", async () => {
  await startAt(ada);
  await startAt(ada);
  expect(heldBy(ada)).toHaveLength(2);
  await ada.graphql("mutation { logout }", {}, { origin: WEB_ORIGIN });
  expect(heldBy(ada)).toEqual([]);
});
