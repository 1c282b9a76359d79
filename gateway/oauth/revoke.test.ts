import { createServer } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type AuthorizationServer, startAuthorizationServer } from "../../test/support/authorization-server.ts";
import type { RevocationRequest } from "./provider-requests.ts";
import { refreshTokens } from "./refresh.ts";
import { revokeToken } from "./revoke.ts";

let server: AuthorizationServer;
beforeAll(async () => {
  server = await startAuthorizationServer();
});
afterAll(() => server.close());

/** A revocation endpoint with one answer. */
async function answering(status: number, body: string, check: (endpoint: string) => Promise<void>): Promise<void> {
  const stub = createServer((_request, response) => response.writeHead(status, { "content-type": "application/json" }).end(body));
  await new Promise<void>((resolve) => stub.listen(0, "127.0.0.1", resolve));
  const address = stub.address();
  const port = typeof address === "object" ? address?.port : 0;
  await check(`http://127.0.0.1:${port}/revoke`).finally(() => (stub.close(), stub.closeAllConnections()));
}

/** The standard's request, to another address. */
const at = (url: string): RevocationRequest => ({ url, method: "POST", body: "form", auth: "client", params: null });

const revoke = (token: string, revocation = server.provider.revocation) =>
  revokeToken({
    provider: { ...server.provider, revocation },
    client: server.client,
    refreshToken: token,
    accessToken: null,
    timeoutMs: 5_000,
  });

describe("revokeToken", () => {
  it("ends the grant of a refresh token", async () => {
    const { refreshToken, accessToken } = server.controls.issueTokens();
    expect(await revoke(refreshToken)).toEqual({ ok: true });
    expect(server.liveAccessTokens()).not.toContain(accessToken);
    const refreshed = await refreshTokens({ provider: server.provider, client: server.client, refreshToken });
    expect(refreshed).toMatchObject({ ok: false, kind: "revoked" });
  });

  it("fails with unsupported where the provider cannot revoke", async () => {
    expect(await revoke("token", null)).toMatchObject({ ok: false, code: "unsupported" });
  });

  it("fails with invalid_client when the client is refused", async () => {
    const client = { ...server.client, clientSecret: "wrong secret" };
    expect(await revokeToken({ provider: server.provider, client, refreshToken: "t", accessToken: null })).toMatchObject({
      ok: false,
      code: "invalid_client",
    });
  });

  it.each([
    [204, "", { ok: true }],
    [400, '{"error":"invalid_token"}', { ok: true }],
    [400, '{"error":"unsupported_token_type"}', { ok: false, code: "unsupported_token_type" }],
    [400, "not json", { ok: false, code: "http_400" }],
    [302, "", { ok: false, code: "http_302" }],
    [503, "", { ok: false, code: "http_503" }],
    [999, "Denied", { ok: false, code: "http_599" }],
  ])("takes %i %j for %j", async (status, body, result) => {
    await answering(status, body, async (endpoint) => expect(await revoke("0123456789", at(endpoint))).toMatchObject(result));
  });

  it("never repeats the token", async () => {
    const body = JSON.stringify({ error: "invalid_request", error_description: "bad: the-secret-token" });
    await answering(400, body, async (endpoint) =>
      expect(JSON.stringify(await revoke("the-secret-token", at(endpoint)))).not.toContain("the-secret"),
    );
  });

  it.each([
    ["as the bearer", { auth: "bearer" }],
    ["in a parameter", { params: { access_token: "{access_token}" } }],
  ] as const)("sends no refresh token where the provider wants the access token %s", async (_where, dialect) => {
    expect(await revoke("refresh-token", { ...at("http://127.0.0.1:1/revoke"), ...dialect })).toMatchObject({ code: "unsupported" });
  });

  it("is a result, not an exception, when the provider cannot be reached", async () => {
    expect(await revoke("token", at("http://127.0.0.1:1/revoke"))).toMatchObject({ ok: false });
  });
});
