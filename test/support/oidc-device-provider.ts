import { createServer } from "node:http";
import { Provider } from "oidc-provider";
import type { OAuthClient } from "../../gateway/oauth/provider.ts";

/** oidc-provider, a certified authorization server, for clients whose users enter a code. */
export interface OidcDeviceProvider {
  readonly url: string;
  readonly client: OAuthClient;
  /** The user `ada` enters the code, and agrees. */
  approve(userCode: string): Promise<void>;
  /** The user enters the code, and says no. */
  deny(userCode: string): Promise<void>;
  close(): Promise<void>;
}

const client: OAuthClient = { clientId: "device-client", clientSecret: "a secret with spaces & signs" };
const SCOPE = "openid offline_access";
const LIFETIME_SECONDS = 600;

/** Starts it on a free port of 127.0.0.1. Codes, tokens and grants live for ten minutes of this machine's time. */
export async function startOidcDeviceProvider(): Promise<OidcDeviceProvider> {
  let provider: Provider | undefined;
  const server = createServer((request, response) => void provider?.callback()(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("The server has no port.");
  const url = `http://127.0.0.1:${address.port}`;
  const lives = ["DeviceCode", "Grant", "AccessToken", "RefreshToken", "IdToken"].map((name) => [name, LIFETIME_SECONDS]);
  const started = new Provider(url, {
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
    ttl: Object.fromEntries(lives),
    scopes: SCOPE.split(" "),
    findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    issueRefreshToken: () => true,
  });
  provider = started;

  async function settle(userCode: string, outcome: object): Promise<void> {
    const code = await started.DeviceCode.findByUserCode(userCode.replaceAll("-", ""));
    if (!code) throw new Error("The server has no such code.");
    Object.assign(code, outcome);
    await code.save();
  }

  return {
    url,
    client,
    async approve(userCode) {
      const grant = new started.Grant({ accountId: "ada", clientId: client.clientId });
      grant.addOIDCScope(SCOPE);
      await settle(userCode, { accountId: "ada", grantId: await grant.save(), scope: SCOPE, authTime: 1, claims: {} });
    },
    deny: (userCode) => settle(userCode, { error: "access_denied", errorDescription: "They said no" }),
    close: () => new Promise<void>((resolve) => (server.close(() => resolve()), server.closeAllConnections())),
  };
}
