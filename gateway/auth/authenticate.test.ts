import { describe, expect, it } from "vitest";
import {
  bearer,
  cookieOf,
  createKey,
  hours,
  issue,
  minutes,
  openStore,
  requestWith,
  startAuth,
  startIssuer,
  startTwoAuths,
} from "../../test/support/auth.ts";
import { createManualClock } from "../upstream-suite/manual-clock.ts";
import { APP_ORIGIN } from "../../test/support/auth.ts";

const setUp = async () => {
  const clock = createManualClock();
  const auth = await startAuth(await openStore(clock), clock);
  const signIn = async (id = "ada") => auth.signIn.login((await auth.provisionUser({ id })).token, requestWith({}));
  return { clock, auth, signIn };
};

const basic = (text: string, headers: Record<string, string> = {}) =>
  requestWith({ authorization: `Basic ${Buffer.from(text).toString("base64")}`, ...headers });

describe("who is asking", () => {
  it("is anonymous without Authorization, whatever cookies there are", async () => {
    const { auth, signIn } = await setUp();
    const { setCookies } = await signIn();
    expect(await auth.authenticate(requestWith({}))).toEqual({ kind: "anonymous" });
    expect(await auth.authenticate(requestWith({ cookie: cookieOf(setCookies[0]) }))).toEqual({ kind: "anonymous" });
  });

  it("is the user of a session token", async () => {
    const { auth, signIn } = await setUp();
    const { session } = await signIn();
    expect(await auth.authenticate(bearer(session.token))).toEqual({
      kind: "user",
      viewer: { userId: "ada", groupId: null, name: null },
      sessionId: expect.any(String),
      credential: session.token,
    });
  });

  it("is the user of a user token, which login takes too", async () => {
    const { auth } = await setUp();
    const { token } = await auth.provisionUser({ id: "ada", groupId: "acme", name: "Ada" });
    const viewer = { userId: "ada", groupId: "acme", name: "Ada" };
    expect(await auth.authenticate(bearer(token))).toEqual({ kind: "user", viewer, sessionId: null, credential: token });
    expect((await auth.signIn.login(token, requestWith({}))).session.viewer).toEqual(viewer);
  });

  it("is the user of an issuer's JWT, which login takes too", async () => {
    const clock = createManualClock();
    const [issuer, key] = [await startIssuer(), await createKey("k1")];
    issuer.publish(key);
    const auth = await startAuth(await openStore(clock), clock, { issuers: [issuer.config] });
    const token = await issue(key, clock, { org: "acme" });
    expect((await auth.signIn.login(token, requestWith({}))).session.viewer).toMatchObject({ userId: "ada", groupId: "acme" });
    expect(await auth.authenticate(bearer(token))).toMatchObject({ kind: "user", viewer: { userId: "ada" }, sessionId: null });
  });

  it("does not depend on the case of the scheme", async () => {
    const { auth } = await setUp();
    const { token } = await auth.provisionUser({ id: "ada" });
    expect(await auth.authenticate(requestWith({ authorization: `bEaReR  ${token}` }))).toMatchObject({ kind: "user" });
  });

  it("has the current group at once in every process, even with an older token", async () => {
    const [here, there] = await startTwoAuths(createManualClock());
    const { token } = await here.provisionUser({ id: "ada", groupId: "acme" });
    const { session } = await here.signIn.login(token, requestWith({}));
    const groups = async () =>
      Promise.all([here, there].flatMap((auth) => [token, session.token].map((each) => auth.authenticate(bearer(each))))).then((askers) =>
        askers.map((asker) => (asker.kind === "user" ? asker.viewer.groupId : undefined)),
      );
    expect(await groups()).toEqual(["acme", "acme", "acme", "acme"]);
    await there.provisionUser({ id: "ada", groupId: "globex" });
    expect(await groups()).toEqual(["globex", "globex", "globex", "globex"]);
    await here.provisionUser({ id: "ada", groupId: null });
    expect(await groups()).toEqual([null, null, null, null]);
  });

  it("is a server with an API key", async () => {
    const { auth } = await setUp();
    const { id, secret } = await auth.apiKeys.create("server");
    expect(await auth.authenticate(basic(`${id}:${secret}`))).toEqual({ kind: "platform", keyId: id });
  });
});

describe("an API key is refused", () => {
  it.each([APP_ORIGIN, "https://evil.com", "null"])("with an explanation in a page of %s", async (origin) => {
    const { auth } = await setUp();
    const { id, secret } = await auth.apiKeys.create(null);
    await expect(auth.authenticate(basic(`${id}:${secret}`, { origin }))).rejects.toMatchObject({
      code: "FORBIDDEN",
      message: expect.stringContaining("Origin or a Sec-Fetch-Site header"),
    });
  });

  it.each(["same-origin", "same-site", "cross-site", "", "x"])("when a page sends it: Sec-Fetch-Site is %j", async (site) => {
    const clock = createManualClock();
    const auth = await startAuth(await openStore(clock), clock);
    const { id, secret } = await auth.apiKeys.create(null);
    const authorization = `Basic ${btoa(`${id}:${secret}`)}`;
    await expect(auth.authenticate(requestWith({ authorization, "sec-fetch-site": site }))).rejects.toMatchObject({ code: "FORBIDDEN" });
    const asked = auth.authenticate(requestWith({ authorization, "sec-fetch-site": "none" }));
    expect(await asked).toEqual({ kind: "platform", keyId: id });
  });

  it("when it is wrong, unknown, garbled or revoked", async () => {
    const { auth } = await setUp();
    const { id, secret } = await auth.apiKeys.create(null);
    const other = await auth.apiKeys.create(null);
    for (const pair of [`${id}:${other.secret}`, `${secret}:${id}`, `${id}:`, `:${secret}`, ":", id, "", `${id}:${secret}x`]) {
      await expect(auth.authenticate(basic(pair))).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
    }
    await auth.apiKeys.revoke(id);
    await expect(auth.authenticate(basic(`${id}:${secret}`))).rejects.toMatchObject({
      code: "UNAUTHENTICATED",
      message: expect.stringContaining("revoked"),
    });
  });
});

describe("a bearer token is refused", () => {
  it("with advice, once it has expired", async () => {
    const { auth, clock, signIn } = await setUp();
    const { session } = await signIn();
    const { token } = await auth.provisionUser({ id: "ada" });
    clock.advance(minutes(10));
    await expect(auth.authenticate(bearer(session.token))).rejects.toMatchObject({
      code: "UNAUTHENTICATED",
      message: expect.stringContaining("refreshSession"),
    });
    clock.advance(hours(1));
    await expect(auth.authenticate(bearer(token))).rejects.toMatchObject({
      code: "UNAUTHENTICATED",
      message: expect.stringContaining("ask your server"),
    });
  });

  it("at once and in every process after its session has ended", async () => {
    const [here, there] = await startTwoAuths(createManualClock());
    const { session } = await here.signIn.login((await here.provisionUser({ id: "ada" })).token, requestWith({}));
    const asker = await there.authenticate(bearer(session.token));
    expect(asker).toMatchObject({ kind: "user" });
    await here.sessions.end(asker.kind === "user" ? (asker.sessionId ?? "") : "");
    for (const auth of [here, there]) {
      await expect(auth.authenticate(bearer(session.token))).rejects.toMatchObject({
        code: "UNAUTHENTICATED",
        message: expect.stringContaining("has ended"),
      });
    }
  });

  it("when its user is gone", async () => {
    const { auth } = await setUp();
    const { token } = await auth.provisionUser({ id: "ada" });
    await auth.database.write(["user:ada"], (transaction) => transaction.deleteFrom("users").execute());
    await expect(auth.authenticate(bearer(token))).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
  });

  it("when it was changed, and is in neither message nor log", async () => {
    const { auth } = await setUp();
    const { token } = await auth.provisionUser({ id: "ada" });
    const forged = `${token.slice(0, -43)}${"A".repeat(43)}`;
    const error: unknown = await auth.authenticate(bearer(forged)).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "UNAUTHENTICATED" });
    expect(JSON.stringify([error, auth.warnings])).not.toContain(token.split(".")[1]);
    expect(auth.warnings).toMatchObject([{ facts: { kind: "user", reason: expect.stringContaining("signature") } }]);
  });
});

describe("Authorization is refused", () => {
  it.each([
    ["nothing in it", ""],
    ["a scheme alone", "Bearer"],
    ["a token alone", "abc.def.ghi"],
    ["an unknown scheme", "Digest abc"],
    ["a scheme like ours", "Bearers abc.def.ghi"],
    ["what a page makes of a missing token", "Bearer undefined"],
    ["no JWT", "Bearer abc"],
    ["an encrypted JWT", "Bearer a.b.c.d.e"],
    ["several words", "Bearer abc.def.ghi jkl"],
    ["several credentials", "Bearer abc.def.ghi, Basic abc"],
    ["a line of spaces", "Bearer      "],
    ["a header bomb", `Bearer ${"a".repeat(17_000)}`],
    ["a header bomb of spaces", `Bearer${" ".repeat(1_000_000)}a`],
    ["a header bomb of dots", `Bearer ${".".repeat(16_000)}`],
    ["a Basic bomb", `Basic ${"a".repeat(1_000_000)}`],
    ["no base64", "Basic %%%%"],
  ])("with %s", async (_title, authorization) => {
    const { auth } = await setUp();
    await expect(auth.authenticate(requestWith({ authorization }))).rejects.toMatchObject({
      code: "UNAUTHENTICATED",
      message: expect.stringMatching(/^[A-Z].*\.$/),
    });
  });

  it("with several headers", async () => {
    const { auth } = await setUp();
    const { token } = await auth.provisionUser({ id: "ada" });
    const request = bearer(token);
    request.headers.append("authorization", `Bearer ${token}`);
    await expect(auth.authenticate(request)).rejects.toMatchObject({
      code: "UNAUTHENTICATED",
      message: expect.stringContaining("several"),
    });
  });
});
