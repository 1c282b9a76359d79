import { decodeJwt, decodeProtectedHeader, SignJWT } from "jose";
import { describe, expect, it } from "vitest";
import { days, hours, minutes, openStore, PUBLIC_URL, sealer, seconds, macs } from "../../test/support/auth.ts";
import { createManualClock } from "../upstream-suite/manual-clock.ts";
import { defaultLifetimes } from "./lifetimes.ts";
import { createSigningKeys } from "./signing-keys.ts";
import { createTokens, TOKEN_AUDIENCE } from "./tokens.ts";

const setUp = async () => {
  const clock = createManualClock();
  const database = await openStore(clock);
  const signingKeys = await createSigningKeys({ database, sealer, macs, clock, longestTokenSeconds: 3_600 });
  const create = (publicUrl = PUBLIC_URL) => createTokens({ signingKeys, publicUrl, clock, lifetimes: defaultLifetimes });
  const session = { id: "s1", userId: "ada", expiresAt: new Date(clock.now() + days(30)) };
  const sign = async (header: { typ?: string; kid?: string }, claims: Record<string, unknown> = {}) => {
    const { id, privateJwk } = await signingKeys.current();
    const now = clock.now() / 1_000;
    const all = { iss: PUBLIC_URL, aud: TOKEN_AUDIENCE, sub: "ada", iat: now, exp: now + 60, ...claims };
    return new SignJWT(all).setProtectedHeader({ alg: "EdDSA", kid: id, typ: "user+jwt", ...header }).sign(privateJwk);
  };
  return { clock, database, signingKeys, create, tokens: create(), session, sign };
};

describe("the gateway's own tokens", () => {
  it("are user tokens for an hour", async () => {
    const { clock, tokens } = await setUp();
    const { token, expiresAt } = await tokens.mintUserToken("ada");
    expect(decodeProtectedHeader(token)).toMatchObject({ alg: "EdDSA", typ: "user+jwt" });
    expect(decodeJwt(token)).toMatchObject({ iss: PUBLIC_URL, aud: TOKEN_AUDIENCE, sub: "ada" });
    expect(expiresAt.getTime()).toBe(clock.now() + hours(1));
    expect(await tokens.verify(token)).toMatchObject({ ok: true, userId: "ada", sessionId: null, expiresAt });
  });

  it("are session tokens for ten minutes, which name their session", async () => {
    const { clock, tokens, session } = await setUp();
    const { token, expiresAt } = await tokens.mintSessionToken(session);
    expect(decodeProtectedHeader(token)).toMatchObject({ typ: "session+jwt" });
    expect(expiresAt.getTime()).toBe(clock.now() + minutes(10));
    expect(await tokens.verify(token)).toMatchObject({ ok: true, userId: "ada", sessionId: "s1" });
  });

  it("never outlive their session", async () => {
    const { clock, tokens, session } = await setUp();
    const endingSoon = { ...session, expiresAt: new Date(clock.now() + seconds(30)) };
    expect((await tokens.mintSessionToken(endingSoon)).expiresAt).toEqual(endingSoon.expiresAt);
  });

  it("expire even when they are remembered", async () => {
    const { clock, tokens, session } = await setUp();
    const [user, live] = [(await tokens.mintUserToken("ada")).token, (await tokens.mintSessionToken(session)).token];
    await Promise.all([tokens.verify(user), tokens.verify(live)]);
    clock.advance(minutes(10));
    expect(await tokens.verify(live)).toMatchObject({ ok: false, isExpired: true, kind: "session" });
    clock.advance(minutes(50));
    expect(await tokens.verify(user)).toMatchObject({ ok: false, isExpired: true, kind: "user" });
  });

  it("verify after a rotation until they expire", async () => {
    const { clock, create, tokens, signingKeys } = await setUp();
    const { token } = await tokens.mintUserToken("ada");
    await signingKeys.rotate();
    clock.advance(minutes(59));
    expect(await create().verify(token)).toMatchObject({ ok: true });
    const { token: next } = await tokens.mintUserToken("ada");
    expect(decodeProtectedHeader(next).kid).not.toBe(decodeProtectedHeader(token).kid);
    expect(await tokens.verify(next)).toMatchObject({ ok: true });
  });

  it("are refused once their key is removed from the store, even when they are remembered", async () => {
    const { database, tokens } = await setUp();
    const { token } = await tokens.mintUserToken("ada");
    expect(await tokens.verify(token)).toMatchObject({ ok: true });
    await database.write(["signing-keys"], (transaction) => transaction.deleteFrom("signing_keys").execute());
    expect(await tokens.verify(token)).toMatchObject({ ok: false, isExpired: false });
  });

  it("are refused by a gateway of another URL, even over the same store", async () => {
    const { create, tokens } = await setUp();
    const { token } = await tokens.mintUserToken("ada");
    expect(await create("https://other.example.com").verify(token)).toBeNull();
  });

  it("are refused with another audience, type or key, or without a required claim", async () => {
    const { tokens, sign } = await setUp();
    expect(await tokens.verify(await sign({}))).toMatchObject({ ok: true });
    const bad = await Promise.all([
      sign({}, { aud: "else" }),
      sign({ typ: "JWT" }),
      sign({ kid: "other" }),
      sign({}, { sub: undefined }),
      sign({}, { exp: undefined }),
      sign({ typ: "session+jwt" }),
    ]);
    for (const token of bad) expect(await tokens.verify(token)).toMatchObject({ ok: false, isExpired: false });
  });

  it("are refused when a byte of them is changed", async () => {
    const { tokens } = await setUp();
    const { token } = await tokens.mintUserToken("ada");
    const [header = "", payload = "", signature = ""] = token.split(".");
    const grace = Buffer.from(JSON.stringify({ ...decodeJwt(token), sub: "grace" })).toString("base64url");
    expect(await tokens.verify(`${header}.${grace}.${signature}`)).toMatchObject({ ok: false });
    expect(await tokens.verify(`${header}.${payload}.${"A".repeat(86)}`)).toMatchObject({ ok: false });
    expect(await tokens.verify(`${header}.${payload}.`)).toMatchObject({ ok: false });
  });
});
