import { createHash } from "node:crypto";
import { EventEmitter, once } from "node:events";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type AuthorizationServer, startAuthorizationServer } from "./authorization-server.ts";

const redirectUri = "http://127.0.0.1:1/callback";
let nowMs = 1_000_000;
let server: AuthorizationServer;
beforeEach(async () => {
  server = await startAuthorizationServer({ accessTokenSeconds: 60, now: () => nowMs });
});
afterEach(() => server.close());

function token(params: Record<string, string>) {
  const credentials = { client_id: server.client.clientId, client_secret: server.client.clientSecret ?? "" };
  return fetch(server.provider.tokenEndpoint, {
    method: "POST",
    body: new URLSearchParams({ ...credentials, ...params }),
    redirect: "manual",
  });
}

const refresh = (refreshToken: string) => token({ grant_type: "refresh_token", refresh_token: refreshToken });
const me = (accessToken: string) => fetch(server.apiUrl, { headers: { authorization: `Bearer ${accessToken}` } });

function authorizeUrl(more: Record<string, string> = {}) {
  const params = {
    response_type: "code",
    client_id: server.client.clientId,
    redirect_uri: redirectUri,
    state: "s",
    scope: "read",
    ...more,
  };
  return `${server.provider.authorizationEndpoint}?${new URLSearchParams(params)}`;
}

describe("the authorization server", () => {
  it("sends the browser back with code, state and iss", async () => {
    const callback = await server.authorize(authorizeUrl());
    expect(`${callback.origin}${callback.pathname}`).toBe(redirectUri);
    expect(Object.fromEntries(callback.searchParams)).toEqual({ code: expect.stringMatching(/^code_/), state: "s", iss: server.url });
  });

  it("redeems a code once, for the right redirect URI and the right verifier", async () => {
    const challenge = { code_challenge: createHash("sha256").update("v").digest("base64url"), code_challenge_method: "S256" };
    const code = (await server.authorize(authorizeUrl(challenge))).searchParams.get("code") ?? "";
    const redeem = (more: object) =>
      token({ grant_type: "authorization_code", code, redirect_uri: redirectUri, code_verifier: "v", ...more });
    expect((await redeem({ code_verifier: "w" })).status).toBe(400);
    expect((await redeem({ redirect_uri: "http://127.0.0.1:1/other" })).status).toBe(400);
    expect((await redeem({})).status).toBe(200);
    expect(server.liveAccessTokens()).toHaveLength(1);
    expect((await redeem({})).status).toBe(400);
    expect(server.liveAccessTokens()).toEqual([]);
  });

  it("says whose token it is until the token expires", async () => {
    server.controls.account = { id: "u2", label: "two" };
    const { accessToken } = server.controls.issueTokens();
    expect(await (await me(accessToken)).json()).toEqual({ id: "u2", label: "two" });
    nowMs += 60_000;
    expect((await me(accessToken)).status).toBe(401);
  });

  it("rotates refresh tokens, and revokes the grant when one comes back", async () => {
    const { refreshToken } = server.controls.issueTokens();
    expect((await refresh(refreshToken)).status).toBe(200);
    expect(await (await refresh(refreshToken)).json()).toEqual({ error: "invalid_grant" });
    expect(server.liveAccessTokens()).toEqual([]);
    expect(server.refreshCount()).toBe(2);
  });

  it("holds requests until the test releases them", async () => {
    const hold = server.controls.hold();
    const pending = Array.from({ length: 20 }, () => refresh(server.controls.issueTokens().refreshToken));
    await hold.arrived(20);
    expect(server.refreshCount()).toBe(0);
    hold.release();
    expect((await Promise.all(pending)).every(({ ok }) => ok)).toBe(true);
  });

  it("misbehaves once for each order, then as always, then not at all", async () => {
    server.controls.next({ status: 500 }, { status: 429, headers: { "retry-after": "1" }, body: { error: "slow_down" } });
    server.controls.always({ status: 502 });
    const { refreshToken } = server.controls.issueTokens();
    const statuses = [await refresh(refreshToken), await refresh(refreshToken), await refresh(refreshToken)].map(({ status }) => status);
    server.controls.always(null);
    expect([...statuses, (await refresh(refreshToken)).status]).toEqual([500, 429, 502, 200]);
  });

  it("rotates before it loses an answer, and not before it cuts the connection", async () => {
    const { refreshToken } = server.controls.issueTokens();
    server.controls.next("cut", "lose");
    await expect(refresh(refreshToken)).rejects.toThrow("fetch failed");
    expect(server.refreshCount()).toBe(0);
    await expect(refresh(refreshToken)).rejects.toThrow("fetch failed");
    expect(server.refreshCount()).toBe(1);
  });

  it("never processes a request whose client stopped waiting", async () => {
    server.controls.next("hang");
    const controller = new AbortController();
    const hold = server.controls.hold();
    const pending = fetch(server.provider.tokenEndpoint, {
      method: "POST",
      body: new URLSearchParams({ grant_type: "refresh_token", refresh_token: server.controls.issueTokens().refreshToken }),
      signal: controller.signal,
    });
    await hold.arrived(1);
    controller.abort();
    await expect(pending).rejects.toThrow("aborted");
    // A request on another connection is answered only after the closing of the first one was noticed.
    await fetch(server.url);
    server.controls.release();
    await fetch(server.url);
    expect(server.refreshCount()).toBe(0);
  });

  it("waits for a promise of the test, and then misbehaves as ordered", async () => {
    const signal = new EventEmitter();
    server.controls.next({ until: once(signal, "go"), next: "omit-expires-in" });
    const pending = refresh(server.controls.issueTokens().refreshToken);
    signal.emit("go");
    expect(await (await pending).json()).not.toHaveProperty("expires_in");
  });

  it("revokes grants and access tokens on the test's order", async () => {
    const [one, two] = [server.controls.issueTokens({ id: "1", label: "1" }), server.controls.issueTokens({ id: "2", label: "2" })];
    server.controls.revokeGrants("1");
    expect(server.liveAccessTokens()).toEqual([two.accessToken]);
    server.controls.expireAccessTokens();
    expect(server.liveAccessTokens()).toEqual([]);
    expect((await refresh(one.refreshToken)).status).toBe(400);
    expect((await refresh(two.refreshToken)).status).toBe(200);
  });

  it("keeps secrets out of what it records, and remembers all it issued", async () => {
    const { refreshToken, accessToken } = server.controls.issueTokens();
    await refresh(refreshToken);
    expect(JSON.stringify(server.tokenRequests)).not.toContain(refreshToken);
    expect(JSON.stringify(server.tokenRequests)).not.toContain(server.client.clientSecret);
    expect([...server.issuedSecrets]).toEqual(expect.arrayContaining([refreshToken, accessToken, server.client.clientSecret]));
  });

  it("ends older access tokens on a refresh where the test asks for it", async () => {
    const github = await startAuthorizationServer({ refreshKillsAccessTokens: true, rotate: false, refreshTokenSeconds: 600 });
    const { refreshToken } = github.controls.issueTokens();
    const body = new URLSearchParams({ grant_type: "refresh_token", refresh_token: refreshToken, client_id: github.client.clientId });
    body.set("client_secret", github.client.clientSecret ?? "");
    const answer: unknown = await (await fetch(github.provider.tokenEndpoint, { method: "POST", body })).json();
    expect(answer).toMatchObject({ refresh_token: refreshToken, refresh_token_expires_in: 600 });
    expect(github.liveAccessTokens()).toHaveLength(1);
    await github.close();
  });
});
