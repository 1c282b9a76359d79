import { describe, expect, it } from "vitest";
import { accountOf } from "./account.ts";
import { createProvider } from "./provider.ts";
import { readStated } from "./stated-values.ts";

describe("readStated", () => {
  it("reads texts, numbers and booleans by their paths, in lists by index", () => {
    const answer = { team: { id: "T1" }, hub: 7, live: false, list: [{ name: "first" }] };
    const sources = ["token:team.id", "token:hub", "token:live", "token:list.0.name"];
    expect(readStated("token", answer, sources)).toEqual({
      "token:team.id": "T1",
      "token:hub": "7",
      "token:live": "false",
      "token:list.0.name": "first",
    });
    expect(readStated("userinfo", [{ id: "cloud-1" }], ["userinfo:0.id"])).toEqual({ "userinfo:0.id": "cloud-1" });
  });

  it("leaves out what is absent, empty, no value, or longer than 2 KiB", () => {
    const answer = { empty: " ", object: {}, none: null, long: "é".repeat(1_025) };
    expect(readStated("token", answer, ["token:empty", "token:object", "token:none", "token:long", "token:constructor.name"])).toEqual({});
    expect(readStated("token", { long: "x".repeat(2_048) }, ["token:long"])).toHaveProperty("token:long");
  });

  it("reads a path without an origin from userinfo and the ID token, and from nothing else", () => {
    for (const origin of ["userinfo", "id_token"] as const) expect(readStated(origin, { sub: "1" }, ["sub"])).toEqual({ sub: "1" });
    for (const origin of ["token", "callback", "field"] as const) expect(readStated(origin, { sub: "1" }, ["sub"])).toEqual({});
  });

  it("reads a source from its own origin alone", () => {
    expect(readStated("callback", { realmId: "1" }, ["token:realmId", "callback:realmId"])).toEqual({ "callback:realmId": "1" });
  });
});

describe("accountOf", () => {
  const facts = { authorizationEndpoint: "https://as.test/authorize", tokenEndpoint: "https://as.test/token" };
  const provider = createProvider({ ...facts, accountIdPaths: ["token:team.id", "userinfo:sub", "id_token:sub"], accountLabelPaths: [] });

  it("names the source of an id, but userinfo and the ID token, which state the same claims, by the path alone", () => {
    expect(accountOf(provider, { "token:team.id": "T", "userinfo:sub": "s" })).toMatchObject({ id: "T", idPath: "token:team.id" });
    expect(accountOf(provider, { "userinfo:sub": "s" })).toMatchObject({ id: "s", idPath: "sub" });
    expect(accountOf(provider, { "id_token:sub": "s" })).toMatchObject({ id: "s", idPath: "sub" });
  });

  it("finds the id at the path by which the account was known before", () => {
    const stated = { "token:team.id": "T", "id_token:sub": "s", "callback:realm": "r" };
    expect(accountOf(provider, stated, "sub")).toMatchObject({ id: "T", idAtKnownPath: "s" });
    expect(accountOf(provider, stated, "callback:realm")).toMatchObject({ idAtKnownPath: "r" });
    expect(accountOf(provider, stated, "field:shop")).toMatchObject({ idAtKnownPath: null });
  });

  describe("where ids are unique in a realm alone", () => {
    const inRealms = createProvider({ ...facts, accountIdPaths: ["userinfo:id", "field:host"], accountRealm: ["field:host"] });

    it("puts the realm before the id, and never makes the same text of two", () => {
      const account = accountOf(inRealms, { "field:host": "Git.acme.example", "userinfo:id": "5" });
      expect(account).toMatchObject({ id: "git.acme.example/5", idPath: "field:host + id" });
      expect(accountOf(inRealms, { "field:host": "a", "userinfo:id": "b/c" })?.id).toBe("a/b%2Fc");
    });

    it("names an account that is the realm itself once", () => {
      expect(accountOf(inRealms, { "field:host": "acme" })).toMatchObject({ id: "acme", idPath: "field:host" });
    });

    it("knows no account where the realm is not stated", () => {
      expect(accountOf(inRealms, { "userinfo:id": "5", email: "ada@example.test" })).toMatchObject({ id: null, idPath: null });
    });

    it("finds an account that was known before by its id alone, and by another realm", () => {
      const stated = { "field:host": "acme", "userinfo:id": "5", "token:org": "o" };
      expect(accountOf(inRealms, stated, "id")).toMatchObject({ id: "acme/5", idAtKnownPath: "5" });
      expect(accountOf(inRealms, stated, "token:org + id")).toMatchObject({ idAtKnownPath: "o/5" });
    });
  });
});
