import { createServer, type RequestListener } from "node:http";
import { describe, expect, it } from "vitest";
import { startAuthorizationServer } from "../../test/support/authorization-server.ts";
import { type Account, accountOf } from "./account.ts";
import { createProvider, declaredSources, type OAuthProvider } from "./provider.ts";
import type { UserInfoRequest } from "./provider-requests.ts";
import { readStated } from "./stated-values.ts";
import { fetchStated, type StatedRequest } from "./userinfo.ts";

const facts = { authorizationEndpoint: "https://as.test/authorize", tokenEndpoint: "https://as.test/token" };

const byGet = { method: "GET", headers: {}, body: null, scheme: "Bearer" } as const;

const fetchAccount = async (request: StatedRequest): Promise<Account | null> => accountOf(request.provider, await fetchStated(request));

async function ask(listener: RequestListener, more: Partial<OAuthProvider> = {}, timeoutMs = 5_000, asked: Partial<UserInfoRequest> = {}) {
  const stub = createServer(listener);
  await new Promise<void>((resolve) => stub.listen(0, "127.0.0.1", resolve));
  const address = stub.address();
  const port = typeof address === "object" ? address?.port : 0;
  const provider = createProvider({ ...facts, userInfo: [{ ...byGet, url: `http://127.0.0.1:${port}/who`, ...asked }], ...more });
  return fetchAccount({ provider, accessToken: "token", timeoutMs }).finally(() => (stub.close(), stub.closeAllConnections()));
}

describe("fetchStated", () => {
  it("names the account an access token belongs to", async () => {
    const server = await startAuthorizationServer();
    const { accessToken } = server.controls.issueTokens({ id: "u1", label: "u1@example.test" });
    expect(await fetchAccount({ provider: server.provider, accessToken })).toMatchObject({ id: "u1", label: "u1@example.test" });
    await server.close();
  });

  it("keeps every digit of a long id", async () => {
    expect(await ask((_request, response) => response.end('{"id":9007199254740993}'))).toMatchObject({ id: "9007199254740993" });
  });

  it("asks the way the provider wants to be asked", async () => {
    const seen: unknown[] = [];
    const account = await ask(
      async (request, response) => {
        const chunks = await request.toArray();
        seen.push(request.method, request.headers.authorization, request.headers["x-version"], Buffer.concat(chunks).toString());
        response.end(JSON.stringify({ data: { viewer: { id: 7, email: "a@b.test" } } }));
      },
      {
        accountIdPaths: ["data.viewer.id"],
        accountLabelPaths: ["data.viewer.email"],
      },
      5_000,
      { method: "POST", body: '{"query":"{ viewer { id email } }"}', headers: { "X-Version": "2" } },
    );
    expect(account).toMatchObject({ id: "7", label: "a@b.test" });
    expect(seen).toEqual(["POST", "Bearer token", "2", '{"query":"{ viewer { id email } }"}']);
  });

  it.each<[string, RequestListener]>([
    ["401", (_request, response) => response.writeHead(401, { "www-authenticate": "Bearer" }).end()],
    ["garbage", (_request, response) => response.end("<html>")],
    ["a redirect", (_request, response) => response.writeHead(302, { location: "/" }).end()],
    ["an empty object", (_request, response) => response.end("{}")],
    ["a cut connection", (request) => request.destroy()],
  ])("is null after %s", async (_name, listener) => {
    expect(await ask(listener)).toBeNull();
  });

  it("is null when no answer comes in time, or there is no endpoint", async () => {
    expect(await ask(() => {}, {}, 50)).toBeNull();
    expect(await fetchAccount({ provider: createProvider(facts), accessToken: "t" })).toBeNull();
    expect(
      await fetchAccount({ provider: createProvider({ ...facts, userInfo: [{ ...byGet, url: "http://as.test/" }] }), accessToken: "t" }),
    ).toBeNull();
  });
});

describe("accountOf", () => {
  const provider = createProvider(facts);
  const accountFromClaims = (of: OAuthProvider, claims: unknown, knownIdPath: string | null = null) =>
    accountOf(of, readStated("userinfo", claims, [...declaredSources(of), ...(knownIdPath === null ? [] : [knownIdPath])]), knownIdPath);

  it.each([
    [
      { sub: "s", email: "e", name: "n" },
      { id: "s", label: "e" },
    ],
    [
      { id: 12, login: "octo", name: "n" },
      { id: "12", label: "octo" },
    ],
    [
      { sub: "", id: "i", email: null, name: " n\u0000 " },
      { id: "i", label: "n" },
    ],
    [{ name: "n" }, { id: null, label: "n" }],
    [{ sub: { nested: 1 } }, null],
    [{ sub: "x".repeat(321) }, null],
    [null, null],
    ["text", null],
  ])("reads %j", (claims, account) => {
    const read = accountFromClaims(provider, claims);
    expect(read && { id: read.id, label: read.label }).toEqual(account);
  });

  it("names the path of the id, and what another path holds", () => {
    const claims = { sub: "s", id: 7, email: "e" };
    expect(accountFromClaims(provider, claims, "id")).toEqual({ id: "s", label: "e", idPath: "sub", idAtKnownPath: "7" });
    expect(accountFromClaims(provider, { email: "e" }, "gone")).toEqual({ id: null, label: "e", idPath: null, idAtKnownPath: null });
  });

  it("does not read prototypes", () => {
    expect(accountFromClaims(createProvider({ ...facts, accountIdPaths: ["constructor.name"] }), {})).toBeNull();
  });
});
