import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { AccessTokenOutcome, Connection, Viewer, ViewerConnections } from "../../schema/upstream.ts";
import { PUBLIC_URL, startTestApp, type TestApp } from "../../test/support/test-app.ts";
import type { Principal } from "../http/pipeline.ts";
import { noLimits } from "../http/rate-limits.ts";
import { createLog } from "../runtime/log.ts";
import { openServices, type Services } from "../services.ts";
import { anyToken } from "../upstream-suite/harness.ts";
import { createOwnUsers } from "./own-users.ts";

const viewer: Viewer = { userId: "ada", groupId: null, name: null };
const principal: Principal = { kind: "user", viewer, sessionId: null, credential: "x" };
const no = () => Promise.reject(new Error("not in this test"));

const connection: Connection = {
  id: "1",
  owner: { kind: "user", id: "ada" },
  enabled: true,
  connector: {
    slug: "test",
    name: "Test",
    shortDescription: null,
    description: null,
    markUrl: null,
    supportsMultipleConnections: false,
    connectorUrl: PUBLIC_URL,
  },
  authorization: null,
  metadata: [],
  createdAt: null,
  updatedAt: null,
};

const tokenThatEnds = (value: string, expiresAt: number): AccessTokenOutcome => ({
  type: "AccessToken",
  value,
  tokenType: "bearer",
  kind: null,
  expiresAt: new Date(expiresAt),
  scopes: [],
  missingScopes: [],
  fingerprint: value,
  fields: null,
  apiBaseUrl: null,
  authorizationHeader: null,
  connection,
});

describe("a token whose user was looked up again from a store that is slow", () => {
  let test: TestApp;
  let services: Services;
  let lookMs: number;
  beforeEach(async () => {
    test = await startTestApp();
    services = await openServices(test.config, test.clock, createLog("silent"));
    lookMs = 0;
    const { now } = performance;
    const spy = vi.spyOn(performance, "now");
    let waitedMs = 0;
    spy.mockImplementation(() => now.call(performance) + waitedMs);
    look = async () => {
      waitedMs += lookMs;
      return principal;
    };
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    await services.close();
    await test.close();
  });
  let look: () => Promise<Principal>;

  /** Asks for a token, of which there is another one each time, with so much life left. */
  async function read(...leftMs: number[]): Promise<AccessTokenOutcome> {
    let asked = 0;
    const accessToken = async () => {
      asked += 1;
      return tokenThatEnds(`token ${asked}`, test.clock.now() + (leftMs[asked - 1] ?? leftMs.at(-1) ?? 0));
    };
    const empty = async () => (async function* none(): AsyncGenerator<never, void> {})();
    const connections: ViewerConnections = {
      accessToken,
      find: no,
      list: no,
      start: no,
      submit: no,
      disconnect: no,
      findAuthorization: no,
      watch: empty,
      watchAuthorization: empty,
    };
    // Not the store's: it would take what is waited here for a wall clock that was set.
    const clock = { latest: () => test.clock.now() };
    const auth = { ...services.auth, recall: () => null, authenticate: look };
    const users = createOwnUsers(auth, () => connections, { clock });
    const requester = await users.identify({ request: new Request(PUBLIC_URL), limits: noLimits, authenticate: look });
    if (requester.kind !== "user") throw new TypeError("A user asks.");
    const browser = { bind: () => "", link: null };
    const { readToken } = requester.caller.connectionsIn(browser);
    return (await readToken({ slug: "test" }, anyToken)).outcome;
  }

  it("is given where it has life enough left, or the look took no time", async () => {
    expect(await read(30_000)).toMatchObject({ value: "token 1" });
    lookMs = 500;
    expect(await read(61_000)).toMatchObject({ value: "token 1" });
  });

  it("is asked for again where its end is near", async () => {
    lookMs = 500;
    expect(await read(30_000, 3_600_000)).toMatchObject({ value: "token 2" });
  });

  it("is not given where that goes on", async () => {
    lookMs = 500;
    expect(await read(30_000)).toMatchObject({ type: "TemporarilyUnavailable", retryAfter: 1 });
  });
});
