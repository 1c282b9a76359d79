/** The device flow before oidc-provider, a certified authorization server. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type OidcDeviceProvider, startOidcDeviceProvider } from "../../test/support/oidc-device-provider.ts";
import { requestDeviceCode, requestDeviceTokens } from "./device.ts";
import { createProvider, type OAuthClient, type OAuthProvider } from "./provider.ts";
import { refreshTokens } from "./refresh.ts";

let server: OidcDeviceProvider;
let client: OAuthClient;
let provider: OAuthProvider;
beforeAll(async () => {
  server = await startOidcDeviceProvider();
  const { url } = server;
  ({ client } = server);
  provider = createProvider({
    grantType: "device_code",
    authorizationEndpoint: "",
    deviceAuthorizationEndpoint: `${url}/device/auth`,
    tokenEndpoint: `${url}/token`,
    issuer: url,
  });
});
afterAll(() => server.close());

const ask = (other: Partial<OAuthProvider> = {}, by: Partial<OAuthClient> = {}) =>
  requestDeviceCode({ provider: { ...provider, ...other }, client: { ...client, ...by }, scopes: ["openid", "offline_access"] });

const exchange = (deviceCode: string) => requestDeviceTokens({ provider, client, deviceCode, askedAt: Date.now() });

async function start() {
  const result = await ask();
  if (!result.ok) throw new Error(result.message);
  return result.device;
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
    [{}, { clientSecret: "wrong" }, "misconfigured", "invalid_client"],
    [{}, { clientId: "other" }, "misconfigured", "invalid_client"],
    [{ deviceAuthorizationEndpoint: "http://127.0.0.1:1/device" }, {}, "temporary", "unreachable"],
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
    const { deviceCode, userCode } = await start();
    await server.approve(userCode);
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
    const { deviceCode, userCode } = await start();
    await server.deny(userCode);
    expect(await exchange(deviceCode)).toMatchObject({ ok: false, kind: "denied", code: "access_denied" });
  });

  it("is told that the code is none", async () => {
    expect(await exchange("made-up-and-long-enough-to-be-a-code-of-the-server")).toMatchObject({ ok: false, kind: "revoked" });
  });
});
