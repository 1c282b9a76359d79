import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PUBLIC_URL, sendTo, startTestApp, type TestApp, type TestUser, WEB_ORIGIN } from "../../test/support/test-app.ts";
import { sendAnswer } from "./compress.ts";
import { noLimits } from "./rate-limits.ts";
import { createPipeline, type Exchange, type Step } from "./pipeline.ts";

let test: TestApp;
beforeAll(async () => {
  test = await startTestApp();
});
afterAll(() => test.close());

const json = { "content-type": "application/json" };

describe("every answer carries the security headers", () => {
  it.each<[string, string, RequestInit]>([
    ["an operation", "/graphql?query={__typename}", {}],
    ["a refused operation", "/graphql", { method: "POST" }],
    ["a call of the contract", "/api/platform_user/platform", {}],
    ["its document", "/api/openapi.json", {}],
    ["a refused call", "/api/platform/users/ada", {}],
    ["a preflight", "/api/platform_user/platform", { method: "OPTIONS", headers: { origin: WEB_ORIGIN } }],
    ["a page", "/sign-in", {}],
    ["a redirect", "/connect/test", {}],
    ["the bundle", "/xkit.js", {}],
    ["readiness", "/readyz", {}],
    ["the keys", "/.well-known/jwks.json", {}],
    ["refused metrics", "/metrics", {}],
    ["nothing", "/nothing", {}],
    ["a body that is too long", "/connect/test", { method: "POST", body: "x".repeat(262_145) }],
  ])("%s", async (_name, path, init) => {
    const { headers } = await sendTo(test.app)(path, init);
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("x-frame-options")).toBe("DENY");
    expect(headers.get("referrer-policy")).toEqual(expect.any(String));
    expect(headers.get("cache-control")).toEqual(expect.any(String));
  });
});

describe("the answer to a browser", () => {
  const accept = "text/html,application/xhtml+xml,*/*;q=0.8";
  const open = (path: string, init: RequestInit = {}) => sendTo(test.app)(path, { ...init, headers: { accept } });

  it.each<[string, string, RequestInit, number]>([
    ["a typo", "/conectors", {}, 404],
    ["a typo below a page", "/connectors/test/nothing", {}, 404],
    ["a form that is too long", "/connect/test", { method: "POST", body: "x".repeat(262_145) }, 413],
    ["a page that takes no HEAD", "/connect/test", { method: "HEAD" }, 405],
    ["a one-time token that is none", "/authorizations/test/loading?token=x", {}, 403],
  ])("is a page: %s", async (_name, path, init, status) => {
    const response = await open(path, init);
    expect([response.status, response.headers.get("content-type")]).toEqual([status, "text/html; charset=utf-8"]);
  });

  it("is JSON for clients that do not accept HTML, and from the API for all", async () => {
    const types = await Promise.all([sendTo(test.app)("/conectors"), open("/api/nothing")]);
    expect(types.map(({ headers }) => headers.get("content-type"))).toEqual(["application/json", "application/json"]);
  });

  it.each([
    ["/connectors/test/", "/connectors/test"],
    ["/callback/test/?code=a&state=b", "/callback/test?code=a&state=b"],
    ["/connect/test//", "/connect/test"],
    ["//evil.example/", "//evil.example"],
  ])("redirects %s to the address without the slash", async (path, target) => {
    const { status, headers } = await test.app.fetch(new Request(PUBLIC_URL + path));
    expect([status, headers.get("location")]).toEqual([308, PUBLIC_URL + target]);
  });
});

describe("Strict-Transport-Security", () => {
  const https = { XKIT_PUBLIC_URL: "https://xkit.example.com" };
  const sentWith = async (env: Record<string, string>) => {
    const gateway = await startTestApp({ env });
    const paths = ["/graphql?query={__typename}", "/api/platform_user/platform", "/sign-in", "/nothing"];
    const answers = await Promise.all(paths.map((path) => sendTo(gateway.app)(path)));
    await gateway.close();
    return new Set(answers.map(({ headers }) => headers.get("strict-transport-security")));
  };

  it("is sent with an https public URL, of this host alone, and can be turned off", async () => {
    expect(await sentWith(https)).toEqual(new Set(["max-age=31536000"]));
    expect(await sentWith({ ...https, XKIT_STRICT_TRANSPORT: "off" })).toEqual(new Set([null]));
  });

  it("is never sent with an http public URL", async () => {
    expect(await sentWith({ XKIT_STRICT_TRANSPORT: "on" })).toEqual(new Set([null]));
  });
});

describe("a page that does something when it is opened", () => {
  const connectionsOf = async (ada: TestUser) =>
    (await ada.graphql("{ connections { enabled authorization { status } } }")).data.connections;
  const previews: [string, RequestInit, number][] = [
    ["HEAD", { method: "HEAD" }, 405],
    ["a prefetch", { headers: { "sec-purpose": "prefetch" } }, 503],
    ["a prerendering", { headers: { "sec-purpose": "prefetch;prerender" } }, 503],
    ["a prefetch of an older browser", { headers: { purpose: "prefetch" } }, 503],
  ];

  it.each(previews)("does not start, finish or sign in by %s", async (what, init, status) => {
    const ada = await test.signIn(`previewed by ${what}`);
    const refused = async (path: string) => {
      const answer = await ada.browser.fetch(path, init);
      expect([answer.status, answer.headers.get("cache-control"), answer.headers.getSetCookie()]).toEqual([status, "no-store", []]);
    };
    await refused("/connect/test");
    expect(await connectionsOf(ada)).toEqual([]);
    await refused("/sign-in");
    await refused("/%63onnect/test");
    const started = await ada.browser.fetch("/connect/test");
    const callback = await test.provider.authorize(started.headers.get("location") ?? "");
    await refused(callback.pathname + callback.search);
    expect((await connectionsOf(ada))[0].authorization.status).toBe("AWAITING_CALLBACK");
    expect((await ada.browser.fetch(callback.href)).status).toBe(200);
  });

  it("is the only kind that refuses previews", async () => {
    for (const [, init] of previews) expect((await sendTo(test.app)("/healthz", init)).status).toBe(200);
  });
});

describe("an answer of GraphQL", () => {
  it.each<[string, string, RequestInit]>([
    ["to no page", "/graphql?query={__typename}", {}],
    ["to a page that may ask", "/graphql?query={__typename}", { headers: { origin: WEB_ORIGIN } }],
    ["to a page that may not", "/graphql?query={__typename}", { headers: { origin: "https://evil.example" } }],
    ["to nothing that it takes", "/graphql", { method: "PUT" }],
    ["to a browser that wants the editor", "/graphql", { headers: { accept: "text/html" } }],
  ])("varies with Origin, so that no cache gives one page's to another: %s", async (_what, path, init) => {
    expect((await sendTo(test.app)(path, init)).headers.get("vary")?.split(/, */)).toContain("Origin");
  });
});

describe("the opener policy", () => {
  const policyOf = async (path: string) => (await sendTo(test.app)(path)).headers.get("cross-origin-opener-policy");

  it.each(["/", "/?returnTo=/x", "/connectors", "/connectors/test", "/%63onnectors/test"])(
    "of the catalog keeps the window that opened it out, and lets it open popups: %s",
    async (path) => {
      expect(await policyOf(path)).toBe("same-origin-allow-popups");
    },
  );

  it.each(["/sign-in", "/sign-in?token=x.y.z", "/%73ign-in", "/admin", "/admin/x"])(
    "of what signs in keeps every window out: %s",
    async (path) => {
      expect(await policyOf(path)).toBe("same-origin");
    },
  );

  it.each([
    "/authorizations/loading",
    "/authorizations/test/loading?token=x",
    "/authorizations/done",
    "/authorizations/test/continue",
    "/connect/test",
    "/connect/test?state=x",
    "/callback/test",
    "/callback/test?state=x",
    "/connectors/test?close=1",
    "/graphql",
    "/xkit.js",
  ])("is absent in a popup's chain, where an opener reads whether it is closed: %s", async (path) => {
    expect(await policyOf(path)).toBeNull();
  });

  it("is absent in the redirects of a popup's chain", async () => {
    const ada = await test.signIn();
    const started = await ada.browser.fetch("/connect/test?returnTo=/authorizations/done");
    const finished = await ada.browser.fetch((await test.provider.authorize(started.headers.get("location") ?? "")).href);
    expect([started, finished].map(({ status, headers }) => [status, headers.get("cross-origin-opener-policy")])).toEqual([
      [303, null],
      [303, null],
    ]);
  });
});

describe("an error that no handler answers", () => {
  it.each(["/graphql", "/api/platform_user/connections", "/connect/test"])(
    "is logged once, and answered under its id alone: %s",
    async (path) => {
      const closed = await startTestApp();
      const { token } = await closed.app.provisionUser({ id: "ada" });
      const browser = await closed.signIn();
      await closed.app.close();
      closed.logged.length = 0;
      const headers = { ...json, origin: WEB_ORIGIN, ...(path !== "/connect/test" && { authorization: `Bearer ${token}` }) };
      const body = JSON.stringify({ query: "{ viewer { id } }" });
      const response = await browser.browser.fetch(path, { headers, ...(path === "/graphql" && { method: "POST", body }) });
      const answer = await response.text();
      expect(response.status).toBe(500);
      const lines = closed.logged.map((line): { level: string; id?: string } => JSON.parse(line));
      const errors = lines.filter(({ level }) => level === "error");
      expect(errors).toHaveLength(1);
      expect(answer).toContain(errors[0]?.id);
      expect(answer).toContain("INTERNAL");
      await closed.provider.close();
    },
  );
});

describe("pages of the platform's web origins", () => {
  it.each(["/graphql", "/api/platform_user/platform", "/api/platform/users/ada"])("may read each refusal: %s", async (path) => {
    const init = { method: "POST", headers: { ...json, origin: WEB_ORIGIN }, body: "x".repeat(262_145) };
    const { status, headers } = await test.app.fetch(new Request(`${PUBLIC_URL}${path}`, init));
    expect(status).toBe(413);
    expect(headers.get("access-control-allow-origin")).toBe(WEB_ORIGIN);
    expect(headers.get("access-control-expose-headers")).toBe("retry-after");
    expect(headers.get("vary")).toContain("Origin");
  });

  it.each(["/api/platform_user/connections", "/api/platform/users/ada"])("may read why a handler failed: %s", async (path) => {
    const { status, headers } = await sendTo(test.app)(path, { headers: { origin: WEB_ORIGIN } });
    expect([status, headers.get("access-control-allow-origin")]).toEqual([401, WEB_ORIGIN]);
  });

  it("may read no page of the gateway", async () => {
    const { headers } = await sendTo(test.app)("/connect/test", { headers: { origin: WEB_ORIGIN } });
    expect(headers.get("access-control-allow-origin")).toBeNull();
  });
});

it.each([
  ["/readyz", 200],
  ["/nothing", 404],
  ["/api/platform_user/connections", 401],
])("one line is logged for each request, with its status, even where its handler failed: %s", async (path, status) => {
  test.logged.length = 0;
  await sendTo(test.app)(path);
  const lines = test.logged.map((line): { msg: string; path?: string; status?: number } => JSON.parse(line));
  expect(lines.filter(({ msg }) => msg === "request")).toMatchObject([{ path, status }]);
});

describe("the pipeline", () => {
  const surface = { cors: null, challenge: null, toBody: () => ({}) };
  const authenticate = async () => ({ kind: "anonymous" as const });
  const exchange = (): Exchange => ({
    request: new Request(PUBLIC_URL),
    pathname: "/",
    requestId: "1",
    peer: null,
    limits: noLimits,
    startedAt: 0,
    surface,
    authenticate,
  });
  const track = (answers: Record<string, Response | Error> = {}) => {
    const order: string[] = [];
    const note = (name: string) => {
      order.push(name);
      const answer = answers[name];
      if (answer instanceof Error) throw answer;
      return answer ? Promise.resolve(answer) : null;
    };
    const step = (name: string): Step => ({ before: () => note(`before ${name}`), after: () => void note(`after ${name}`) });
    const handle = createPipeline(
      [step("a"), step("b")],
      async () => (await note("handler")) ?? new Response(null),
      async () => new Response(null, { status: 500 }),
      sendAnswer,
    );
    return { order, handle: () => handle(exchange()) };
  };

  it("asks its first step first, and returns the answer through all of them", async () => {
    const { order, handle } = track();
    await handle();
    expect(order).toEqual(["before a", "before b", "handler", "after b", "after a"]);
  });

  it("returns a step's own answer through all of them", async () => {
    const { order, handle } = track({ "before a": new Response(null, { status: 405 }) });
    expect((await handle()).status).toBe(405);
    expect(order).toEqual(["before a", "after b", "after a"]);
  });

  it.each(["before b", "handler"])("masks what is thrown, and returns it through all steps: %s", async (thrower) => {
    const { order, handle } = track({ [thrower]: new Error("failed") });
    expect((await handle()).status).toBe(500);
    expect(order.slice(-2)).toEqual(["after b", "after a"]);
  });
});
