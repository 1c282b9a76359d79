import { afterEach, describe, expect, it } from "vitest";
import { type Send, ask, startTestApp, type TestApp, type TestAppOptions } from "./support/test-app.ts";

const ORIGIN = "https://app.acme.example";
const LOGIN = "mutation ($token: String!) { login(token: $token) { token expiresAt viewer { id name groupId } } }";
const REFRESH = "mutation { refreshSession { token expiresAt viewer { id } } }";
const LOGOUT = "mutation { logout }";

let test: TestApp;
afterEach(() => test.close());

/** A browser at `publicUrl`, which keeps the cookies that it is given, as they are. */
async function setUp(publicUrl: string, webOrigins: readonly string[], options: TestAppOptions = {}) {
  test = await startTestApp({ env: { XKIT_PUBLIC_URL: publicUrl }, file: { web_origins: webOrigins }, ...options });
  const send: Send = (path, init) => test.app.fetch(new Request(new URL(path, publicUrl), init));
  const graphql = (query: string, headers: Record<string, string> = {}, variables = {}) => ask(send, query, variables, headers);
  const { token } = await test.app.provisionUser({ id: "ada", name: "Ada", groupId: "acme" });
  const login = (headers: Record<string, string> = { origin: ORIGIN }) => graphql(LOGIN, headers, { token });
  return { graphql, login };
}

const cookieOf = (headers: Headers) => headers.getSetCookie()[0]?.split(";")[0] ?? "";
const codesOf = ({ errors }: { errors: { extensions: { code: string } }[] }) => errors.map(({ extensions }) => extensions.code);
const httpsUrl = "https://connect.acme.example";

describe("login", () => {
  it("answers a session token, and sets the session cookie", async () => {
    const { login, graphql } = await setUp(httpsUrl, [ORIGIN]);
    const { data, headers } = await login();
    expect(data.login).toMatchObject({ viewer: { id: "ada", name: "Ada", groupId: "acme" }, expiresAt: "2026-01-01T00:10:00.000Z" });
    expect(headers.getSetCookie()).toHaveLength(2);
    const viewer = await graphql("{ viewer { id } }", { authorization: `Bearer ${data.login.token}` });
    expect(viewer.data).toEqual({ viewer: { id: "ada" } });
  });

  it.each([
    [
      "https, with pages on another site",
      httpsUrl,
      [ORIGIN],
      /^__Host-xkit_session=[\w-]{43}; Max-Age=2592000; Path=\/; HttpOnly; Secure; SameSite=None$/,
    ],
    [
      "https, with pages of its own",
      httpsUrl,
      [httpsUrl],
      /^__Host-xkit_session=[\w-]{43}; Max-Age=2592000; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    ],
    [
      "http on this machine",
      "http://localhost:4000",
      ["http://localhost:5173"],
      /^xkit_4000_session=[\w-]{43}; Max-Age=2592000; Path=\/; HttpOnly; SameSite=Lax$/,
    ],
  ])("sets a cookie that fits %s", async (_name, publicUrl, webOrigins, expected) => {
    const { login } = await setUp(publicUrl, webOrigins);
    const [cookie] = (await login({ origin: webOrigins[0] ?? "" })).headers.getSetCookie();
    expect(cookie).toMatch(expected);
  });

  it("refuses a page of another origin, a session token and a malformed token, and sets no cookie", async () => {
    const { login, graphql } = await setUp(httpsUrl, [ORIGIN]);
    const foreign = await login({ origin: "https://evil.example" });
    expect({ codes: codesOf(foreign), cookies: foreign.headers.getSetCookie() }).toEqual({ codes: ["FORBIDDEN"], cookies: [] });
    const { token } = (await login()).data.login;
    for (const wrong of [token, "x", "a.b.c", "x".repeat(100_000)]) {
      const answer = await graphql(LOGIN, { origin: ORIGIN }, { token: wrong });
      expect({ codes: codesOf(answer), cookies: answer.headers.getSetCookie() }).toEqual({ codes: ["UNAUTHENTICATED"], cookies: [] });
    }
  });

  it("refuses a user token that has expired", async () => {
    const { login } = await setUp(httpsUrl, [ORIGIN]);
    test.clock.advance(3_600_000);
    expect(codesOf(await login())).toEqual(["UNAUTHENTICATED"]);
  });
});

describe("refreshSession", () => {
  it("gives the next session token by the cookie alone, to a page of the platform alone", async () => {
    const { login, graphql } = await setUp(httpsUrl, [ORIGIN]);
    const cookie = cookieOf((await login()).headers);
    test.clock.advance(600_000);
    const { data } = await graphql(REFRESH, { cookie, origin: ORIGIN });
    expect(data.refreshSession).toMatchObject({ viewer: { id: "ada" }, expiresAt: "2026-01-01T00:20:00.000Z" });
    for (const headers of [{}, { origin: "https://evil.example" }, { origin: "null" }, { "sec-fetch-site": "cross-site" }])
      expect(codesOf(await graphql(REFRESH, { cookie, ...headers }))).toEqual(["FORBIDDEN"]);
  });

  it.each(["", "__Host-xkit_session=", `__Host-xkit_session=${"x".repeat(43)}`, `xkit_session=${"x".repeat(43)}`, "x".repeat(20_000)])(
    "is refused with the cookie %j",
    async (cookie) => {
      const { graphql } = await setUp(httpsUrl, [ORIGIN]);
      expect(codesOf(await graphql(REFRESH, { cookie, origin: ORIGIN }))).toEqual(["UNAUTHENTICATED"]);
    },
  );
});

describe("the session cookie", () => {
  it("is read by no other operation", async () => {
    const { login, graphql } = await setUp(httpsUrl, [ORIGIN]);
    const headers = { cookie: cookieOf((await login()).headers), origin: ORIGIN };
    expect((await graphql("{ viewer { id } connectors { connections { id } } }", headers)).data).toMatchObject({ viewer: null });
    const operations = [
      "{ connections { id } }",
      `{ connection(where: { slug: "test" }) { id } }`,
      `{ connectionToken(where: { slug: "test" }) }`,
      `{ accessToken(where: { slug: "test" }) { __typename } }`,
      `{ user(id: "ada") { id } }`,
      `{ group(id: "acme") { id } }`,
      `mutation { connect(slug: "test") { id } }`,
      `mutation { disconnect(where: { slug: "test" }) { id } }`,
      `mutation { submitAuthorization(state: "${"x".repeat(43)}", fields: []) { id } }`,
      `mutation { provisionUser(input: { id: "eve" }) { token } }`,
    ];
    for (const operation of operations)
      expect({ operation, codes: codesOf(await graphql(operation, headers)) }).toEqual({ operation, codes: ["UNAUTHENTICATED"] });
  });
});

describe("logout", () => {
  it("ends the session at once and in every process, and clears its cookie", async () => {
    const { login, graphql } = await setUp(httpsUrl, [ORIGIN]);
    const twin = await test.startTwin();
    const { data, headers } = await login();
    const [cookie, authorization] = [cookieOf(headers), `Bearer ${data.login.token}`];
    const onTwin: Send = (path, init) => twin.fetch(new Request(new URL(path, httpsUrl), init));
    expect((await ask(onTwin, "{ viewer { id } }", {}, { authorization })).data).toEqual({ viewer: { id: "ada" } });

    const answer = await graphql(LOGOUT, { cookie, origin: ORIGIN });
    expect(answer.data).toEqual({ logout: true });
    expect(answer.headers.getSetCookie().map((each) => each.split(";").slice(0, 2).join(";"))).toEqual([
      "__Host-xkit_session=; Max-Age=0",
      "__Host-xkit_session_partitioned=; Max-Age=0",
    ]);
    expect((await graphql("{ viewer { id } }", { authorization })).status).toBe(401);
    // Another process over one SQLite file hears of it with its next turn.
    await new Promise((resolve) => setImmediate(resolve));
    expect((await ask(onTwin, "{ viewer { id } }", {}, { authorization })).status).toBe(401);
    expect(codesOf(await graphql(REFRESH, { cookie, origin: ORIGIN }))).toEqual(["UNAUTHENTICATED"]);
  });

  it("is true even without a session, and is refused to pages of other origins", async () => {
    const { login, graphql } = await setUp(httpsUrl, [ORIGIN]);
    expect((await graphql(LOGOUT, { origin: ORIGIN })).data).toEqual({ logout: true });
    const { data, headers } = await login();
    expect(codesOf(await graphql(LOGOUT, { cookie: cookieOf(headers), origin: "https://evil.example" }))).toEqual(["FORBIDDEN"]);
    expect((await graphql("{ viewer { id } }", { authorization: `Bearer ${data.login.token}` })).data).toEqual({ viewer: { id: "ada" } });
  });
});
