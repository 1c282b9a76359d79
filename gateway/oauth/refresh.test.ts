import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type AuthorizationServer, startAuthorizationServer } from "../../test/support/authorization-server.ts";
import type { OAuthClient, OAuthProvider } from "./provider.ts";
import { refreshTokens } from "./refresh.ts";
import type { TokenFailure, TokenSet } from "./result.ts";

const TIMEOUT_MS = 5_000;
const SHORT_TIMEOUT_MS = 50;

let server: AuthorizationServer;
beforeEach(async () => {
  server = await startAuthorizationServer({ recordSecrets: true });
});
afterEach(() => server.close());

interface Given {
  facts?: Partial<OAuthProvider>;
  client?: OAuthClient;
  refreshToken?: string;
  scopes?: Record<"requested" | "granted", string[]>;
  secrets?: string[];
  timeoutMs?: number;
  signal?: AbortSignal;
}

const refresh = ({ facts, refreshToken = server.controls.issueTokens().refreshToken, ...given }: Given = {}) =>
  refreshTokens({
    provider: { ...server.provider, ...facts },
    client: server.client,
    refreshToken,
    timeoutMs: TIMEOUT_MS,
    ...given,
  });

async function succeed(given?: Given): Promise<TokenSet> {
  const result = await refresh(given);
  if (!result.ok) throw new Error(result.message);
  return result.tokens;
}

async function fail(given?: Given): Promise<TokenFailure> {
  const result = await refresh(given);
  if (result.ok) throw new Error("The refresh succeeded.");
  for (const secret of server.issuedSecrets) expect(JSON.stringify(result)).not.toContain(secret);
  return result;
}

describe("a refresh", () => {
  it("yields fresh tokens in one shape", async () => {
    const tokens = await succeed();
    expect(tokens).toEqual({
      accessToken: server.liveAccessTokens().at(-1),
      refreshToken: expect.stringMatching(/^refresh_/),
      tokenType: "bearer",
      expiresInSeconds: 3600,
      scopes: ["read", "write"],
      idTokenClaims: null,
      misread: [],
    });
  });

  it("says null for what the answer leaves out", async () => {
    server.controls.next({ answer: { refresh_token: undefined, expires_in: undefined, scope: undefined } });
    expect(await succeed()).toMatchObject({ refreshToken: null, expiresInSeconds: null, scopes: null });
  });

  it.each([[""], [" "], [[]]])("takes a scope of %j for no word about scopes", async (scope) => {
    server.controls.next({ answer: { scope } });
    expect((await succeed()).scopes).toBeNull();
  });

  it("goes to the refresh endpoint where the provider has one", async () => {
    await succeed({ facts: { refreshEndpoint: server.provider.tokenEndpoint, tokenEndpoint: `${server.url}/nowhere` } });
    expect(server.refreshCount()).toBe(1);
  });

  it("repeats the scopes only where the provider wants them", async () => {
    const scopes = { requested: ["offline_access", "a", "b"], granted: ["a", "b"] };
    await succeed({ scopes });
    await succeed({ scopes, facts: { scopesOnRefresh: "granted", scopeSeparator: "," } });
    await succeed({ scopes, facts: { scopesOnRefresh: "requested" } });
    await succeed({ scopes: { ...scopes, granted: [] }, facts: { scopesOnRefresh: "granted" } });
    expect(server.tokenRequests.map(({ params }) => params["scope"])).toEqual([undefined, "a,b", "offline_access a b", undefined]);
  });

  it.each(["client_secret_basic", "client_secret_post"] as const)(
    "proves the client by %s, whatever characters its secret has",
    async (way) => {
      await succeed({ facts: { clientAuthentication: way } });
      expect(server.tokenRequests[0]?.clientAuthentication).toBe(way);
    },
  );

  it("leaves a client id of hyphens, dots and underscores as it is in a Basic header", async () => {
    server.controls.next({ status: 200, body: { access_token: "a", token_type: "bearer" } });
    await succeed({ client: { clientId: "a-b.c_d", clientSecret: "p+q" } });
    const [scheme, credentials = ""] = server.tokenRequests[0]?.authorization?.split(" ") ?? [];
    expect([scheme, Buffer.from(credentials, "base64").toString()]).toEqual(["Basic", "a-b.c_d:p%2Bq"]);
  });

  it("sends Basic credentials unencoded where that is declared", async () => {
    server.controls.next({ status: 200, body: { access_token: "a", token_type: "bearer" } });
    await succeed({ client: { clientId: "id", clientSecret: "p+q" }, facts: { basicCredentialEncoding: "none" } });
    expect(server.tokenRequests[0]?.authorization).toBe(`Basic ${Buffer.from("id:p+q").toString("base64")}`);
  });

  it.each([null, ""])("sends no client_secret at all when it is %j", async (clientSecret) => {
    await fail({ client: { clientId: server.client.clientId, clientSecret }, facts: { clientAuthentication: "client_secret_post" } });
    expect(server.tokenRequests[0]).toMatchObject({ clientAuthentication: "none", params: { client_id: server.client.clientId } });
  });

  it("sends JSON, extra parameters and another name for the client id where they are declared", async () => {
    server.controls.next({ status: 200, body: { access_token: "a", token_type: "bearer" } });
    const facts = { tokenRequestBody: "json", tokenParams: { expires_in: "300" }, clientIdParam: "client_key" } as const;
    await succeed({ facts: { ...facts, clientAuthentication: "client_secret_post" } });
    const [request] = server.tokenRequests;
    expect(request?.contentType).toBe("application/json");
    expect(request?.params).toMatchObject({ expires_in: "300", client_key: server.client.clientId, grant_type: "refresh_token" });
    expect(request?.params).not.toHaveProperty("client_id");
  });

  it("accepts Slack's and GitHub's way of answering where it is declared", async () => {
    server.controls.next({ status: 200, body: { ok: true, access_token: "xoxe-1", token_type: "bot", scope: "a,b" } });
    expect(await succeed({ facts: { assumedTokenType: "bearer", errorsInOkBody: true, scopeSeparator: "," } })).toMatchObject({
      accessToken: "xoxe-1",
      tokenType: "bearer",
      scopes: ["a", "b"],
    });
    const form = { "content-type": "application/x-www-form-urlencoded" };
    server.controls.next({ status: 200, headers: form, body: "access_token=gho_1&scope=repo&token_type=bearer&expires_in=28800" });
    expect(await succeed()).toMatchObject({ accessToken: "gho_1", expiresInSeconds: 28_800 });
  });

  it.each(["text/html; charset=utf-8", "text/plain", "application/json"])(
    "reads a form body that is sent as %s: it holds a rotated refresh token",
    async (type) => {
      const body = "access_token=gho_1&refresh_token=ghr_2&token_type=bearer&expires_in=28800";
      server.controls.next({ status: 200, headers: { "content-type": type }, body });
      expect(await succeed()).toMatchObject({ accessToken: "gho_1", refreshToken: "ghr_2", expiresInSeconds: 28_800 });
    },
  );

  it("reads a JSON body that is sent as a form", async () => {
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    server.controls.next({ status: 200, headers, body: JSON.stringify({ access_token: "a", refresh_token: "r" }) });
    expect(await succeed()).toMatchObject({ accessToken: "a", refreshToken: "r" });
  });

  it("takes the tokens at the top where the declared path leads to none, and names the path", async () => {
    server.controls.next({ answer: { authed_user: { id: "U1" } } });
    expect(await succeed({ facts: { tokenResponsePath: "authed_user" } })).toMatchObject({
      refreshToken: expect.stringMatching(/^refresh_/),
      misread: ["authed_user"],
    });
  });

  it.each([undefined, "user", "", 7])("takes a token_type of %j for bearer: the old refresh token may be used up", async (token_type) => {
    server.controls.next({ answer: { token_type } });
    expect(await succeed()).toMatchObject({ tokenType: "bearer", refreshToken: expect.stringMatching(/^refresh_/) });
  });

  it("takes the tokens of an answer that has an error beside them", async () => {
    server.controls.next({ answer: { expires_in: 190 } }, { answer: { ok: false } });
    const facts = { errorsInOkBody: true, errorCodes: { 190: "invalid_grant" } };
    expect(await succeed({ facts })).toMatchObject({ expiresInSeconds: 190 });
    expect(await succeed({ facts })).toMatchObject({ expiresInSeconds: 3600 });
  });

  it("refuses plain http to another machine", async () => {
    await expect(refresh({ facts: { tokenEndpoint: "http://as.test/token" } })).rejects.toThrow(TypeError);
  });
});

describe("a failed refresh", () => {
  it("names what the answer lacks", async () => {
    server.controls.next({ status: 200, body: { refresh_token: "r" } });
    expect(await fail()).toMatchObject({ code: "unparsable", delivery: "lost", missing: "access_token" });
  });

  it("is revoked, with the answer in hand, when the refresh token is no longer good", async () => {
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

  it("is temporary when the caller gives up, before or during", async () => {
    expect(await fail({ signal: AbortSignal.abort() })).toMatchObject({ kind: "temporary", code: "aborted" });
    const controller = new AbortController();
    const hold = server.controls.hold();
    const pending = fail({ signal: controller.signal });
    await hold.arrived(1);
    controller.abort();
    expect(await pending).toMatchObject({ code: "aborted" });
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

  it("carries Retry-After of an error in RFC 6749's words, and one given as a date", async () => {
    const inAnHour = new Date(Date.now() + 3_600_000).toUTCString();
    server.controls.next({ status: 400, headers: { "retry-after": inAnHour }, body: { error: "slow_down" } });
    const { retryAfterSeconds } = await fail();
    expect(retryAfterSeconds).toBeGreaterThan(3_500);
    expect(retryAfterSeconds).toBeLessThanOrEqual(3_600);
  });

  it("is revoked by a vendor's own code, and by an error with status 200, where they are declared", async () => {
    const facts = { errorsInOkBody: true, errorCodes: { BAD_REFRESH_TOKEN: "invalid_grant", token_revoked: "invalid_grant" } };
    server.controls.next(
      { status: 400, body: { status: "BAD_REFRESH_TOKEN" } },
      { status: 200, body: { ok: false, error: "token_revoked" } },
    );
    expect((await fail({ facts })).kind).toBe("revoked");
    expect((await fail({ facts })).kind).toBe("revoked");
  });

  it("repeats the vendor's words without the token that came back in them", async () => {
    const { refreshToken } = server.controls.issueTokens();
    const words = `Refresh token "${refreshToken}" of ${encodeURIComponent(server.client.clientSecret ?? "")} is\r\n\u001b[31mdead`;
    server.controls.next({ status: 400, body: { error: "invalid_grant", error_description: words } });
    expect((await fail({ refreshToken })).message).toBe(
      'The provider no longer accepts this connection (invalid_grant, "Refresh token [redacted] of [redacted] is [31mdead"): connect the account again.',
    );
  });

  it("repeats no other secret of the grant either, old or new, though nothing in it looks like a token", async () => {
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

describe("two refreshes of one rotating token", () => {
  it("lose the whole grant, which is why nobody may send two", async () => {
    const { refreshToken } = server.controls.issueTokens();
    const hold = server.controls.hold();
    const both = [refresh({ refreshToken }), refresh({ refreshToken })];
    await hold.arrived(2);
    hold.release();
    const results = await Promise.all(both);
    expect(results.filter(({ ok }) => ok)).toHaveLength(1);
    expect(results.find(({ ok }) => !ok)).toMatchObject({ kind: "revoked" });
    expect(server.liveAccessTokens()).toEqual([]);
  });

  it("both succeed within a grace period, as a retry after a lost answer does", async () => {
    const graceful = await startAuthorizationServer({ graceSeconds: 30 });
    const given = { facts: graceful.provider, refreshToken: graceful.controls.issueTokens().refreshToken };
    graceful.controls.next("lose");
    expect(await fail(given)).toMatchObject({ code: "connection_lost" });
    expect((await refresh(given)).ok).toBe(true);
    expect(graceful.refreshCount()).toBe(2);
    await graceful.close();
  });
});
