import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { createManualClock } from "../upstream-suite/manual-clock.ts";
import { createServerHeaders } from "../../test/support/caller.ts";
import { run } from "../../test/support/databases.ts";
import { PUBLIC_URL, startTestApp, type TestApp, type TestAppOptions, WEB_ORIGIN } from "../../test/support/test-app.ts";
import { createRateLimiter } from "../runtime/rate-limiter.ts";
import { BAD_CREDENTIAL_LIMIT, createRateLimits, RATE_LIMITS } from "./rate-limits.ts";

const ADDRESS = "203.0.113.5";
const UNKNOWN = { slug: "unknown" };

describe("the limits", () => {
  const clock = createManualClock();
  const warnings: string[] = [];
  const log = { warn: (_facts: object, message: string) => void warnings.push(message) };
  const create = (options: { isOn?: boolean; trustedProxyHops?: number; warnsOfProxy?: boolean } = {}) =>
    createRateLimits({
      isOn: true,
      trustedProxyHops: 0,
      warnsOfProxy: true,
      log,
      limiter: createRateLimiter({ clock, log }),
      isStaleCredential: () => false,
      ...options,
    });
  const login = RATE_LIMITS.login;
  const limited = expect.objectContaining({ code: "RATE_LIMITED" });

  it("count each user and each address separately, and recover with time", async () => {
    const limits = create();
    const at = (address: string) => limits({ address }, new Headers());
    for (let count = 0; count < login.user.count; count += 1) await at(ADDRESS).admit("login", "ada");
    await expect(at(ADDRESS).admit("login", "ada")).rejects.toEqual(limited);
    await expect(at("198.51.100.1").admit("login", "ada")).rejects.toEqual(limited);
    await at(ADDRESS).admit("connect", "ada");
    for (let count = login.user.count; count < login.address.count; count += 1) await at(ADDRESS).admit("login", `user-${count}`);
    await expect(at(ADDRESS).admit("login", "ben")).rejects.toEqual(limited);
    await at("198.51.100.1").admit("login", "ben");
    clock.advance((login.user.seconds * 1_000) / login.user.count);
    await at(ADDRESS).admit("login", "ada");
    await expect(at(ADDRESS).admit("login", "ada")).rejects.toEqual(limited);
  });

  it("count an IPv6 network as one address, and a server's as none", async () => {
    const limits = create();
    for (let count = 0; count < login.address.count; count += 1)
      await limits({ address: `2001:db8::${(count % 65_535).toString(16)}` }, new Headers()).admit("login", `user-${count}`);
    const next = limits({ address: "2001:db8::ffff" }, new Headers());
    await expect(next.admit("login", "ada")).rejects.toEqual(limited);
    await limits({ address: "2001:db8:0:1::1" }, new Headers()).admit("login", "ada");
    next.exemptAddress();
    await next.admit("login", "ada");
  });

  it("are off by address behind an undeclared proxy, with one warning", async () => {
    const limits = create();
    for (let count = 0; count <= login.address.count; count += 1)
      await limits({ address: "10.0.0.2" }, new Headers()).admit("login", `u${count}`);
    expect(warnings).toEqual([expect.stringContaining("XKIT_TRUSTED_PROXY_HOPS")]);
    const behind = create({ trustedProxyHops: 1 });
    const forwarded = (address: string) => behind({ address: "10.0.0.2" }, new Headers({ "x-forwarded-for": address }));
    for (let count = 0; count < login.address.count; count += 1) await forwarded(ADDRESS).admit("login", `u${count}`);
    await expect(forwarded(`198.51.100.1, ${ADDRESS}`).admit("login", "ada")).rejects.toEqual(limited);
    await forwarded("198.51.100.1").admit("login", "ada");
  });

  it("are off by address on a developer's own machine, without a warning", async () => {
    warnings.length = 0;
    const limits = create({ warnsOfProxy: false });
    for (let count = 0; count <= login.address.count; count += 1)
      await limits({ address: "127.0.0.1" }, new Headers()).admit("login", `u${count}`);
    expect(warnings).toEqual([]);
  });

  it("tell the client's address, on and off, and no proxy's", async () => {
    for (const isOn of [true, false]) {
      const limits = create({ isOn })({ address: "2001:db8::1" }, new Headers());
      limits.exemptAddress();
      expect(limits.clientAddress()).toBe("2001:db8::1");
      expect(create({ isOn, warnsOfProxy: false })({ address: "10.0.0.2" }, new Headers()).clientAddress()).toBeNull();
    }
  });

  it("are off with one setting", async () => {
    const limits = create({ isOn: false })({ address: ADDRESS }, new Headers());
    for (let count = 0; count <= login.address.count; count += 1) await limits.admit("login", "ada");
    expect(warnings).toEqual([]);
  });

  it("keep a bounded number of keys, and drop the oldest", async () => {
    const limiter = createRateLimiter({ clock, log, maximumKeyBytes: 20_000 });
    const once = { count: 1, seconds: 600 };
    limiter.consume("first", once);
    expect(limiter.consume("first", once)).toBe(600);
    for (let count = 0; count < 1_000; count += 1) limiter.consume(`other-${count}`, once);
    expect(limiter.consume("first", once)).toBeNull();
    expect(limiter.consume("other-999", once)).toBe(600);
  });
});

describe("a gateway that limits rates", () => {
  let test: TestApp;
  afterEach(() => test?.close());
  const json = { "content-type": "application/json" };
  const bad = { authorization: "Bearer x.y.z" };

  async function start(options?: TestAppOptions) {
    test = await startTestApp(options);
    const send = (path: string, init: RequestInit, address = ADDRESS) =>
      test.app.fetch(new Request(`${PUBLIC_URL}${path}`, init), { address });
    const graphql = async (query: string, headers: Record<string, string> = {}, variables: object = {}) => {
      const init = { method: "POST", headers: { ...json, ...headers }, body: JSON.stringify({ query, variables }) };
      const response = await send("/graphql", init);
      const { errors = [] } = await response.json();
      return { status: response.status, retryAfter: response.headers.get("retry-after"), code: errors[0]?.extensions.code };
    };
    return { send, graphql };
  }

  it("answers 429 and Retry-After to a user who connects too often, in GraphQL, REST and pages, and to no other user", async () => {
    const { send, graphql } = await start();
    const [ada, ben] = [await test.signIn("ada"), await test.signIn("ben")];
    const bearer = { authorization: `Bearer ${await ada.bearer()}` };
    const CONNECT = "mutation ($slug: ID!) { connect(slug: $slug) { id } }";
    for (let count = 0; count < RATE_LIMITS.connect.user.count; count += 1)
      expect((await graphql(CONNECT, bearer, UNKNOWN)).code).toBe("NOT_FOUND");
    expect(await graphql(CONNECT, bearer, UNKNOWN)).toEqual({ status: 429, retryAfter: "2", code: "RATE_LIMITED" });
    const rest = await send("/api/platform_user/connections/test", { method: "POST", headers: { ...json, ...bearer }, body: "{}" });
    const page = await ada.browser.fetch("/connect/test");
    for (const response of [rest, page]) expect([response.status, response.headers.get("retry-after")]).toEqual([429, "2"]);
    expect(await graphql(CONNECT, { authorization: `Bearer ${await ben.bearer()}` }, UNKNOWN)).toMatchObject({ code: "NOT_FOUND" });
    test.clock.advance(2_000);
    expect(await graphql(CONNECT, bearer, UNKNOWN)).toMatchObject({ code: "NOT_FOUND" });
  });

  it("limits login, refreshSession and one-time tokens of a user", async () => {
    const { send, graphql } = await start();
    const ada = await test.signIn("ada");
    const token = await ada.bearer();
    for (let count = 1; count < RATE_LIMITS.login.user.count; count += 1)
      await graphql("mutation ($token: String!) { login(token: $token) { token } }", {}, { token });
    expect(await graphql("mutation ($token: String!) { login(token: $token) { token } }", {}, { token })).toMatchObject({
      status: 429,
      code: "RATE_LIMITED",
    });
    const ott = () =>
      send("/api/platform_user/sessions/ott", { method: "POST", headers: { ...json, authorization: `Bearer ${token}` }, body: "{}" });
    for (let count = 0; count < RATE_LIMITS.oneTimeToken.user.count; count += 1) expect((await ott()).status).toBeLessThan(300);
    expect((await ott()).status).toBe(429);
    const refresh = () => ada.graphql("mutation { refreshSession { token } }", {}, { origin: WEB_ORIGIN });
    for (let count = 0; count < RATE_LIMITS.refreshSession.user.count; count += 1) expect((await refresh()).errors).toEqual([]);
    expect((await refresh()).errors).toMatchObject([{ extensions: { code: "RATE_LIMITED" } }]);
  }, 60_000);

  it("answers 429 to further bad credentials of an address, and serves good, expired and absent ones from there", async () => {
    const { graphql } = await start();
    const ada = await test.signIn("ada");
    const bearer = { authorization: `Bearer ${await ada.bearer()}` };
    const server = await createServerHeaders(test);
    for (let count = 0; count < BAD_CREDENTIAL_LIMIT.count; count += 1) expect((await graphql("{ viewer { id } }", bad)).status).toBe(401);
    expect(await graphql("{ viewer { id } }", bad)).toEqual({ status: 429, retryAfter: "1", code: "RATE_LIMITED" });
    const login = (headers = {}) => graphql('mutation { login(token: "x") { token } }', headers);
    expect(await login()).toMatchObject({ code: "RATE_LIMITED" });
    expect(await login(server)).toMatchObject({ code: "UNAUTHENTICATED" });
    for (const headers of [bearer, server, {}]) expect(await graphql("{ platform { name } }", headers)).toMatchObject({ status: 200 });
    for (let count = 0; count < 3; count += 1)
      expect(await graphql("mutation { refreshSession { token } }", { origin: WEB_ORIGIN })).toMatchObject({ code: "UNAUTHENTICATED" });
    test.clock.advance(3_700_000);
    const expired = () => graphql("{ viewer { id } }", bearer);
    for (let count = 0; count <= BAD_CREDENTIAL_LIMIT.count; count += 1) expect((await expired()).status).toBe(401);
  }, 60_000);

  it("shares the limit of bad credentials with other gateways over Postgres, and counts alone when it cannot share", async () => {
    test = await startTestApp({ database: "postgres" });
    const gateways = [test.app, await test.startTwin()];
    const statuses = async (address: string) => {
      const seen: Record<number, number> = {};
      for (let count = 0; count < BAD_CREDENTIAL_LIMIT.count; count += 1)
        for (const { fetch } of gateways) {
          const { status } = await fetch(new Request(`${PUBLIC_URL}/graphql?query={viewer{id}}`, { headers: bad }), { address });
          seen[status] = (seen[status] ?? 0) + 1;
          // As between requests from sockets, the store's answers are read.
          await nextTurn();
        }
      return seen;
    };
    const refused = 2 * BAD_CREDENTIAL_LIMIT.count;
    const { 401: letThrough = 0, 429: limited } = await statuses(ADDRESS);
    expect(letThrough).toBeGreaterThanOrEqual(BAD_CREDENTIAL_LIMIT.count);
    expect(letThrough).toBeLessThan(1.5 * BAD_CREDENTIAL_LIMIT.count);
    expect(limited).toBe(refused - letThrough);
    await run(test.database.url, "alter table rates rename to rates_away");
    expect(await statuses("198.51.100.1")).toEqual({ 401: refused });
  }, 60_000);

  it("limits nothing with XKIT_RATE_LIMITS=off", async () => {
    const { graphql } = await start({ env: { XKIT_RATE_LIMITS: "off" } });
    for (let count = 0; count <= BAD_CREDENTIAL_LIMIT.count; count += 1) expect((await graphql("{ viewer { id } }", bad)).status).toBe(401);
  });
});
