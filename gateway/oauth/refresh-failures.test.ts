import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type AuthorizationServer, startAuthorizationServer } from "../../test/support/authorization-server.ts";
import { createRefresher } from "../../test/support/refresher.ts";

const SHORT_TIMEOUT_MS = 50;

let server: AuthorizationServer;
beforeEach(async () => {
  server = await startAuthorizationServer({ recordSecrets: true });
});
afterEach(() => server.close());

const { fail } = createRefresher(() => server);

describe("a failed refresh", () => {
  it("names what the answer lacks", async () => {
    server.controls.next({ status: 200, body: { refresh_token: "r" } });
    expect(await fail()).toMatchObject({ code: "unparsable", delivery: "lost", missing: "access_token" });
  });

  it("is revoked, and was answered, when the refresh token is no longer good", async () => {
    const { refreshToken } = server.controls.issueTokens();
    server.controls.revokeGrants();
    expect(await fail({ refreshToken })).toEqual({
      ok: false,
      kind: "revoked",
      delivery: "answered",
      code: "invalid_grant",
      reason: "invalid_grant",
      isRefusal: true,
      missing: null,
      message: "The provider no longer accepts this connection (invalid_grant): connect the account again.",
      retryAfterSeconds: null,
    });
  });

  it("is misconfigured when the client is refused", async () => {
    const failure = await fail({ client: { clientId: server.client.clientId, clientSecret: "a wrong secret" } });
    expect(failure).toMatchObject({ kind: "misconfigured", code: "invalid_client" });
  });

  const dead = { error: "invalid_grant" };
  it.each([
    ["revoked", "invalid_grant", { status: 400, body: dead }],
    ["revoked", "invalid_grant", { status: 401, body: dead }],
    ["misconfigured", "invalid_client", { status: 400, body: { error: "invalid_client" } }],
    ["misconfigured", "unauthorized_client", { status: 400, body: { error: "unauthorized_client" } }],
    ["misconfigured", "unsupported_grant_type", { status: 400, body: { error: "unsupported_grant_type" } }],
    ["misconfigured", "invalid_scope", { status: 400, body: { error: "invalid_scope" } }],
    ["misconfigured", "invalid_request", { status: 400, body: { error: "invalid_request" } }],
    ["misconfigured", "who_are_you", { status: 401, body: { error: "who_are_you" } }],
    ["misconfigured", "http_401", { status: 401, body: "Unauthorized" }],
    ["revoked", "access_denied", { status: 403, body: { error: "access_denied" } }],
    ["revoked", "consent_required", { status: 400, body: { error: "consent_required" } }],
    ["revoked", "interaction_required", { status: 400, body: { error: "interaction_required" } }],
    ["revoked", "login_required", { status: 400, body: { error: "login_required" } }],
    ["revoked", "invalid_token", { status: 401, body: { error: "invalid_token" } }],
    ["temporary", "quota", { status: 400, body: { error: "quota" } }],
    ["temporary", "http_400", { status: 400, body: "<html>" }],
    ["temporary", "http_403", { status: 403, body: {} }],
    ["temporary", "http_408", { status: 408, body: dead }],
    ["temporary", "http_425", { status: 425, body: dead }],
    ["temporary", "http_429", { status: 429, body: dead }],
    ["temporary", "http_500", { status: 500, body: dead }],
    ["temporary", "http_503", { status: 503, body: "" }],
    ["temporary", "http_999", { status: 999, body: "Denied" }],
    ["temporary", "unparsable", { status: 200, body: dead }],
    ["temporary", "unparsable", { status: 200, body: "not json" }],
    ["temporary", "unparsable", { status: 200, body: [] }],
    ["temporary", "unparsable", { status: 200, body: {} }],
    ["temporary", "unparsable", { status: 200, body: { access_token: "", token_type: "bearer" } }],
    ["temporary", "unparsable", { status: 204, body: "" }],
    ["temporary", "redirected", { status: 307, headers: { location: "/token" }, body: "" }],
    ["temporary", "redirected", "redirect"],
    ["temporary", "too_large", "huge"],
    ["temporary", "connection_lost", "cut"],
    ["temporary", "connection_lost", "lose"],
  ] as const)("is %s (%s) after %j", async (kind, code, misbehaviour) => {
    server.controls.next(misbehaviour);
    expect(await fail()).toMatchObject({ kind, code });
    expect(server.tokenRequests).toHaveLength(1);
  });

  it("is temporary when no answer comes in time", async () => {
    server.controls.next("hang");
    expect(await fail({ timeoutMs: SHORT_TIMEOUT_MS })).toMatchObject({ kind: "temporary", code: "timeout" });
  });

  it("is temporary when the body stops half way", async () => {
    server.controls.next({ status: 200, headers: { "content-length": "1000" }, body: '{"access_token":' });
    expect(await fail({ timeoutMs: SHORT_TIMEOUT_MS })).toMatchObject({ kind: "temporary" });
  });

  it("is temporary when the caller has given up before it", async () => {
    expect(await fail({ signal: AbortSignal.abort() })).toMatchObject({ kind: "temporary", code: "aborted" });
  });

  it("is temporary when the caller gives up during it", async () => {
    const controller = new AbortController();
    const hold = server.controls.hold();
    const pending = fail({ signal: controller.signal });
    await hold.arrived(1);
    controller.abort();
    expect(await pending).toMatchObject({ kind: "temporary", code: "aborted" });
  });

  it("is temporary when the provider cannot be reached", async () => {
    const gone = await startAuthorizationServer();
    await gone.close();
    expect(await fail({ facts: { tokenEndpoint: gone.provider.tokenEndpoint } })).toMatchObject({ code: "unreachable" });
    expect(await fail({ facts: { tokenEndpoint: "https://nowhere.invalid/token" } })).toMatchObject({
      code: "unreachable",
    });
  });

  it.each([429, 503])("carries Retry-After of a %i", async (status) => {
    server.controls.next({ status, headers: { "retry-after": "17" } });
    expect((await fail()).retryAfterSeconds).toBe(17);
  });

  it("carries Retry-After given as a date with an error of RFC 6749", async () => {
    const inAnHour = new Date(Date.now() + 3_600_000).toUTCString();
    server.controls.next({ status: 400, headers: { "retry-after": inAnHour }, body: { error: "slow_down" } });
    const { retryAfterSeconds } = await fail();
    expect(retryAfterSeconds).toBeGreaterThan(3_500);
    expect(retryAfterSeconds).toBeLessThanOrEqual(3_600);
  });

  it.each([
    ["a provider's own code", { status: 400, body: { status: "BAD_REFRESH_TOKEN" } }],
    ["an error with status 200", { status: 200, body: { ok: false, error: "token_revoked" } }],
  ])("is revoked by %s where it is declared", async (_what, answer) => {
    const facts = {
      errorsInOkBody: true,
      errors: [{ on: "any", match: ["BAD_REFRESH_TOKEN", "token_revoked"], means: "revoked" } as const],
    };
    server.controls.next(answer);
    expect((await fail({ facts })).kind).toBe("revoked");
  });

  it("repeats the provider's text without the secrets in it", async () => {
    const { refreshToken } = server.controls.issueTokens();
    const words = `Refresh token "${refreshToken}" of ${encodeURIComponent(server.client.clientSecret ?? "")} is\r\n\u001b[31mdead`;
    server.controls.next({ status: 400, body: { error: "invalid_grant", error_description: words } });
    expect((await fail({ refreshToken })).message).toBe(
      'The provider no longer accepts this connection (invalid_grant, "Refresh token [redacted] of [redacted] is [31mdead"): connect the account again.',
    );
  });

  it("repeats no other secret of the grant, old or new, even if it looks like a word", async () => {
    const [held, renewed] = ["openfieldwithoutdigits", "anotherlongwordofletters"];
    const words = `${held}, ${Buffer.from(held).toString("base64")}, ${renewed.slice(2, 14)}`;
    const body = { error: "invalid_grant", error_description: words, access_token: renewed };
    server.controls.next({ status: 400, body }, { status: 400, body: { ...body, error: renewed } });
    for (let count = 0; count < 2; count += 1) {
      const { reason, message } = await fail({ secrets: [held] });
      expect(`${reason} ${message}`).not.toMatch(/openfield|anotherl|otherlong/);
      expect(`${reason} ${message}`).not.toContain(Buffer.from(held).toString("base64").slice(0, 12));
    }
  });

  it("never repeats a token that came as the error code", async () => {
    const { refreshToken } = server.controls.issueTokens();
    server.controls.next({ status: 400, body: { error: refreshToken } });
    expect(await fail({ refreshToken })).toMatchObject({ code: "unknown_error", kind: "temporary" });
  });
});
