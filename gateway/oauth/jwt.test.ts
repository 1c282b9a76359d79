import { UnsecuredJWT } from "jose";
import { describe, expect, it } from "vitest";
import { idTokenClaims, jwtExpiry } from "./jwt.ts";

describe("jwtExpiry", () => {
  it("reads exp, in seconds since 1970", () => {
    expect(jwtExpiry(new UnsecuredJWT({}).setExpirationTime(1_800_000_000).encode())).toBe(1_800_000_000);
  });

  it("reads exp in milliseconds too", () => {
    expect(jwtExpiry(new UnsecuredJWT({}).setExpirationTime(1_800_000_000_000).encode())).toBe(1_800_000_000);
  });

  it.each(["opaque", "", "a.b.c", new UnsecuredJWT({}).encode()])("is null for %j", (token) => {
    expect(jwtExpiry(token)).toBeNull();
  });
});

describe("idTokenClaims", () => {
  it("keeps every digit of a long id", () => {
    const payload = Buffer.from('{"aud":"client","sub":9007199254740993}').toString("base64url");
    expect(idTokenClaims(`e30.${payload}.`, null, "client")).toMatchObject({ sub: "9007199254740993" });
  });

  const token = new UnsecuredJWT({ email: "a@b.test" }).setIssuer("https://as.test").setAudience(["client"]).encode();

  it("reads claims made by this issuer for this client", () => {
    expect(idTokenClaims(token, "https://as.test", "client")).toMatchObject({ email: "a@b.test" });
    expect(idTokenClaims(token, null, "client")).toMatchObject({ email: "a@b.test" });
  });

  it("ignores claims of another issuer, another audience, or no JWT at all", () => {
    expect(idTokenClaims(token, "https://other.test", "client")).toBeNull();
    expect(idTokenClaims(token, "https://as.test", "other")).toBeNull();
    expect(idTokenClaims("opaque", "https://as.test", "client")).toBeNull();
    expect(idTokenClaims(undefined, null, "client")).toBeNull();
  });
});
