import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PUBLIC_URL, sendTo, startTestApp, type TestApp, WEB_ORIGIN } from "../../test/support/test-app.ts";
import { noLimits } from "./rate-limits.ts";
import { createPipeline, type Step } from "./pipeline.ts";

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
  ])("is none in a popup's chain, where an opener reads whether it is closed: %s", async (path) => {
    expect(await policyOf(path)).toBeNull();
  });

  it("is none in the redirects of a popup's chain", async () => {
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
])("logs one line for each request, and its status, also where its handler failed: %s", async (path, status) => {
  test.logged.length = 0;
  await sendTo(test.app)(path);
  const lines = test.logged.map((line): { msg: string; path?: string; status?: number } => JSON.parse(line));
  expect(lines.filter(({ msg }) => msg === "request")).toMatchObject([{ path, status }]);
});

it("asks the first step first, and hands its answer back through all of them", async () => {
  const order: string[] = [];
  const named =
    (name: string): Step =>
    (next) =>
    async (exchange) => {
      order.push(`${name} in`);
      const response = await next(exchange);
      order.push(`${name} out`);
      return response;
    };
  const surface = { cors: null, challenge: null, toBody: () => ({}) };
  const handle = createPipeline([named("a"), named("b")], async () => new Response(null));
  const authenticate = async () => ({ kind: "anonymous" as const });
  await handle({ request: new Request(PUBLIC_URL), pathname: "/", peer: null, limits: noLimits, surface, authenticate });
  expect(order).toEqual(["a in", "b in", "b out", "a out"]);
});
