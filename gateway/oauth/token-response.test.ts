import { describe, expect, it } from "vitest";
import { createProvider, type OAuthProvider } from "./provider.ts";
import type { ErrorRule } from "./provider-requests.ts";
import { normalizeTokenResponse } from "./token-response.ts";

const askedAt = Date.parse("2026-01-01T00:00:00Z");
const provider = (facts: Partial<OAuthProvider> = {}) =>
  createProvider({ authorizationEndpoint: "https://as.test/authorize", tokenEndpoint: "https://as.test/token", ...facts });
const answer = (text: string, status = 200, facts: Partial<OAuthProvider> = {}) =>
  ({ operation: "exchange", provider: provider(facts), status, text, askedAt }) as const;
const ruleFor = (code: string): ErrorRule => ({ on: "any", match: [code], means: "revoked" });
const read = (facts: Partial<OAuthProvider>, body: unknown, status = 200) =>
  normalizeTokenResponse(answer(JSON.stringify(body), status, facts));

describe("normalizeTokenResponse, tokens", () => {
  it("does not change a standard answer", () => {
    const body = { access_token: "a", token_type: "Bearer", expires_in: 3600, refresh_token: "r", scope: "one two" };
    expect(read({}, body)).toEqual({ status: 200, body });
  });

  it("reads a form-encoded answer", () => {
    const body = normalizeTokenResponse(answer("access_token=a&token_type=bearer&scope=repo"))?.body;
    expect(body).toEqual({ access_token: "a", token_type: "bearer", scope: "repo" });
  });

  it.each([
    ["a line break", "a\nb"],
    ["a NUL", "a\u0000"],
    ["a DEL", "a\u007f"],
    ["a C1 control", "a\u0085b"],
    ["an ellipsis", "abc…"],
    ["more than 64 KiB", "a".repeat(65_537)],
    ["more than 64 KiB in UTF-8", "é".repeat(32_769)],
  ])("answers null for an access token with %s, which no header holds", (_what, accessToken) => {
    for (const operation of ["exchange", "refresh"] as const) {
      const tokens = { access_token: accessToken, token_type: "bearer", refresh_token: "r" };
      expect(normalizeTokenResponse({ ...answer(JSON.stringify(tokens)), operation })).toBeNull();
      expect(
        normalizeTokenResponse({ ...answer(JSON.stringify({ data: tokens }), 200, { tokenResponsePath: "data" }), operation }),
      ).toBeNull();
    }
  });

  it("takes an access token of 64 KiB", () => {
    const access_token = "a".repeat(65_536);
    expect(read({}, { access_token, token_type: "bearer" })?.body).toEqual({ access_token, token_type: "bearer" });
  });

  it("takes any 2xx for success", () => {
    expect(read({}, { access_token: "a", token_type: "bearer" }, 201)?.status).toBe(200);
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

  it("takes the tokens at the top where the path leads to an object without any, and names the path", () => {
    const body = { access_token: "bot", token_type: "bearer", authed_user: { id: "U1" } };
    expect(read({ tokenResponsePath: "authed_user" }, body)?.body).toMatchObject({ access_token: "bot", misread: "authed_user" });
  });

  it("never pairs the access token of one place with the refresh token of another", () => {
    const body = { access_token: "bot", refresh_token: "bot", authed_user: { access_token: "user", token_type: "bearer" } };
    expect(read({ tokenResponsePath: "authed_user" }, body)?.body).not.toHaveProperty("refresh_token");
  });
});

describe("normalizeTokenResponse, errors", () => {
  it("does not change a standard error", () => {
    const body = { error: "invalid_grant", error_description: "gone" };
    expect(read({}, body, 400)).toEqual({ status: 400, body });
  });

  it.each([
    ["in status", { status: "BAD_REFRESH_TOKEN", message: "gone" }],
    ["in error", { error: "BAD_REFRESH_TOKEN", message: "gone" }],
    ["inside error", { error: { code: "BAD_REFRESH_TOKEN" }, message: "gone" }],
  ])("translates a declared provider code %s", (_name, body) => {
    const facts = { errors: [ruleFor("BAD_REFRESH_TOKEN")] };
    expect(read(facts, body, 400)).toEqual({ status: 400, body: { error: "invalid_grant", error_description: "gone" } });
  });

  it("translates a number as well", () => {
    expect(read({ errors: [ruleFor("190")] }, { error: { code: 190 } }, 400)?.body["error"]).toBe("invalid_grant");
  });

  it("does not take a member of Object.prototype for a declared code", () => {
    expect(read({}, { error: "constructor" }, 400)?.body["error"]).toBe("constructor");
  });

  it.each([{ error: "bad_refresh_token" }, { ok: false, error: "bad_refresh_token" }])(
    "sees an error with status 200 where it is declared",
    (body) => {
      const facts = { errorsInOkBody: true, errors: [ruleFor("bad_refresh_token")] };
      expect(read(facts, body)).toEqual({ status: 400, body: { error: "invalid_grant" } });
    },
  );

  it("sees ok false without a reason", () => {
    expect(read({ errorsInOkBody: true }, { ok: false })?.body).toEqual({ error: "unknown_error" });
  });

  it("does not see an error with status 200 where none is declared", () => {
    expect(read({}, { error: "invalid_grant" })).toEqual({ status: 200, body: {} });
  });

  it.each(["", "not json", "[]", "null", '"text"', "<html>"])("answers null for %j", (text) => {
    expect(normalizeTokenResponse(answer(text))).toBeNull();
    expect(normalizeTokenResponse(answer(text, 400))).toBeNull();
  });
});
