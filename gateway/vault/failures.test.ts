import { afterEach, describe, expect, it, vi } from "vitest";
import { databaseKinds } from "../../test/support/databases.ts";
import type { Misbehaviour } from "../../test/support/misbehaviour.ts";
import { startTestApp, type TestApp, type TestAppOptions, type TestUser } from "../../test/support/test-app.ts";
import { LOST_ANSWER_RETRIES_MS } from "./refresh-verdict.ts";
import { askToken, HOUR_MS, onlyAuthorization, refreshRequests } from "../../test/support/vault.ts";
import { PATIENCE } from "../../test/support/patience.ts";

let test: TestApp;
afterEach(() => test?.close());

async function connected(options: TestAppOptions): Promise<TestUser> {
  test = await startTestApp(options);
  const ada = await test.signIn("ada");
  await ada.connect();
  return ada;
}

/** Calls that a fault costs: a lost answer is asked for again (rule 5). */
const ONE = 1;
const LOST = 1 + LOST_ANSWER_RETRIES_MS.length;

const MISBEHAVIOURS: readonly (readonly [string, Misbehaviour, number])[] = [
  ["times out", "hang", LOST],
  ["answers 500", { status: 500 }, LOST],
  ["answers 408", { status: 408 }, ONE],
  ["answers 425", { status: 425 }, ONE],
  ["answers 429", { status: 429, body: { error: "slow_down" } }, ONE],
  ["answers 503 with an OAuth error", { status: 503, body: { error: "invalid_grant" } }, ONE],
  ["answers garbage", { status: 200, body: "<html>Maintenance</html>" }, LOST],
  ["answers 200 with an error in the body", { status: 200, body: { ok: false, error: "invalid_grant" } }, LOST],
  ["answers 200 with nothing", { status: 200, body: "" }, LOST],
  ["answers 400 with an unknown code", { status: 400, body: { error: "try_again" } }, ONE],
  ["redirects", "redirect", ONE],
  ["answers 2 MiB", "huge", LOST],
  ["cuts the line", "cut", LOST],
];

describe.each(databaseKinds)("Rule 4: a refresh that fails for the moment, on %s", (database) => {
  it.each(MISBEHAVIOURS)(
    "changes nothing when the provider %s: the status stays, and the old token is given while it is usable",
    async (_name, misbehaviour, calls) => {
      const env = misbehaviour === "hang" ? { XKIT_PROVIDER_TIMEOUT_MS: "500" } : {};
      // Some of these answers come after the provider rotated: rule 5 has its own tests.
      const ada = await connected({ database, env, provider: { rotate: false } });
      const first = await askToken(ada);
      test.clock.advance(HOUR_MS - 120_000);
      test.provider.controls.always(misbehaviour);
      expect(await askToken(ada)).toEqual(first);
      await vi.waitUntil(async () => (await onlyAuthorization(test)).failures === 1, PATIENCE);
      expect(refreshRequests(test)).toHaveLength(calls);
      test.clock.advance(120_000);
      const answer = await askToken(ada);
      expect(answer.__typename).toBe("TemporarilyUnavailable");
      expect(answer.retryAfter).toBeGreaterThan(0);
      expect(answer.retryAfter).toBeLessThanOrEqual(30);
      expect((await onlyAuthorization(test)).status).toBe("active");
      test.clock.advance(1_000 * (answer.retryAfter ?? 0));
      test.provider.controls.always(null);
      test.provider.controls.release();
      expect((await askToken(ada)).__typename).toBe("AccessToken");
    },
  );

  it("does not delay callers who can have the current token", async () => {
    const ada = await connected({ database });
    const first = await askToken(ada);
    test.clock.advance(HOUR_MS - 120_000);
    const hold = test.provider.controls.hold();
    expect(await askToken(ada)).toEqual(first);
    await hold.arrived(1);
    hold.release();
    // A caller who needs a longer life than the current token has joins the refresh that is under way.
    test.clock.advance(120_000);
    const renewed = await askToken(ada);
    expect(renewed.__typename).toBe("AccessToken");
    expect(renewed.value).not.toBe(first.value);
    expect(refreshRequests(test)).toHaveLength(1);
  });

  it("does not call the provider before its Retry-After is over", async () => {
    const ada = await connected({ database });
    test.provider.controls.next({ status: 429, headers: { "retry-after": "120" } });
    test.clock.advance(HOUR_MS);
    expect(await askToken(ada)).toMatchObject({ __typename: "TemporarilyUnavailable", retryAfter: 120 });
    test.clock.advance(119_000);
    expect(await askToken(ada)).toMatchObject({ __typename: "TemporarilyUnavailable", retryAfter: 1 });
    expect(refreshRequests(test)).toHaveLength(1);
    test.clock.advance(1_000);
    expect((await askToken(ada)).__typename).toBe("AccessToken");
  });

  it("is ConnectorMisconfigured when the provider refuses the platform's own credentials, and keeps the connection", async () => {
    const ada = await connected({ database });
    test.provider.controls.next({ status: 401, body: { error: "invalid_client" } });
    test.clock.advance(HOUR_MS);
    expect((await askToken(ada)).__typename).toBe("ConnectorMisconfigured");
    expect((await askToken(ada)).__typename).toBe("ConnectorMisconfigured");
    expect(refreshRequests(test)).toHaveLength(1);
    expect((await onlyAuthorization(test)).status).toBe("active");
    test.clock.advance(10_000);
    expect((await askToken(ada)).__typename).toBe("AccessToken");
  });

  it("is an error with a code and a retryAfter for connectionToken", async () => {
    const ada = await connected({ database });
    test.provider.controls.next({ status: 429, headers: { "retry-after": "120" } });
    test.clock.advance(HOUR_MS);
    const { data, errors } = await ada.graphql(`{ connectionToken(where: { slug: "test" }) }`);
    expect(data.connectionToken).toBeNull();
    expect(errors).toMatchObject([{ extensions: { code: "TEMPORARILY_UNAVAILABLE", retryAfter: 120 } }]);
  });

  it("is no longer counted after the first success", async () => {
    const ada = await connected({ database });
    test.provider.controls.next({ status: 503 }, { status: 503 });
    test.clock.advance(HOUR_MS);
    await askToken(ada);
    test.clock.advance(10_000);
    await askToken(ada);
    test.clock.advance(30_000);
    expect((await askToken(ada)).__typename).toBe("AccessToken");
    expect(await onlyAuthorization(test)).toMatchObject({ failures: 0, retry_at: null, failure_kind: null, failure_message: null });
  });

  it("is counted over all processes: another one makes no call during the pause", async () => {
    const ada = await connected({ database });
    const twin = await test.startTwin();
    test.provider.controls.always({ status: 503 });
    test.clock.advance(HOUR_MS);
    await askToken(ada);
    expect((await askToken(ada, { via: twin })).__typename).toBe("TemporarilyUnavailable");
    expect(refreshRequests(test)).toHaveLength(1);
  });
});

describe("Rule 4: a dead provider", () => {
  it("is called at most 12 times in the first hour and 5 times in each later one, however often a token is asked for", async () => {
    const ada = await connected({ database: "sqlite" });
    test.provider.controls.always({ status: 500 });
    test.clock.advance(HOUR_MS);
    const diedAt = test.clock.now();
    while (test.clock.now() < diedAt + 4 * HOUR_MS) {
      expect((await askToken(ada)).__typename).toBe("TemporarilyUnavailable");
      test.clock.advance(20_000);
    }
    const callsIn = (hour: number) => refreshRequests(test).filter(({ atMs }) => Math.floor((atMs - diedAt) / HOUR_MS) === hour).length;
    expect(callsIn(0)).toBeLessThanOrEqual(12);
    expect(callsIn(0)).toBeGreaterThanOrEqual(5);
    for (const hour of [1, 2, 3]) {
      expect(callsIn(hour)).toBeLessThanOrEqual(5);
      expect(callsIn(hour)).toBeGreaterThanOrEqual(3);
    }
  });
});

const jwt = (claims: object) =>
  ["{}", JSON.stringify(claims), "signature"].map((part) => Buffer.from(part).toString("base64url")).join(".");

const DEVIATIONS: readonly (readonly [string, Record<string, unknown>])[] = [
  ["no token_type", { token_type: undefined }],
  ["a token_type of its own", { token_type: "user" }],
  ["a token_type that is no text", { token_type: { kind: "bearer" } }],
  ["an expires_in in words", { expires_in: "soon" }],
  ["an expires_in that ends after every calendar", { expires_in: 1e300 }],
  ["a scope that is no text", { scope: { read: true } }],
  ["an ID token that is none", { id_token: "not.a.jwt" }],
  ["a JWT whose exp is a fraction", { expires_in: undefined, access_token: jwt({ exp: 2_000_000_000.123_45 }) }],
  ["a JWT whose exp ends after every calendar", { expires_in: undefined, access_token: jwt({ exp: 1e300 }) }],
  ["an error beside its tokens", { ok: false, error: "invalid_grant" }],
];

describe.each(databaseKinds)("A refresh that rotated the refresh token, on %s", (database) => {
  it.each(DEVIATIONS)("is kept although its answer has %s", async (_name, deviation) => {
    const ada = await connected({ database });
    test.provider.controls.next({ answer: deviation });
    test.clock.advance(HOUR_MS);
    const renewed = await askToken(ada);
    expect(renewed.__typename).toBe("AccessToken");
    const next = await askToken(ada, { rejected: renewed.fingerprint });
    expect(next.__typename).toBe("AccessToken");
    expect(next.value).not.toBe(renewed.value);
    expect(test.provider.refreshCount()).toBe(2);
  });
});

describe.each(databaseKinds)("The answer to a refresh, on %s", (database) => {
  it.each(["text/html", "application/json"])("is read by its content: a form that is sent as %s", async (formAs) => {
    const ada = await connected({ database });
    const first = await askToken(ada);
    test.provider.controls.next({ formAs });
    test.clock.advance(HOUR_MS);
    const renewed = await askToken(ada);
    expect(renewed.__typename).toBe("AccessToken");
    expect(renewed.value).not.toBe(first.value);
    expect(refreshRequests(test)).toHaveLength(1);
  });

  it("is logged with the member that it lacks", async () => {
    const ada = await connected({ database });
    test.provider.controls.always({ status: 200, body: { refresh_token: "r" } });
    test.clock.advance(HOUR_MS);
    await askToken(ada);
    expect(test.logged.join("\n")).toMatch(/"missing":"access_token".*"msg":"refresh failed"/);
  });
});

const USELESS: readonly (readonly [string, Record<string, unknown>])[] = [
  ["expires_in is 0", { expires_in: 0 }],
  ["JWT has expired already", { expires_in: undefined, access_token: jwt({ exp: 1_000_000_000 }) }],
];

describe.each(databaseKinds)("A provider that refreshes into tokens of no use, on %s", (database) => {
  it.each(USELESS)("is called a few times only, and loses no connection, when the new token's %s", async (_name, useless) => {
    const ada = await connected({ database });
    test.provider.controls.always({ answer: useless });
    test.clock.advance(HOUR_MS);
    for (let call = 0; call < 30; call += 1) {
      const answer = await askToken(ada);
      expect(answer).toMatchObject({ __typename: "TemporarilyUnavailable", message: expect.stringContaining("expires too soon") });
      expect(answer.retryAfter).toBeGreaterThan(0);
      test.clock.advance(20_000);
    }
    expect(refreshRequests(test).length).toBeGreaterThanOrEqual(3);
    expect(refreshRequests(test).length).toBeLessThanOrEqual(6);
    test.provider.controls.always(null);
    test.clock.advance(HOUR_MS);
    expect((await askToken(ada)).__typename).toBe("AccessToken");
    expect(await onlyAuthorization(test)).toMatchObject({ failures: 0, retry_at: null, failure_kind: null });
  });
});
