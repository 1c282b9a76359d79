import { describe, expect, it } from "vitest";
import {
  APP_ORIGIN,
  bearer,
  cookieOf,
  days,
  minutes,
  openStore,
  PUBLIC_URL,
  requestWith,
  startAuth,
  startTwoAuths,
  type TestAuth,
} from "../../test/support/auth.ts";
import { createManualClock } from "../upstream-suite/manual-clock.ts";

const signInAs = async (auth: TestAuth, id: string, headers: Record<string, string> = {}) => {
  const { token } = await auth.provisionUser({ id });
  const { session, setCookies } = await auth.signIn.login(token, requestWith(headers));
  return { session, cookie: cookieOf(setCookies[0]), setCookies };
};

const setUp = async () => {
  const clock = createManualClock();
  const auth = await startAuth(await openStore(clock), clock);
  const ada = await signInAs(auth, "ada");
  return { clock, auth, ...ada };
};

const page = (cookie: string, headers: Record<string, string> = { origin: APP_ORIGIN }) => requestWith({ cookie, ...headers });

describe("login", () => {
  it("answers a session token for ten minutes and sets a cookie for 30 days", async () => {
    const { auth, clock, session, setCookies } = await setUp();
    expect(session).toMatchObject({ viewer: { userId: "ada" }, expiresAt: new Date(clock.now() + minutes(10)) });
    expect(await auth.authenticate(bearer(session.token))).toMatchObject({ kind: "user" });
    expect(setCookies).toEqual([
      expect.stringMatching(/^__Host-xkit_session=[\w-]{43}; Max-Age=2592000; Path=\/; HttpOnly; Secure; SameSite=None$/),
      expect.stringMatching(/^__Host-xkit_session_partitioned=[\w-]{43}; Max-Age=2592000; .*; Partitioned; SameSite=None$/),
    ]);
  });

  it("refuses a session token, whose life could otherwise be extended", async () => {
    const { auth, session } = await setUp();
    await expect(auth.signIn.login(session.token, requestWith({}))).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
  });

  it.each(["", "x", "a.b.c", "\u0000", "é.é.é", "x".repeat(20_000)])("refuses %j", async (token) => {
    const { auth } = await setUp();
    await expect(auth.signIn.login(token, requestWith({}))).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
  });

  it("refuses a page of another origin, which could sign its visitors in as another user", async () => {
    const { auth } = await setUp();
    const { token } = await auth.provisionUser({ id: "eve" });
    for (const origin of ["https://evil.com", "null"]) {
      await expect(auth.signIn.login(token, requestWith({ origin }))).rejects.toMatchObject({ code: "FORBIDDEN" });
    }
    expect(await auth.signIn.login(token, requestWith({ origin: APP_ORIGIN }))).toMatchObject({ session: { viewer: { userId: "eve" } } });
  });

  it("ends the session that the browser had", async () => {
    const { auth, session, cookie } = await setUp();
    const next = await signInAs(auth, "grace", { cookie });
    await expect(auth.authenticate(bearer(session.token))).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
    expect(await auth.signIn.findViewer(page(cookie))).toBeNull();
    expect(await auth.signIn.findViewer(page(next.cookie))).toMatchObject({ userId: "grace" });
  });
});

describe("refresh", () => {
  it("answers a new session token by the cookie alone", async () => {
    const { auth, clock, cookie } = await setUp();
    clock.advance(minutes(11));
    const { session } = await auth.signIn.refresh(page(cookie));
    expect(session.expiresAt.getTime()).toBe(clock.now() + minutes(10));
    expect(await auth.authenticate(bearer(session.token))).toMatchObject({ viewer: { userId: "ada" } });
  });

  it.each([{ origin: APP_ORIGIN }, { origin: PUBLIC_URL }, { "sec-fetch-site": "same-origin" }])(
    "is allowed to pages with %j",
    async (headers) => {
      const { auth, cookie } = await setUp();
      expect(await auth.signIn.refresh(page(cookie, headers))).toMatchObject({ session: { viewer: { userId: "ada" } } });
    },
  );

  it.each([
    {},
    { origin: "https://evil.com" },
    { origin: "null" },
    { origin: "" },
    { origin: "https://evil.com", "sec-fetch-site": "same-origin" },
    { "sec-fetch-site": "none" },
    { "sec-fetch-site": "same-site" },
    { "sec-fetch-site": "cross-site" },
    { referer: `${PUBLIC_URL}/` },
  ])("is refused to requests with %j, as logout is", async (headers: Record<string, string>) => {
    const { auth, cookie } = await setUp();
    await expect(auth.signIn.refresh(page(cookie, headers))).rejects.toMatchObject({ code: "FORBIDDEN" });
    await expect(auth.signIn.logout(page(cookie, headers))).rejects.toMatchObject({ code: "FORBIDDEN" });
    expect(await auth.signIn.findViewer(page(cookie))).not.toBeNull();
  });

  it("is UNAUTHENTICATED without a session, with an unknown one, and after it has expired unused", async () => {
    const { auth, clock, cookie } = await setUp();
    const name = cookie.split("=", 1)[0] ?? "";
    for (const wrong of ["", `${name}=${"x".repeat(43)}`, `${name}=`]) {
      await expect(auth.signIn.refresh(page(wrong))).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
    }
    clock.advance(days(7));
    await expect(auth.signIn.refresh(page(cookie))).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
  });

  it("gives no session token that outlives the session", async () => {
    const { auth, clock, cookie } = await setUp();
    for (let day = 0; day < 29; day += 1) {
      clock.advance(days(1));
      await auth.signIn.refresh(page(cookie));
    }
    clock.advance(days(1) - minutes(5));
    expect((await auth.signIn.refresh(page(cookie))).session.expiresAt.getTime()).toBe(clock.now() + minutes(5));
  });
});

describe("a page on another site", () => {
  it("is signed in by either cookie, and ends the sessions of both when it signs out or in", async () => {
    const { auth, cookie, setCookies } = await setUp();
    const partitioned = cookieOf(setCookies[1]);
    const dead = `__Host-xkit_session=${"x".repeat(43)}`;
    for (const sent of [cookie, partitioned, `${dead}; ${partitioned}`, `${cookie}; ${partitioned}`])
      expect(await auth.signIn.refresh(page(sent))).toMatchObject({ session: { viewer: { userId: "ada" } } });
    const grace = await signInAs(auth, "grace");
    const both = page(`${grace.cookie}; ${partitioned}`);
    expect(await auth.signIn.refresh(both)).toMatchObject({ session: { viewer: { userId: "grace" } } });
    await auth.signIn.logout(both);
    for (const sent of [grace.cookie, partitioned])
      await expect(auth.signIn.refresh(page(sent))).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
  });
});

describe("logout", () => {
  it("ends the session at once in every process and clears every cookie of the gateway", async () => {
    const [here, there] = await startTwoAuths(createManualClock());
    const { session, cookie } = await signInAs(here, "ada");
    expect(await there.authenticate(bearer(session.token))).toMatchObject({ kind: "user" });
    const bindings = ["a", "b"].map((rest) => `__Host-xkit_attempt_${rest}=${"x".repeat(43)}`);
    const { setCookies } = await here.signIn.logout(page([cookie, ...bindings].join("; ")));
    expect(setCookies.map(cookieOf)).toEqual([
      "__Host-xkit_session=",
      "__Host-xkit_session_partitioned=",
      "__Host-xkit_attempt_a=",
      "__Host-xkit_attempt_b=",
    ]);
    await expect(there.authenticate(bearer(session.token))).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
    await expect(there.signIn.refresh(page(cookie))).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
    expect(await there.signIn.findViewer(page(cookie))).toBeNull();
  });

  it("succeeds again, and without a session", async () => {
    const { auth, cookie } = await setUp();
    await auth.signIn.logout(page(cookie));
    expect((await auth.signIn.logout(page(cookie))).setCookies).toHaveLength(2);
    expect((await auth.signIn.logout(page(""))).setCookies).toHaveLength(2);
  });
});

describe("the first-party pages", () => {
  it("read the signed-in user, with the current group, by the cookie", async () => {
    const { auth, cookie } = await setUp();
    const visit = new Request(`${PUBLIC_URL}/connect/slack`, { headers: { cookie } });
    expect(await auth.signIn.findViewer(visit)).toEqual({ userId: "ada", groupId: null, name: null });
    await auth.provisionUser({ id: "ada", groupId: "acme" });
    expect(await auth.signIn.findViewer(visit)).toMatchObject({ groupId: "acme" });
    expect(await auth.signIn.findViewer(new Request(PUBLIC_URL))).toBeNull();
  });

  it("sign in a window with a one-time token", async () => {
    const { auth } = await setUp();
    const { token } = await auth.oneTimeTokens.create("ada");
    const { setCookies } = await auth.signIn.start((await auth.oneTimeTokens.redeem(token)) ?? "", page(""));
    expect(await auth.signIn.findViewer(page(cookieOf(setCookies[0])))).toMatchObject({ userId: "ada" });
    await expect(auth.signIn.start("nobody", page(""))).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
  });
});

describe("bound to a request", () => {
  it("signs in, refreshes and signs out, and appends the cookies to the answer's headers", async () => {
    const { auth } = await setUp();
    const { token } = await auth.provisionUser({ id: "grace" });
    const headers = new Headers();
    const session = await auth.signIn.bind(requestWith({ origin: APP_ORIGIN }), headers).login(token);
    expect(session.viewer.userId).toBe("grace");
    const bound = auth.signIn.bind(page(cookieOf(headers.getSetCookie()[0])), headers);
    expect((await bound.refresh()).viewer.userId).toBe("grace");
    await bound.logout();
    expect(headers.getSetCookie()).toHaveLength(4);
    await expect(bound.refresh()).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
  });
});

describe("the public signing keys", () => {
  it("verify the gateway's tokens, even after a rotation by another process", async () => {
    const [here, there] = await startTwoAuths(createManualClock());
    const before = await here.provisionUser({ id: "ada" });
    await there.signingKeys.rotate();
    const after = await here.provisionUser({ id: "ada" });
    for (const { token } of [before, after]) expect(await there.authenticate(bearer(token))).toMatchObject({ kind: "user" });
    expect((await there.signingKeys.publicJwks()).keys).toHaveLength(2);
  });
});
