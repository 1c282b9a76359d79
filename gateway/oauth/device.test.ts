/** The device flow before oidc-provider, a certified authorization server. */
import { Provider } from "oidc-provider";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createServer, type Server } from "node:http";
import { requestDeviceCode, requestDeviceTokens } from "./device.ts";
import { createProvider, type OAuthClient, type OAuthProvider } from "./provider.ts";
import { refreshTokens } from "./refresh.ts";

const client: OAuthClient = { clientId: "device-client", clientSecret: "a secret with spaces & signs" };

let server: Server;
let authorizationServer: Provider;
let provider: OAuthProvider;
beforeAll(async () => {
  server = createServer((request, response) => void authorizationServer.callback()(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}`;
  authorizationServer = new Provider(url, {
    clients: [
      {
        client_id: client.clientId,
        client_secret: client.clientSecret ?? "",
        grant_types: ["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"],
        redirect_uris: [],
        response_types: [],
      },
    ],
    features: { deviceFlow: { enabled: true }, devInteractions: { enabled: false } },
    ttl: { DeviceCode: 600, Grant: 600, AccessToken: 600, RefreshToken: 600, IdToken: 600 },
    scopes: ["openid", "offline_access"],
    findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    issueRefreshToken: () => true,
  });
  provider = createProvider({
    grantType: "device_code",
    authorizationEndpoint: "",
    deviceAuthorizationEndpoint: `${url}/device/auth`,
    tokenEndpoint: `${url}/token`,
    issuer: url,
  });
});
afterAll(() => new Promise<void>((resolve) => (server.close(() => resolve()), server.closeAllConnections())));

const ask = (other: Partial<OAuthProvider> = {}, by = client) =>
  requestDeviceCode({ provider: { ...provider, ...other }, client: by, scopes: ["openid", "offline_access"] });

const exchange = (deviceCode: string) => requestDeviceTokens({ provider, client, deviceCode, askedAt: Date.now() });

async function start() {
  const result = await ask();
  if (!result.ok) throw new Error(result.message);
  const code = await authorizationServer.DeviceCode.findByUserCode(result.device.userCode.replaceAll("-", ""));
  if (!code) throw new Error("The server has no such code.");
  return { ...result.device, code };
}

describe("requestDeviceCode", () => {
  it("asks for a code as its client", async () => {
    const { origin } = new URL(provider.tokenEndpoint);
    expect(await ask()).toEqual({
      ok: true,
      device: {
        deviceCode: expect.stringMatching(/^.{20,}$/),
        userCode: expect.stringMatching(/^[A-Z]{4}-[A-Z]{4}$/),
        verificationUri: `${origin}/device`,
        verificationUriComplete: expect.stringMatching(/\/device\?user_code=[A-Z-]+$/),
        expiresInSeconds: 600,
        intervalSeconds: 5,
      },
    });
  });

  it.each([
    [{}, { ...client, clientSecret: "wrong" }, "misconfigured", "invalid_client"],
    [{}, { ...client, clientId: "other" }, "misconfigured", "invalid_client"],
    [{ deviceAuthorizationEndpoint: "http://127.0.0.1:1/device" }, client, "temporary", "unreachable"],
  ])("says what is wrong: %j, %j", async (other, by, kind, code) => {
    const result = await ask(other, by);
    expect(result).toMatchObject({ ok: false, kind, code });
    expect(JSON.stringify(result)).not.toContain("a secret with");
  });

  it("throws for an address that is not https", async () => {
    await expect(ask({ deviceAuthorizationEndpoint: "http://as.example/device" })).rejects.toThrow(TypeError);
  });
});

describe("requestDeviceTokens", () => {
  it("is told to wait until the user has entered the code", async () => {
    expect(await exchange((await start()).deviceCode)).toMatchObject({ ok: false, code: "authorization_pending" });
  });

  it("has tokens once the user has agreed, which can be refreshed", async () => {
    const { deviceCode, code } = await start();
    const grant = new authorizationServer.Grant({ accountId: "ada", clientId: client.clientId });
    grant.addOIDCScope("openid offline_access");
    Object.assign(code, { accountId: "ada", grantId: await grant.save(), scope: "openid offline_access", authTime: 1, claims: {} });
    await code.save();
    const result = await exchange(deviceCode);
    expect(result).toMatchObject({
      ok: true,
      tokens: { tokenType: "bearer", scopes: ["openid", "offline_access"], stated: { sub: "ada" } },
    });
    const refreshToken = (result.ok && result.tokens.refreshToken) || "";
    expect(await refreshTokens({ provider, client, refreshToken })).toMatchObject({ ok: true });
    expect(await exchange(deviceCode)).toMatchObject({ ok: false, kind: "revoked", code: "invalid_grant" });
  });

  it("is told that the user has said no", async () => {
    const { deviceCode, code } = await start();
    Object.assign(code, { error: "access_denied", errorDescription: "no" });
    await code.save();
    expect(await exchange(deviceCode)).toMatchObject({ ok: false, kind: "denied", code: "access_denied" });
  });

  it("is told that the code is none", async () => {
    expect(await exchange("made-up-and-long-enough-to-be-a-code-of-the-server")).toMatchObject({ ok: false, kind: "revoked" });
  });
});
