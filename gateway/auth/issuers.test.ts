import { createHmac } from "node:crypto";
import { exportSPKI, importJWK } from "jose";
import { describe, expect, it } from "vitest";
import { bearer, createKey, issue, openStore, PUBLIC_URL, seconds, startAuth, startIssuer, type TestKey } from "../../test/support/auth.ts";
import { createManualClock } from "../upstream-suite/manual-clock.ts";
import { GENERIC, key, setUp, viewer } from "../../test/support/issuer.ts";
import { createIssuers } from "./issuers.ts";

describe("a JWT of a configured issuer", () => {
  it("provisions its user at first use, with group and name", async () => {
    const { auth, askWith } = await setUp();
    expect(await askWith({ org: "acme", email: "ada@example.com" })).toMatchObject(viewer("ada", "acme", "ada@example.com"));
    expect(await auth.users.find("ada")).toEqual({ id: "ada", groupId: "acme", name: "ada@example.com" });
    expect(await auth.users.findGroup("acme")).toEqual({ id: "acme" });
  });

  it("is accepted with any configured algorithm", async () => {
    const { issuer, askWith } = await setUp();
    const keys = [await createKey("rsa"), await createKey("ec", "ES256"), await createKey("ed", "EdDSA")];
    issuer.publish(...keys);
    for (const key of keys) expect(await askWith({}, key)).toMatchObject(viewer("ada"));
  });

  it("is read by the configured claims", async () => {
    const { askWith } = await setUp({ userIdClaim: "https://example.com/uid", audience: null, groupIdClaim: null, nameClaim: null });
    expect(await askWith({ "https://example.com/uid": 42, aud: "anything", org: "acme", email: "x" })).toMatchObject(viewer("42"));
  });

  it("gives its users and groups ids with its issuer's prefixes, which no other source can give", async () => {
    const { askWith } = await setUp({ userIdPrefix: "idp:", groupIdPrefix: "org:" });
    expect(await askWith({ org: "acme" })).toMatchObject(viewer("idp:ada", "org:acme"));
    expect(await askWith({ org: null })).toMatchObject(viewer("idp:ada", null));
    await expect(askWith({ sub: "x".repeat(255) })).rejects.toMatchObject(GENERIC);
  });

  it("costs one signature check, and no write, however often it is used", async () => {
    const { auth, issuer, key, clock, ask } = await setUp();
    const token = await issue(key, clock, { org: "acme" });
    await ask(token);
    const news: string[] = [];
    auth.database.changes.listen((topic) => news.push(topic));
    for (let count = 0; count < 10; count += 1) await ask(token);
    expect(news).toEqual([]);
    expect(issuer.fetches()).toBe(1);
  });
});

const hmacWithPublicKey = async (key: TestKey, clock: { now(): number }) => {
  const publicKey = await importJWK(key.publicJwk);
  if (publicKey instanceof Uint8Array) throw new Error("expected a public key");
  const now = clock.now() / 1_000;
  const parts = [
    { alg: "HS256", kid: "k1" },
    { iss: "https://id.example.com/", aud: "xkit", sub: "ada", iat: now, exp: now + 300 },
  ];
  const text = parts.map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  return `${text}.${createHmac("sha256", await exportSPKI(publicKey))
    .update(text)
    .digest("base64url")}`;
};
const unsigned = (token: string) => {
  const header = Buffer.from(JSON.stringify({ alg: "none", kid: "k1" })).toString("base64url");
  return `${header}.${token.split(".")[1]}.`;
};

describe("a JWT is refused with a generic sentence, and the reason in the log only", () => {
  type Make = (key: TestKey, clock: ReturnType<typeof createManualClock>) => Promise<string>;
  const cases: [string, RegExp, Make][] = [
    ["from another iss", /not a JWT of a configured issuer/, (key, clock) => issue(key, clock, { iss: "https://evil.example.com/" })],
    ["without iss", /not a JWT of a configured issuer/, (key, clock) => issue(key, clock, { iss: undefined })],
    ["for another aud", /"aud"/, (key, clock) => issue(key, clock, { aud: "else" })],
    ["without aud", /"aud"/, (key, clock) => issue(key, clock, { aud: undefined })],
    ["signed by another key of the same kid", /signature verification failed/, async (_key, clock) => issue(await createKey("k1"), clock)],
    ["signed by an unknown key", /no applicable key/, async (_key, clock) => issue(await createKey("k2"), clock)],
    ["with alg none", /Algorithm/, async (key, clock) => unsigned(await issue(key, clock))],
    ["with HS256 and the public key as secret", /Algorithm/, hmacWithPublicKey],
    ["with an algorithm that is not configured", /Algorithm/, async (_key, clock) => issue(await createKey("k1", "ES384"), clock)],
    ["that has expired", /"exp"/, (key, clock) => issue(key, clock, { exp: clock.now() / 1_000 - 31 })],
    ["that is not yet valid", /"nbf"/, (key, clock) => issue(key, clock, { nbf: clock.now() / 1_000 + 31 })],
    ["that was issued later than now", /"iat" is in the future/, (key, clock) => issue(key, clock, { iat: clock.now() / 1_000 + 31 })],
    ["without exp", /"exp"/, (key, clock) => issue(key, clock, { exp: undefined })],
    ["without iat", /"iat"/, (key, clock) => issue(key, clock, { iat: undefined })],
    ["without the user-id claim", /user id claim "sub"/, (key, clock) => issue(key, clock, { sub: undefined })],
    ["with an empty user id", /user id claim "sub"/, (key, clock) => issue(key, clock, { sub: "" })],
    ["with a user id of 300 characters", /user id claim "sub"/, (key, clock) => issue(key, clock, { sub: "x".repeat(300) })],
    ["with a group claim that is a list", /group claim "org"/, (key, clock) => issue(key, clock, { org: ["acme"] })],
  ];

  it.each(cases)("%s", async (_title, reason, make) => {
    const { auth, clock, key, ask } = await setUp();
    const token = await make(key, clock);
    await expect(ask(token)).rejects.toMatchObject(GENERIC);
    expect(auth.warnings).toMatchObject([{ facts: { reason: expect.stringMatching(reason) } }]);
    expect(JSON.stringify(auth.warnings)).not.toContain(token.split(".")[1]);
    expect(await auth.users.find("ada")).toBeNull();
  });

  it("when a claim is named like a property of every object", async () => {
    const { askWith } = await setUp({ userIdClaim: "constructor" });
    await expect(askWith({})).rejects.toMatchObject(GENERIC);
  });

  it("when it has 100 kB, before it is parsed or keys are fetched", async () => {
    const { auth, issuer, key, clock, ask } = await setUp();
    const token = await issue(key, clock, { padding: "x".repeat(75_000) });
    expect(token.length).toBeGreaterThan(100_000);
    await expect(ask(token)).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
    await expect(auth.signIn.login(token, bearer("x"))).rejects.toMatchObject(GENERIC);
    expect(auth.warnings).toMatchObject([{ facts: { reason: "it is longer than 16 KiB" } }]);
    expect(issuer.fetches()).toBe(0);
  });

  it("only where its times are more than 30 seconds off", async () => {
    const { clock, askWith } = await setUp();
    const now = clock.now() / 1_000;
    expect(await askWith({ exp: now - 29 })).toMatchObject(viewer("ada"));
    expect(await askWith({ nbf: now + 29, sub: "grace" })).toMatchObject(viewer("grace"));
  });

  it("when it expires after it was accepted", async () => {
    const { clock, key, ask } = await setUp();
    const token = await issue(key, clock);
    await ask(token);
    clock.advance(seconds(330));
    await expect(ask(token)).rejects.toMatchObject(GENERIC);
  });
});

describe("moving between groups", () => {
  it("follows the claim of a newer token, and the old token then has the new group", async () => {
    const { clock, key, ask } = await setUp();
    const old = await issue(key, clock, { org: "acme" });
    expect(await ask(old)).toMatchObject(viewer("ada", "acme"));
    clock.advance(seconds(10));
    expect(await ask(await issue(key, clock, { org: "globex" }))).toMatchObject(viewer("ada", "globex"));
    expect(await ask(old)).toMatchObject(viewer("ada", "globex"));
  });

  it("out of every group follows a token without the claim, or with an empty one", async () => {
    const { clock, askWith } = await setUp();
    for (const claims of [{}, { org: null }, { org: "" }]) {
      expect(await askWith({ org: "acme" })).toMatchObject(viewer("ada", "acme"));
      clock.advance(seconds(1));
      expect(await askWith(claims)).toMatchObject(viewer("ada", null));
      clock.advance(seconds(1));
    }
  });

  it("does not follow tokens of an issuer without a group claim", async () => {
    const { auth, askWith } = await setUp({ groupIdClaim: null });
    await auth.users.provision({ id: "ada", groupId: "acme" });
    expect(await askWith({ org: "globex" })).toMatchObject(viewer("ada", "acme"));
  });

  it("by the platform outranks a token issued before", async () => {
    const { auth, clock, key, ask } = await setUp();
    const old = await issue(key, clock, { org: "acme" });
    await ask(old);
    clock.advance(seconds(5));
    await auth.provisionUser({ id: "ada", groupId: null });
    expect(await ask(old)).toMatchObject(viewer("ada", null));
  });

  it("by the platform outranks a token of the same second, and one that an issuer's fast clock dates later", async () => {
    const { auth, clock, key, ask, askWith } = await setUp();
    await askWith({ org: "acme" });
    clock.advance(seconds(60));
    const now = clock.now() / 1_000;
    const before = await Promise.all([0, 1, 30].map((ahead) => issue(key, clock, { org: "acme", iat: now + ahead })));
    await auth.provisionUser({ id: "ada", groupId: null });
    for (const token of before) expect(await ask(token)).toMatchObject(viewer("ada", null));
    clock.advance(seconds(31));
    for (const token of before) expect(await ask(token)).toMatchObject(viewer("ada", null));
    expect(await askWith({ org: "acme" })).toMatchObject(viewer("ada", "acme"));
  });
});

describe("several issuers", () => {
  it("may share an iss when their audiences differ", async () => {
    const clock = createManualClock();
    const web = await startIssuer({ audience: "web" });
    web.publish(key);
    const mobile = { ...web.config, audience: "mobile", userIdClaim: "uid" };
    const auth = await startAuth(await openStore(clock), clock, { issuers: [web.config, mobile] });
    expect(await auth.authenticate(bearer(await issue(key, clock, { aud: ["other", "web"] })))).toMatchObject(viewer("ada"));
    expect(await auth.authenticate(bearer(await issue(key, clock, { aud: "mobile", uid: "grace" })))).toMatchObject(viewer("grace"));
  });

  it("may not be the same twice, nor the gateway itself", async () => {
    const { config } = await startIssuer();
    const options = { publicUrl: PUBLIC_URL, clock: createManualClock(), log: { warn: () => {} } };
    expect(() => createIssuers([config, config], options)).toThrow(TypeError);
    expect(() => createIssuers([{ ...config, issuer: PUBLIC_URL }], options)).toThrow(TypeError);
  });
});
