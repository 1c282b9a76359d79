/** Who is signed in, where several requests, tabs and users meet. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { PUBLIC_URL, type TestApp, type TestUser } from "../../test/support/test-app.ts";
import { createClient } from "../create-client.ts";
import { BadUserInputError, UnauthenticatedError } from "../api/errors.ts";
import { DisconnectDocument, ViewerDocument } from "../generated/graphql.ts";
import { createTestClient, followClock, startApp, type TestClient } from "../../test/support/client/signed-in.ts";
import { createXkit } from "../xkit.ts";

let app: TestApp;
let ada: TestUser;
let bob: TestUser;
let count = 0;

beforeAll(async () => void (app = await startApp()));
afterAll(async () => {
  vi.useRealTimers();
  await app.close();
});
beforeEach(async () => {
  count += 1;
  [ada, bob] = [await app.signIn(`ada-${count}`), await app.signIn(`bob-${count}`)];
});
afterEach(() => vi.restoreAllMocks());

const past = (seconds: number) => {
  app.clock.advance(seconds * 1000);
  followClock(app);
};

/** A page in the same browser, whose answers to `operation` wait until they are let go. */
function holding(page: TestClient, operation: string) {
  let release = () => {};
  let arrive = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  const arrived = new Promise<void>((resolve) => (arrive = resolve));
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const response = await page.fetch(input, init);
    if (typeof init?.body === "string" && init.body.includes(` ${operation}`)) {
      arrive();
      await released;
    }
    return response;
  };
  return { fetch, arrived, release };
}

describe("a login while a renewal is under way", () => {
  test("serves those who wait for the renewal, too", async () => {
    const page = createTestClient(app, bob.browser);
    const held = holding(page, "RefreshSession");
    const xkit = createXkit(PUBLIC_URL, { fetch: held.fetch });
    const listing = xkit.listConnections();
    await held.arrived;
    const login = xkit.login(await ada.bearer());
    held.release();
    expect(await listing).toEqual([]);
    await login;
    expect(xkit.session.viewer?.id).toBe(`ada-${count}`);
  });
});

describe("a logout while a login is under way", () => {
  test("ends that session too: the next page in this browser is nobody's", async () => {
    const page = createTestClient(app);
    const held = holding(page, "Login");
    const xkit = createXkit(PUBLIC_URL, { fetch: held.fetch });
    const login = xkit.login(await ada.bearer());
    await held.arrived;
    const logout = xkit.logout();
    expect(xkit.session.viewer).toBeNull();
    held.release();
    await Promise.all([login, logout]);
    expect(xkit.session.viewer).toBeNull();
    const next = createTestClient(app, page.browser);
    await next.xkit.getPlatform();
    expect(next.xkit.session.viewer).toBeNull();
  });
});

describe("a page that is told who uses it", () => {
  test("is theirs, whoever the browser's cookie is of", async () => {
    const { fetch } = createTestClient(app, bob.browser);
    const xkit = createXkit(PUBLIC_URL, { fetch, getToken: () => ada.bearer() });
    await xkit.listConnections();
    expect(xkit.session.viewer?.id).toBe(`ada-${count}`);
  });

  test("stays theirs when somebody else signs in in another tab", async () => {
    const { xkit, browser } = createTestClient(app);
    await xkit.login(() => ada.bearer());
    await createTestClient(app, browser).xkit.login(await bob.bearer());
    past(3600);
    await xkit.listConnections();
    expect(xkit.session.viewer?.id).toBe(`ada-${count}`);
  });

  test("asks again, after a pause, when the user token was refused", async () => {
    const getToken = vi
      .fn<() => Promise<string>>()
      .mockResolvedValueOnce("not a token")
      .mockImplementation(() => ada.bearer());
    const { fetch } = createTestClient(app);
    const xkit = createXkit(PUBLIC_URL, { fetch, getToken });
    await expect(xkit.listConnections()).rejects.toBeInstanceOf(UnauthenticatedError);
    await expect(xkit.listConnections()).rejects.toBeInstanceOf(UnauthenticatedError);
    expect(getToken).toHaveBeenCalledTimes(1);
    past(31);
    expect(await xkit.listConnections()).toEqual([]);
    expect(getToken).toHaveBeenCalledTimes(2);
  });
});

describe("what was begun as one user, when another signs in in the next tab,", () => {
  /** A page that follows its cookie, which by now is bob's. */
  async function overtaken(): Promise<TestClient> {
    await bob.connect();
    const first = createTestClient(app);
    await first.xkit.login(await ada.bearer());
    const page = createTestClient(app, first.browser);
    await page.xkit.getPlatform();
    await createTestClient(app, first.browser).xkit.login(await bob.bearer());
    return page;
  }

  test("is not finished as that one: their connection stays", async () => {
    const { xkit } = await overtaken();
    past(3600);
    await expect(xkit.disconnect("test")).rejects.toBeInstanceOf(UnauthenticatedError);
    expect(xkit.session.viewer?.id).toBe(`bob-${count}`);
    expect(await xkit.getConnection("test")).toMatchObject({ enabled: true });
  });

  test("is not finished as that one through urql either", async () => {
    const { xkit } = await overtaken();
    const urql = createClient({ session: xkit.session });
    past(3600);
    const { error } = await urql.mutation(DisconnectDocument, { where: { slug: "test" } }).toPromise();
    expect(error).toBeInstanceOf(UnauthenticatedError);
    expect(await xkit.getConnection("test")).toMatchObject({ enabled: true });
  });
});

test("a listener that throws is reported, and keeps neither the login nor the other listeners", async () => {
  const reported: unknown[] = [];
  const { queueMicrotask: later } = globalThis;
  vi.spyOn(globalThis, "queueMicrotask").mockImplementation((task) =>
    later(() => {
      try {
        task();
      } catch (error) {
        reported.push(error);
      }
    }),
  );
  const { xkit } = createTestClient(app);
  const heard = vi.fn<() => void>();
  xkit.on("config:update", () => {
    throw new Error("a listener's own");
  });
  xkit.on("config:update", heard);
  await xkit.login(await ada.bearer());
  expect(heard).toHaveBeenCalledOnce();
  expect(reported).toEqual([new Error("a listener's own")]);
});

test("a urql client shares the session, renews it, and its errors are typed by code", async () => {
  const { xkit } = createTestClient(app);
  await xkit.login(await ada.bearer());
  const urql = createClient({ session: xkit.session });
  past(3600);
  const { data } = await urql.query(ViewerDocument, {}).toPromise();
  expect(data?.viewer?.id).toBe(`ada-${count}`);
  const { error } = await urql.query("query Broken { nothing }", {}).toPromise();
  expect(error).toBeInstanceOf(BadUserInputError);
  expect(error).toMatchObject({ code: "BAD_USER_INPUT" });
});
