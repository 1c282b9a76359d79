import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type AuthorizationServer, startAuthorizationServer } from "../../test/support/authorization-server.ts";
import { createAuthorizationRequest, createVerifier } from "./authorize.ts";
import { type CodeExchange, exchangeCode } from "./exchange.ts";
import type { OAuthProvider } from "./provider.ts";
import type { TokenFailure } from "./result.ts";

const redirectUri = "http://127.0.0.1:1/callback/demo";

let server: AuthorizationServer;
beforeAll(async () => {
  server = await startAuthorizationServer();
});
afterAll(() => server.close());

/** Goes to the provider and comes back: an exchange that is ready to be made. */
async function comeBack(facts: Partial<OAuthProvider> = {}): Promise<CodeExchange> {
  const provider = { ...server.provider, ...facts };
  const [state, verifier] = [randomUUID(), createVerifier()];
  const url = await createAuthorizationRequest({ provider, client: server.client, redirectUri, scopes: ["read"], state, verifier });
  const { searchParams } = await server.authorize(url);
  return { provider, client: server.client, redirectUri, callbackParams: searchParams, expectedState: state, verifier };
}

async function comeBackWithoutIssuer(facts: Partial<OAuthProvider>): Promise<CodeExchange> {
  const exchange = await comeBack(facts);
  exchange.callbackParams.delete("iss");
  return exchange;
}

async function fail(exchange: CodeExchange): Promise<TokenFailure> {
  const result = await exchangeCode(exchange);
  if (result.ok) throw new Error("The exchange succeeded.");
  for (const secret of server.issuedSecrets) expect(JSON.stringify(result)).not.toContain(secret);
  return result;
}

describe("exchangeCode", () => {
  it("turns a callback into tokens", async () => {
    const result = await exchangeCode(await comeBack());
    expect(result).toMatchObject({ ok: true, tokens: { tokenType: "bearer", expiresInSeconds: 3600, scopes: ["read"] } });
  });

  it("works without PKCE where the provider cannot do it", async () => {
    expect(await exchangeCode(await comeBack({ pkce: false }))).toMatchObject({ ok: true });
  });

  it("does not change the callback's parameters", async () => {
    const exchange = await comeBack({ issuer: null });
    const before = exchange.callbackParams.toString();
    await exchangeCode(exchange);
    expect(exchange.callbackParams.toString()).toBe(before);
  });

  it("reads the claims of an ID token made for this client", async () => {
    const { UnsecuredJWT } = await import("jose");
    const id_token = new UnsecuredJWT({ sub: "u1" }).setIssuer(server.url).setAudience(server.client.clientId).encode();
    const exchange = await comeBack();
    server.controls.next({ answer: { id_token } });
    expect(await exchangeCode(exchange)).toMatchObject({ ok: true, tokens: { stated: { sub: "u1" } } });
  });
});

describe("a callback that does not belong to the attempt", () => {
  it.each([
    ["state_mismatch", { state: "another" }],
    ["state_mismatch", { state: null }],
    ["issuer_mismatch", { iss: "https://evil.test" }],
    ["missing_code", { code: null }],
    ["missing_code", { code: "" }],
  ])("is invalid (%s) with %j, and nothing is sent", async (code, change) => {
    const exchange = await comeBack();
    const before = server.tokenRequests.length;
    for (const [name, value] of Object.entries(change))
      if (value === null) exchange.callbackParams.delete(name);
      else exchange.callbackParams.set(name, value);
    expect(await fail(exchange)).toMatchObject({ kind: "invalid", code });
    expect(server.tokenRequests).toHaveLength(before);
  });

  it.each([
    ["state", "state_mismatch"],
    ["iss", "issuer_mismatch"],
    ["code", "invalid_callback"],
  ])("is invalid when %s comes twice", async (name, code) => {
    const exchange = await comeBack();
    exchange.callbackParams.append(name, "again");
    expect(await fail(exchange)).toMatchObject({ kind: "invalid", code });
  });

  it("is invalid even when it carries an error, so that no other party can end the attempt", async () => {
    server.controls.denyNext();
    const exchange = await comeBack();
    expect(await fail({ ...exchange, expectedState: "another" })).toMatchObject({ kind: "invalid", code: "state_mismatch" });
  });
});

describe("iss (RFC 9207)", () => {
  it("may be missing unless the provider is declared to send it always", async () => {
    expect(await exchangeCode(await comeBackWithoutIssuer({}))).toMatchObject({ ok: true });
    expect(await fail(await comeBackWithoutIssuer({ requiresIssuerParameter: true }))).toMatchObject({
      kind: "invalid",
      code: "issuer_mismatch",
    });
  });

  it("is not checked when the issuer is unknown", async () => {
    expect(await exchangeCode(await comeBack({ issuer: null }))).toMatchObject({ ok: true });
  });
});

describe("an error of the provider at the callback", () => {
  it.each([
    ["denied", "access_denied"],
    ["denied", "login_required"],
    ["misconfigured", "invalid_scope"],
    ["misconfigured", "unauthorized_client"],
    ["temporary", "temporarily_unavailable"],
    ["temporary", "server_error"],
    ["denied", "user_cancelled_login"],
    ["denied", "something_else"],
  ])("is %s for %s", async (kind, error) => {
    server.controls.denyNext(error, "because");
    expect(await fail(await comeBack())).toMatchObject({ kind, code: error, message: expect.stringContaining(`(${error}, "because")`) });
  });

  it.each([
    [{ error_code: "200", error_message: "Permissions error" }, '(200, "Permissions error")'],
    [{ error_reason: "user_denied" }, '(user_denied, "user_denied")'],
    [{ error: "access_denied", error_reason: "user_denied" }, '(access_denied, "user_denied")'],
    [{ error_description: "The user cancelled" }, '(unknown_error, "The user cancelled")'],
  ])("is read from %j as well", async (told, words) => {
    server.controls.denyNext();
    const exchange = await comeBack();
    for (const name of ["error", "error_description"]) exchange.callbackParams.delete(name);
    for (const [name, value] of Object.entries(told)) exchange.callbackParams.set(name, value);
    expect(await fail(exchange)).toMatchObject({ kind: "denied", message: expect.stringContaining(words) });
  });

  it("is translated when it is the provider's own", async () => {
    server.controls.denyNext("user_cancelled_login");
    expect(await fail(await comeBack({ errors: [{ on: "authorize", match: ["user_cancelled_login"], means: "denied" }] }))).toMatchObject({
      kind: "denied",
      code: "access_denied",
    });
  });
});

describe("an exchange the token endpoint refuses", () => {
  it("is revoked for a code used twice, with a message for an exchange", async () => {
    const exchange = await comeBack();
    await exchangeCode(exchange);
    expect(await fail(exchange)).toMatchObject({
      kind: "revoked",
      message: "The provider did not accept the authorization code (invalid_grant): start connecting again.",
    });
  });

  it("is revoked for another verifier or another redirect URI", async () => {
    expect(await fail({ ...(await comeBack()), verifier: createVerifier() })).toMatchObject({ code: "invalid_grant" });
    expect(await fail({ ...(await comeBack()), redirectUri: `${redirectUri}2` })).toMatchObject({ code: "invalid_grant" });
  });

  it.each([undefined, "user"])("is temporary for a token_type of %j, which a refresh would accept", async (token_type) => {
    const exchange = await comeBack();
    server.controls.next({ answer: { token_type } });
    expect(await fail(exchange)).toMatchObject({ kind: "temporary", code: "unparsable", missing: "token_type" });
  });

  it("never repeats the code or the verifier", async () => {
    const exchange = await comeBack();
    const code = exchange.callbackParams.get("code") ?? "";
    server.controls.next({ status: 400, body: { error: "invalid_grant", error_description: `${code} ${exchange.verifier}` } });
    const failure = await fail(exchange);
    expect(failure.message).toContain('"[redacted] [redacted]"');
  });
});

describe("an answer with several kinds of token", () => {
  const userKind = { path: "authed_user.access_token", refreshPath: "authed_user.refresh_token", scopePath: "authed_user.scope" };
  const tokenKinds = {
    bot: { path: "access_token", refreshPath: "refresh_token", scopePath: "scope", tokenType: null, scopeParam: null },
    user: { ...userKind, tokenType: "bearer", scopeParam: "user_scope" },
  };
  const ofUser = { access_token: "user-access", refresh_token: "user-refresh", scope: "me", expires_in: 60 };

  async function exchange(facts: Partial<OAuthProvider>, answer: Record<string, unknown>) {
    const ready = await comeBack({ tokenKinds, tokenKind: "bot", ...facts });
    server.controls.next({ answer });
    return exchangeCode(ready);
  }

  it("holds each by its kind", async () => {
    const result = await exchange({}, { authed_user: ofUser });
    expect(result).toMatchObject({
      ok: true,
      tokens: {
        scopes: ["read"],
        further: {
          user: { accessToken: "user-access", refreshToken: "user-refresh", scopes: ["me"], expiresInSeconds: 60, tokenType: "bearer" },
        },
      },
    });
  });

  it("holds none of a kind that is not there", async () => {
    const result = await exchange({}, { authed_user: { id: "U1" } });
    expect(result.ok && result.tokens.further).toBeUndefined();
  });

  it("holds none that goes into no header, and names it", async () => {
    const result = await exchange({}, { authed_user: { ...ofUser, access_token: "a\nb" } });
    expect(result).toMatchObject({ ok: true, tokens: { misread: ["authed_user.access_token"] } });
    expect(result.ok && result.tokens.further).toBeUndefined();
  });

  it("gives no token of another kind for the one that is missing", async () => {
    expect(await exchange({ tokenKind: "user" }, {})).toMatchObject({ ok: false, missing: "access_token" });
    expect(await exchange({ tokenKind: "user" }, { authed_user: ofUser })).toMatchObject({
      ok: true,
      tokens: { accessToken: "user-access" },
    });
  });

  it("repeats no token of any kind in the words of an error", async () => {
    const ready = await comeBack({ tokenKinds, tokenKind: "bot", errorsInOkBody: true });
    server.controls.next({ answer: { error: "failed", error_description: "of user-access", authed_user: ofUser } });
    expect(JSON.stringify(await exchangeCode(ready))).not.toContain("user-access");
  });
});
