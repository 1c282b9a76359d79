import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type AuthorizationServer, startAuthorizationServer } from "../../test/support/authorization-server.ts";
import { standardProvider } from "./provider.ts";
import { createRefresher } from "../../test/support/refresher.ts";

let server: AuthorizationServer;
beforeEach(async () => {
  server = await startAuthorizationServer({ recordSecrets: true });
});
afterEach(() => server.close());

const { refresh, succeed, fail } = createRefresher(() => server);

describe("a refresh", () => {
  it("yields fresh tokens in one shape", async () => {
    const tokens = await succeed();
    expect(tokens).toEqual({
      accessToken: server.liveAccessTokens().at(-1),
      refreshToken: expect.stringMatching(/^refresh_/),
      tokenType: "bearer",
      expiresInSeconds: 3600,
      refreshExpiresInSeconds: null,
      scopes: ["read", "write"],
      stated: {},
      misread: [],
    });
  });

  it("answers null for what the provider's answer leaves out", async () => {
    server.controls.next({ answer: { refresh_token: undefined, expires_in: undefined, scope: undefined } });
    expect(await succeed()).toMatchObject({ refreshToken: null, expiresInSeconds: null, scopes: null });
  });

  it.each([[""], [" "], [[]]])("takes a scope of %j as no statement about scopes", async (scope) => {
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

  it("keeps hyphens, dots and underscores of a client id in a Basic header", async () => {
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
    const facts = {
      tokenRequest: { ...standardProvider.tokenRequest, body: "json" },
      tokenParams: { exchange: {}, refresh: { expires_in: 300 } },
      clientIdParam: "client_key",
    } as const;
    await succeed({ facts: { ...facts, clientAuthentication: "client_secret_post" } });
    const [request] = server.tokenRequests;
    expect(request?.contentType).toBe("application/json");
    expect(request?.params).toMatchObject({ expires_in: "300", client_key: server.client.clientId, grant_type: "refresh_token" });
    expect(request?.params).not.toHaveProperty("client_id");
  });

  it("accepts Slack's answer where it is declared", async () => {
    server.controls.next({ status: 200, body: { ok: true, access_token: "xoxe-1", token_type: "bot", scope: "a,b" } });
    expect(await succeed({ facts: { assumedTokenType: "bearer", errorsInOkBody: true, scopeSeparator: "," } })).toMatchObject({
      accessToken: "xoxe-1",
      tokenType: "bearer",
      scopes: ["a", "b"],
    });
  });

  it("accepts GitHub's answer, which is a form", async () => {
    const form = { "content-type": "application/x-www-form-urlencoded" };
    server.controls.next({ status: 200, headers: form, body: "access_token=gho_1&scope=repo&token_type=bearer&expires_in=28800" });
    expect(await succeed()).toMatchObject({ accessToken: "gho_1", expiresInSeconds: 28_800 });
  });

  it.each(["text/html; charset=utf-8", "text/plain", "application/json"])("reads a form body that is sent as %s", async (type) => {
    const body = "access_token=gho_1&refresh_token=ghr_2&token_type=bearer&expires_in=28800";
    server.controls.next({ status: 200, headers: { "content-type": type }, body });
    expect(await succeed()).toMatchObject({ accessToken: "gho_1", refreshToken: "ghr_2", expiresInSeconds: 28_800 });
  });

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

  it.each([undefined, "user", "", 7])("takes a token_type of %j as bearer", async (token_type) => {
    server.controls.next({ answer: { token_type } });
    expect(await succeed()).toMatchObject({ tokenType: "bearer", refreshToken: expect.stringMatching(/^refresh_/) });
  });

  it("takes the tokens of an answer that has an error beside them", async () => {
    server.controls.next({ answer: { expires_in: 190 } }, { answer: { ok: false } });
    const facts = { errorsInOkBody: true, errors: [{ on: "any", match: ["190"], means: "revoked" } as const] };
    expect(await succeed({ facts })).toMatchObject({ expiresInSeconds: 190 });
    expect(await succeed({ facts })).toMatchObject({ expiresInSeconds: 3600 });
  });

  it("refuses plain http to another machine", async () => {
    await expect(refresh({ facts: { tokenEndpoint: "http://as.test/token" } })).rejects.toThrow(TypeError);
  });
});

describe("two refreshes of one rotating token", () => {
  it("lose the whole grant when they are sent at once", async () => {
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
