import { describe, expect, it } from "vitest";
import { createManualClock } from "../upstream-suite/manual-clock.ts";
import { APP_ORIGIN, cookieOf, openStore, requestWith, sealer, startAuth } from "../../test/support/auth.ts";
import { type ScriptedXkit, sessionOf, startScriptedXkit } from "../../test/support/scripted-xkit.ts";
import { sendJson } from "../../test/support/server-io.ts";
import { noLimits, type RequestLimits } from "../http/rate-limits.ts";
import { createRelayedSignIn } from "./relayed-sign-in.ts";

const LOGIN = "POST /platform_user/sessions";
const REFRESH = "POST /platform_user/sessions/token";
const LOGOUT = "DELETE /platform_user/sessions";

/** Signing in at a gateway before a scripted upstream that knows ada. */
async function start() {
  const xkit = await startScriptedXkit();
  xkit.on("GET /platform_user/session", sessionOf("ada", null));
  xkit.on(LOGOUT, (_request, response) => void response.writeHead(204).end());
  const clock = createManualClock();
  const auth = await startAuth(await openStore(clock), clock);
  const warned: string[] = [];
  const log = { warn: (_facts: object, message: string) => void warned.push(message) };
  const { relay } = xkit.upstream;
  return { xkit, warned, signIn: createRelayedSignIn({ auth, relay, sealer, log }) };
}

/** From now on the route answers a session, and sets these cookies. */
const answerSession = ({ on }: ScriptedXkit, route: string, setCookies: string[]) =>
  on(route, (_request, response) => {
    response.setHeader("set-cookie", setCookies);
    sendJson(response, 200, { access_token: "session-token", expires_at: "2030-01-01T00:00:00Z" });
  });

/** A request of the platform's page, in a browser that keeps these cookies. */
const fromPage = (setCookies: string[] = []) => requestWith({ origin: APP_ORIGIN, cookie: setCookies.map(cookieOf).join("; ") });

/** The cookies that each request to the upstream carried. */
const cookiesSent = ({ headers }: ScriptedXkit) => headers.flatMap(({ cookie }) => cookie ?? []);

describe("a session at an upstream behind a balancer", () => {
  it("lasts over many refreshes, though each answer sets the balancer's cookie alone", async () => {
    const { xkit, signIn } = await start();
    answerSession(xkit, LOGIN, ["sid=1; HttpOnly", "AWSALB=a"]);
    let { setCookies } = await signIn.login("user-token", fromPage());
    for (const balancer of ["b", "c"]) {
      answerSession(xkit, REFRESH, [`AWSALB=${balancer}`, "__cf_bm=z"]);
      ({ setCookies } = await signIn.refresh(fromPage(setCookies)));
    }
    await signIn.refresh(fromPage(setCookies));
    expect(cookiesSent(xkit)).toEqual(["sid=1; AWSALB=a", "sid=1; AWSALB=b", "sid=1; AWSALB=c"]);
  });

  it("stays in the browser as it is where a refresh changes no cookie", async () => {
    const { xkit, signIn } = await start();
    answerSession(xkit, LOGIN, ["sid=1"]);
    const { setCookies } = await signIn.login("user-token", fromPage());
    answerSession(xkit, REFRESH, ["AWSALB=b"]);
    expect((await signIn.refresh(fromPage(setCookies))).setCookies).toEqual([]);
  });

  it("leaves the browser with the last of its cookies", async () => {
    const { xkit, signIn } = await start();
    answerSession(xkit, LOGIN, ["sid=1"]);
    const { setCookies } = await signIn.login("user-token", fromPage());
    answerSession(xkit, REFRESH, ["sid=; Max-Age=0"]);
    expect((await signIn.refresh(fromPage(setCookies))).setCookies.map(cookieOf)).toEqual([
      "__Host-xkit_session=",
      "__Host-xkit_session_partitioned=",
    ]);
  });

  it("is refused with a sentence, and logged, where its cookies are longer than a browser keeps", async () => {
    const { xkit, signIn, warned } = await start();
    answerSession(xkit, LOGIN, ["sid=1", `large=${"x".repeat(3_000)}`]);
    await expect(signIn.login("user-token", fromPage())).rejects.toMatchObject({
      code: "UPSTREAM_UNAVAILABLE",
      message: expect.stringMatching(/^The session cannot be stored: .* a browser keeps 4096\.$/),
    });
    expect(warned).toEqual(["the upstream's session cookies are too long to be stored"]);
    expect(xkit.requests.at(-1)).toBe(LOGOUT);
  });

  it("is kept up to the length that a browser keeps", async () => {
    const { xkit, signIn } = await start();
    answerSession(xkit, LOGIN, [`sid=${"x".repeat(2_900)}`]);
    const { setCookies } = await signIn.login("user-token", fromPage());
    expect(Math.max(...setCookies.map((header) => header.length))).toBeGreaterThan(4_000);
  });
});

it("sends the client's address along when a user signs in, stays so, and signs out", async () => {
  const { xkit, signIn } = await start();
  const limits: RequestLimits = { ...noLimits, clientAddress: () => "192.0.2.1" };
  answerSession(xkit, LOGIN, ["sid=1"]);
  answerSession(xkit, REFRESH, []);
  const { setCookies } = await signIn.login("user-token", fromPage(), limits);
  await signIn.login("user-token", fromPage(setCookies), limits);
  await signIn.refresh(fromPage(setCookies), limits);
  await signIn.logout(fromPage(setCookies), limits);
  expect(xkit.requests).toEqual(expect.arrayContaining([LOGIN, REFRESH, LOGOUT]));
  expect(new Set(xkit.headers.map(({ forwarded }) => forwarded))).toEqual(new Set(["for=192.0.2.1"]));
});

describe("a sealed session", () => {
  it("is of its upstream alone: another one that is configured later is not sent it", async () => {
    const [one, other] = [await start(), await start()];
    answerSession(one.xkit, LOGIN, ["sid=1"]);
    const { setCookies } = await one.signIn.login("user-token", fromPage());
    await expect(other.signIn.refresh(fromPage(setCookies))).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
    expect(await other.signIn.findViewer(fromPage(setCookies))).toBeNull();
    expect(other.xkit.requests).toEqual([]);
  });
});

const isCleared = (setCookies: string[]): boolean => setCookies.length === 2 && setCookies.every((header) => header.includes("Max-Age=0"));
const FAILED = "a session at the upstream could not be ended: it lasts until it expires";

describe("signing out at an upstream", () => {
  it.each([
    ["has ended already", 401, []],
    ["does not exist any more", 404, []],
    ["cannot be ended now", 503, [FAILED]],
  ])("clears the cookies of a session that %s (%i)", async (_why, status, logged) => {
    const { xkit, signIn, warned } = await start();
    answerSession(xkit, LOGIN, ["sid=1"]);
    const { setCookies } = await signIn.login("user-token", fromPage());
    xkit.on(LOGOUT, (_request, response) => sendJson(response, status, { error: "No." }));
    expect(isCleared((await signIn.logout(fromPage(setCookies))).setCookies)).toBe(true);
    expect(warned).toEqual(logged);
  });

  it("clears the cookies while the upstream is away", async () => {
    const { xkit, signIn, warned } = await start();
    answerSession(xkit, LOGIN, ["sid=1"]);
    const { setCookies } = await signIn.login("user-token", fromPage());
    await xkit.server.close();
    expect(isCleared((await signIn.logout(fromPage(setCookies))).setCookies)).toBe(true);
    expect(warned).toEqual([FAILED]);
  });
});

describe("signing in at an upstream", () => {
  it("starts no session where the upstream does not say whose the token is", async () => {
    const { xkit, signIn } = await start();
    answerSession(xkit, LOGIN, ["sid=1"]);
    xkit.on("GET /platform_user/session", (_request, response) => sendJson(response, 503, { error: "Busy" }));
    await expect(signIn.login("user-token", fromPage())).rejects.toMatchObject({ code: "TEMPORARILY_UNAVAILABLE" });
    expect(xkit.requests).not.toContain(LOGIN);
  });

  it("ends the new session where its answer cannot be read", async () => {
    const { xkit, signIn } = await start();
    xkit.on(LOGIN, (_request, response) => sendJson(response, 200, { access_token: 7 }, { "set-cookie": "sid=1" }));
    await expect(signIn.login("user-token", fromPage())).rejects.toMatchObject({ code: "UPSTREAM_UNAVAILABLE" });
    expect([xkit.requests.at(-1), cookiesSent(xkit)]).toEqual([LOGOUT, ["sid=1"]]);
  });

  it("ends the new session where it is another user's", async () => {
    const { xkit, signIn } = await start();
    answerSession(xkit, LOGIN, ["sid=1"]);
    xkit.on("GET /platform_user/session", ({ headers }, response) =>
      sendJson(response, 200, sessionOf(headers.authorization === "Bearer user-token" ? "ada" : "bob", null)),
    );
    await expect(signIn.login("user-token", fromPage())).rejects.toMatchObject({ code: "UPSTREAM_UNAVAILABLE" });
    expect([xkit.requests.at(-1), cookiesSent(xkit)]).toEqual([LOGOUT, ["sid=1"]]);
  });

  it("ends the browser's session before, and succeeds where that fails", async () => {
    const { xkit, signIn, warned } = await start();
    answerSession(xkit, LOGIN, ["sid=1"]);
    const { setCookies } = await signIn.login("user-token", fromPage());
    xkit.on(LOGOUT, (_request, response) => sendJson(response, 500, { error: "Broken" }));
    expect(await signIn.login("user-token", fromPage(setCookies))).toMatchObject({ session: { viewer: { userId: "ada" } } });
    expect([xkit.requests.at(-1), cookiesSent(xkit)]).toEqual([LOGOUT, ["sid=1"]]);
    expect(warned).toEqual([FAILED]);
  });
});
