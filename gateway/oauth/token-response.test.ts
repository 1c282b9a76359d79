import { describe, expect, it } from "vitest";
import { createProvider, type OAuthProvider } from "./provider.ts";
import { normalise } from "./token-response.ts";

const json = "application/json";
const provider = (facts: Partial<OAuthProvider> = {}) =>
  createProvider({ authorizationEndpoint: "https://as.test/authorize", tokenEndpoint: "https://as.test/token", ...facts });
const read = (facts: Partial<OAuthProvider>, body: unknown, status = 200) =>
  normalise("exchange", provider(facts), status, json, JSON.stringify(body));

describe("normalise, tokens", () => {
  it("keeps a standard answer as it is", () => {
    const body = { access_token: "a", token_type: "Bearer", expires_in: 3600, refresh_token: "r", scope: "one two" };
    expect(read({}, body)).toEqual({ status: 200, body });
  });

  it("reads a form-encoded answer that says it is one", () => {
    const answer = normalise(
      "exchange",
      provider(),
      200,
      "application/x-www-form-urlencoded; charset=utf-8",
      "access_token=a&token_type=bearer&scope=repo",
    );
    expect(answer?.body).toEqual({ access_token: "a", token_type: "bearer", scope: "repo" });
  });

  it("takes any 2xx for success", () => {
    expect(read({}, { access_token: "a", token_type: "bearer" }, 201)?.status).toBe(200);
  });

  it.each([
    ["a number", 60, 60],
    ["digits", "60", 60],
    ["a fraction", 59.9, 59],
    ["nothing", "", undefined],
    ["null", null, undefined],
    ["zero", 0, 0],
    ["a negative number", -1, 0],
    ["a negative number in a string", "-1", 0],
    ["a huge number", 1e300, 1e300],
  ])("reads expires_in given as %s", (_name, given, seconds) => {
    const body = read({}, { access_token: "a", token_type: "bearer", expires_in: given })?.body;
    expect(body?.["expires_in"]).toBe(seconds);
    expect(body?.["misread"]).toBeUndefined();
  });

  it.each([["soon"], [" "], ["NaN"], ["0x10"], [true], [[60]], [{ seconds: 60 }]])(
    "takes no life from expires_in %j, and says so",
    (given) => {
      const body = read({}, { access_token: "a", token_type: "bearer", expires_in: given })?.body;
      expect(body?.["expires_in"]).toBeUndefined();
      expect(body?.["misread"]).toBe("expires_in");
    },
  );

  it("turns milliseconds into seconds where they are declared", () => {
    const facts = { expiresInUnit: "milliseconds" } as const;
    expect(read(facts, { access_token: "a", token_type: "bearer", expires_in: 900_000 })?.body["expires_in"]).toBe(900);
  });

  it("falls back on the declared life when expires_in is missing", () => {
    const facts = { accessTokenLifetimeSeconds: 7200 };
    expect(read(facts, { access_token: "a", token_type: "bearer" })?.body["expires_in"]).toBe(7200);
    expect(read(facts, { access_token: "a", token_type: "bearer", expires_in: 5 })?.body["expires_in"]).toBe(5);
  });

  it("drops a refresh token that is null or empty", () => {
    for (const refresh_token of [null, ""])
      expect(read({}, { access_token: "a", token_type: "bearer", refresh_token })?.body).not.toHaveProperty("refresh_token");
  });

  it("assumes a token type only where one is declared", () => {
    expect(read({ assumedTokenType: "bearer" }, { access_token: "a", token_type: "bot" })?.body["token_type"]).toBe("bearer");
    expect(read({ assumedTokenType: "bearer" }, { access_token: "a" })?.body["token_type"]).toBe("bearer");
    expect(read({}, { access_token: "a" })?.body).not.toHaveProperty("token_type");
  });

  it.each([
    ["the request's separator", { scopeSeparator: "," }, "a,b"],
    ["a separator of its own", { scopeResponseSeparator: "," }, "a,b"],
    ["a space, which always separates", { scopeSeparator: "," }, "a b"],
    ["a list", {}, ["a", "b"]],
  ])("splits scopes by %s", (_name, facts, scope) => {
    expect(read(facts, { access_token: "x", token_type: "bearer", scope })?.body["scope"]).toBe("a b");
  });

  it("keeps a comma inside a scope where commas do not separate", () => {
    expect(read({}, { access_token: "x", token_type: "bearer", scope: "https://api.test/a,b" })?.body["scope"]).toBe(
      "https://api.test/a,b",
    );
  });

  it("reads the tokens where the provider nests them, and the answer itself where it does not", () => {
    const facts = { tokenResponsePath: "authed_user" };
    const nested = { ok: true, access_token: "bot", token_type: "bot", authed_user: { access_token: "user", token_type: "bearer" } };
    expect(read(facts, nested)?.body["access_token"]).toBe("user");
    expect(read(facts, { access_token: "user", token_type: "bearer" })?.body["access_token"]).toBe("user");
  });

  it("never falls back on another token than the nested one", () => {
    expect(read({ tokenResponsePath: "authed_user" }, { access_token: "bot", authed_user: { id: "U1" } })?.body).not.toHaveProperty(
      "access_token",
    );
  });
});

describe("normalise, errors", () => {
  it("keeps a standard error as it is", () => {
    const body = { error: "invalid_grant", error_description: "gone" };
    expect(read({}, body, 400)).toEqual({ status: 400, body });
  });

  it.each([
    ["in status", { status: "BAD_REFRESH_TOKEN", message: "gone" }],
    ["in error", { error: "BAD_REFRESH_TOKEN", message: "gone" }],
    ["inside error", { error: { code: "BAD_REFRESH_TOKEN" }, message: "gone" }],
  ])("translates a declared vendor code %s", (_name, body) => {
    const facts = { errorCodes: { BAD_REFRESH_TOKEN: "invalid_grant" } };
    expect(read(facts, body, 400)).toEqual({ status: 400, body: { error: "invalid_grant", error_description: "gone" } });
  });

  it("translates a number as well", () => {
    expect(read({ errorCodes: { 190: "invalid_grant" } }, { error: { code: 190 } }, 400)?.body["error"]).toBe("invalid_grant");
  });

  it("does not take a member of Object.prototype for a declared code", () => {
    expect(read({}, { error: "constructor" }, 400)?.body["error"]).toBe("constructor");
  });

  it.each([{ error: "bad_refresh_token" }, { ok: false, error: "bad_refresh_token" }])(
    "sees an error with status 200 where it is declared",
    (body) => {
      const facts = { errorsInOkBody: true, errorCodes: { bad_refresh_token: "invalid_grant" } };
      expect(read(facts, body)).toEqual({ status: 400, body: { error: "invalid_grant" } });
    },
  );

  it("sees ok false without a reason", () => {
    expect(read({ errorsInOkBody: true }, { ok: false })?.body).toEqual({ error: "unknown_error" });
  });

  it("does not see an error with status 200 where none is declared", () => {
    expect(read({}, { error: "invalid_grant" })).toEqual({ status: 200, body: {} });
  });

  it.each(["", "not json", "[]", "null", '"text"', "<html>"])("can say nothing about %j", (text) => {
    expect(normalise("exchange", provider(), 200, json, text)).toBeNull();
    expect(normalise("exchange", provider(), 400, json, text)).toBeNull();
  });
});
