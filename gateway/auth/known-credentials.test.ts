import { describe, expect, it } from "vitest";
import {
  APP_ORIGIN,
  bearer,
  createKey,
  hours,
  issue,
  minutes,
  openStore,
  requestWith,
  startAuth,
  startIssuer,
  startTwoAuths,
  type TestAuth,
} from "../../test/support/auth.ts";
import { createManualClock } from "../upstream-suite/manual-clock.ts";
import { createKnownCredentials } from "./known-credentials.ts";

const basic = (pair: string, headers: Record<string, string> = {}) =>
  requestWith({ authorization: `Basic ${Buffer.from(pair).toString("base64")}`, ...headers });

async function setUp() {
  const clock = createManualClock();
  const [auth, other] = await startTwoAuths(clock);
  const signIn = async (id = "ada") =>
    bearer((await auth.signIn.login((await auth.provisionUser({ id })).token, requestWith({}))).session.token);
  return { clock, auth, other, signIn };
}

/** Shows it once, so that it is known. */
async function knownTo(auth: TestAuth, request: Request): Promise<Request> {
  await auth.authenticate(request);
  expect(auth.recall(request)).not.toBeNull();
  return request;
}

describe("a user's bearer", () => {
  it("is known after it was accepted, as the same principal each time", async () => {
    const { auth, signIn } = await setUp();
    const request = await signIn();
    expect(auth.recall(request)).toBeNull();
    const principal = await auth.authenticate(request);
    expect(principal).toMatchObject({ kind: "user", viewer: { userId: "ada" } });
    expect(auth.recall(request)).toBe(principal);
    expect(await auth.authenticate(request)).toBe(principal);
  });

  it("is known no longer than it is valid", async () => {
    const { clock, auth, signIn } = await setUp();
    const request = await knownTo(auth, await signIn());
    clock.advance(minutes(10) - 1);
    expect(auth.recall(request)).not.toBeNull();
    clock.advance(1_000);
    expect(auth.recall(request)).toBeNull();
  });

  it.each<[string, (auth: TestAuth, sessionId: string) => Promise<unknown>]>([
    ["its session has ended", (auth, sessionId) => auth.sessions.end(sessionId)],
    ["its user's tokens are revoked", (auth) => auth.users.revoke("ada")],
    ["its user is in another group", (auth) => auth.users.provision({ id: "ada", groupId: "acme" })],
    ["a key is rotated", (auth) => auth.signingKeys.rotate()],
  ])("is found out again at once, in every process, when %s", async (_what, change) => {
    const { auth, other, signIn } = await setUp();
    const request = await knownTo(auth, await signIn());
    await knownTo(other, request);
    const principal = auth.recall(request);
    await change(auth, (principal?.kind === "user" && principal.sessionId) || "");
    expect([auth.recall(request), other.recall(request)]).toEqual([null, null]);
  });

  it("stays known when another user changes", async () => {
    const { auth, signIn } = await setUp();
    const request = await knownTo(auth, await signIn());
    await auth.users.provision({ id: "ben", groupId: "acme" });
    expect(auth.recall(request)).not.toBeNull();
  });

  it("of an issuer is known until its keys have to be looked at", async () => {
    const clock = createManualClock();
    const [issuer, key] = [await startIssuer(), await createKey("k1")];
    issuer.publish(key);
    const auth = await startAuth(await openStore(clock), clock, { issuers: [issuer.config] });
    const request = bearer(await issue(key, clock, { exp: clock.now() / 1_000 + 7_200 }));
    await auth.authenticate(request);
    await knownTo(auth, request);
    clock.advance(minutes(10) + 1);
    expect(auth.recall(request)).toBeNull();
    clock.advance(hours(2));
    await expect(auth.authenticate(request)).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
  });
});

describe("a server's key pair", () => {
  async function setUpKey() {
    const setting = await setUp();
    const { id, secret } = await setting.auth.apiKeys.create(null);
    return { ...setting, id, secret, pair: `${id}:${secret}` };
  }

  it("is known after it was accepted, and no pair that differs", async () => {
    const { auth, id, secret, pair } = await setUpKey();
    await knownTo(auth, basic(pair));
    const wrong = [`${id}:${secret.slice(0, -1)}${secret.endsWith("A") ? "B" : "A"}`, `${id}:${secret}A`, `${id}:`, id];
    for (const each of wrong) {
      expect(auth.recall(basic(each))).toBeNull();
      await expect(auth.authenticate(basic(each))).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
    }
    expect(auth.recall(basic(pair))).toEqual({ kind: "platform", keyId: id });
  });

  it("is refused at once, in every process, when it is revoked", async () => {
    const { auth, other, id, pair } = await setUpKey();
    const request = await knownTo(auth, basic(pair));
    // That it was used is written behind the answer, which empties the other process's cache.
    await auth.apiKeys.settle();
    await knownTo(other, request);
    await auth.apiKeys.revoke(id);
    for (const each of [auth, other]) {
      expect(each.recall(basic(pair))).toBeNull();
      await expect(each.authenticate(basic(pair))).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
    }
  });

  it("is refused in a web page, also when it is known", async () => {
    const { auth, pair } = await setUpKey();
    await knownTo(auth, basic(pair));
    for (const headers of [{ origin: APP_ORIGIN }, { "sec-fetch-site": "same-origin" }])
      await expect(auth.authenticate(basic(pair, headers))).rejects.toMatchObject({ code: "FORBIDDEN" });
  });

  it("is recorded as used when it is known", async () => {
    const { clock, auth, id, pair } = await setUpKey();
    await knownTo(auth, basic(pair));
    clock.advance(minutes(6));
    auth.recall(basic(pair));
    await auth.apiKeys.settle();
    expect((await auth.apiKeys.list()).find((key) => key.id === id)?.lastUsedAt).toEqual(new Date(clock.now()));
  });
});

it("what was found out while something changed is not kept", async () => {
  const clock = createManualClock();
  const { changes, write } = await openStore(clock);
  const known = createKnownCredentials({ changes, clock });
  const server = { kind: "platform", keyId: "pk" } as const;
  const { keepServer } = known.begin();
  await write(["api-key:pk"], () => Promise.resolve());
  keepServer("pair", server);
  expect(known.findServer("pair")).toBeNull();
  known.begin().keepServer("pair", server);
  expect(known.findServer("pair")).toBe(server);
});
