import { createServer, type RequestListener } from "node:http";
import { describe, expect, it } from "vitest";
import { checkToken } from "./check.ts";
import { createProvider } from "./provider.ts";

async function ask(listener: RequestListener) {
  const stub = createServer(listener);
  await new Promise<void>((resolve) => stub.listen(0, "127.0.0.1", resolve));
  const address = stub.address();
  const port = typeof address === "object" ? address?.port : 0;
  const provider = createProvider({
    authorizationEndpoint: "https://as.test/authorize",
    tokenEndpoint: "https://as.test/token",
    userInfo: [{ url: `http://127.0.0.1:${port}/who`, method: "GET", headers: {}, body: null, scheme: "Bearer" }],
  });
  const client = { clientId: "client", clientSecret: "secret" };
  return checkToken({ provider, client, accessToken: "token", timeoutMs: 5_000 }).finally(() => (stub.close(), stub.closeAllConnections()));
}

const unauthorized =
  (challenge: string): RequestListener =>
  (_request, response) =>
    response.writeHead(401, { "www-authenticate": challenge }).end();

describe("checkToken", () => {
  it.each(["Bearer", 'Bearer realm="api", error="invalid_token"', 'Bearer error="invalid_request"'])(
    "takes a 401 with %s for a refusal",
    async (challenge) => {
      expect(await ask(unauthorized(challenge))).toBe("refused");
    },
  );

  it.each(['Bearer error="insufficient_scope", scope="openid"', "Bearer error=temporarily_unavailable", 'DPoP error="use_dpop_nonce"'])(
    "does not take a 401 with %s for a refusal",
    async (challenge) => {
      expect(await ask(unauthorized(challenge))).toBe("unknown");
    },
  );
});
