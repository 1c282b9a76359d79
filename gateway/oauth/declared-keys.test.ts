/** What keys of the provider format do to the requests that are sent. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { listen, type ListeningServer, readParams, sendJson } from "../../test/support/server-io.ts";
import { providerSchema } from "../providers/provider.ts";
import { createAuthorizationRequest, createVerifier } from "./authorize.ts";
import { checkToken } from "./check.ts";
import { exchangeCode } from "./exchange.ts";
import { refreshTokens } from "./refresh.ts";
import { requestTokens } from "./request-tokens.ts";
import { revokeToken } from "./revoke.ts";

interface Sent {
  method: string;
  path: string;
  headers: Record<string, unknown>;
  query: Record<string, string>;
  params: Record<string, string>;
}

let server: ListeningServer;
let sent: Sent[];
let userNamedHosts: string[];
beforeEach(async () => {
  sent = [];
  userNamedHosts = [];
  server = await listen(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://127.0.0.1");
    const { method = "", headers } = request;
    sent.push({
      method,
      path: pathname,
      headers: { ...headers },
      query: Object.fromEntries(searchParams),
      params: await readParams(request),
    });
    sendJson(response, 200, { access_token: "access", token_type: "bearer", active: true });
  });
});
afterEach(() => server.close());

const client = { clientId: "c+1", clientSecret: "s+1" };
const limits = { timeoutMs: 5_000 };
const state = createVerifier();

const providerOf = (facts: object) => ({
  ...providerSchema.parse({
    authorization_endpoint: `${server.url}/authorize`,
    token_endpoint: `${server.url}/token`,
    introspection_endpoint: `${server.url}/introspect`,
    ...facts,
    revocation: { url: `${server.url}/revoke`, ...Object(facts).revocation },
  }).protocol,
  userNamedHosts,
});

/** Each request of a provider with these facts. */
const requests = {
  async authorize(facts: object) {
    const asked = { client, redirectUri: "https://gateway.example/callback", scopes: ["a", "b"], state, verifier: createVerifier() };
    const url = await createAuthorizationRequest({ provider: providerOf(facts), ...asked });
    sent.push({ method: "GET", path: url.pathname, headers: {}, query: {}, params: Object.fromEntries(url.searchParams) });
  },
  exchange: (facts: object) =>
    exchangeCode({
      ...limits,
      provider: providerOf(facts),
      client,
      redirectUri: "https://gateway.example/callback",
      callbackParams: new URLSearchParams({ code: "code", state }),
      expectedState: state,
      verifier: createVerifier(),
    }),
  refresh: (facts: object) =>
    refreshTokens({
      ...limits,
      provider: providerOf(facts),
      client,
      refreshToken: "refresh",
      scopes: { requested: ["a", "b"], granted: [] },
    }),
  revoke: (facts: object) => revokeToken({ ...limits, provider: providerOf(facts), client, refreshToken: null, accessToken: "access" }),
  introspect: (facts: object) => checkToken({ ...limits, provider: providerOf(facts), client, accessToken: "access" }),
  alone: (facts: object) =>
    requestTokens({
      ...limits,
      provider: providerOf({ ...facts, kind: "client_credentials" }),
      client,
      scopes: ["a", "b"],
      values: {},
      isTyped: false,
      operation: "exchange",
      askedAt: 0,
    }),
};

type Request = keyof typeof requests;

async function send(request: Request, facts: object): Promise<Sent> {
  await requests[request](facts);
  const [one, ...more] = sent;
  if (one === undefined || more.length > 0) throw new Error(`${sent.length} requests were sent.`);
  return one;
}

const everyBackRequest: Request[] = ["exchange", "refresh", "revoke", "introspect", "alone"];

describe("a host that a user named", () => {
  it.each(everyBackRequest)("is sent nothing where it has a private address: %s", async (request) => {
    userNamedHosts = [new URL(server.url).hostname];
    await requests[request]({});
    expect(sent).toEqual([]);
  });
});

describe("client_id_param", () => {
  it.each<Request>(["authorize", ...everyBackRequest])("names the client id: %s", async (request) => {
    const { params } = await send(request, { client_id_param: "client_key", client_authentication: "post" });
    expect(params).toMatchObject({ client_key: client.clientId });
    expect(params).not.toHaveProperty("client_id");
  });
});

describe("scope_param", () => {
  it.each<Request>(["authorize", "refresh", "alone"])("names the scopes: %s", async (request) => {
    const { params } = await send(request, { scope_param: "permissions", scopes: { refresh: "requested", separator: "," } });
    expect(params).toMatchObject({ permissions: "a,b" });
    expect(params).not.toHaveProperty("scope");
  });
});

describe("client_authentication and basic_encoding", () => {
  const basic = (credentials: string) => `Basic ${Buffer.from(credentials).toString("base64")}`;
  it.each(everyBackRequest.flatMap((request) => [[request, "form"] as const, [request, "none"] as const]))(
    "prove the client by Basic: %s, %s",
    async (request, basic_encoding) => {
      const { headers, params } = await send(request, { basic_encoding });
      expect(headers["authorization"]).toBe(basic(basic_encoding === "form" ? "c%2B1:s%2B1" : "c+1:s+1"));
      expect(params).not.toHaveProperty("client_secret");
    },
  );

  it.each(everyBackRequest)("prove the client in the body, or name it alone: %s", async (request) => {
    expect((await send(request, { client_authentication: "post" })).params).toMatchObject({ client_id: "c+1", client_secret: "s+1" });
    sent.splice(0);
    const { headers, params } = await send(request, { client_authentication: "none" });
    expect(params).toMatchObject({ client_id: "c+1" });
    expect(params).not.toHaveProperty("client_secret");
    expect(headers).not.toHaveProperty("authorization");
  });
});

describe("token_request", () => {
  const grants: Request[] = ["exchange", "refresh", "alone"];
  it.each(grants)("writes JSON, with its headers and what it accepts: %s", async (request) => {
    const { headers, method, params } = await send(request, {
      token_request: { body: "json", headers: { "X-Version": "2" }, accept: "application/vnd.acme+json" },
    });
    expect(method).toBe("POST");
    expect(headers).toMatchObject({ "content-type": "application/json", "x-version": "2", accept: "application/vnd.acme+json" });
    expect(params).toHaveProperty("grant_type");
  });

  it.each(grants)("writes a query, by GET: %s", async (request) => {
    const { method, query, params, headers } = await send(request, { token_request: { body: "query", method: "GET" } });
    expect(method).toBe("GET");
    expect(query).toHaveProperty("grant_type");
    expect(params).toEqual({});
    expect(headers).not.toHaveProperty("content-type");
  });

  it("is another one for a refresh where that is declared", async () => {
    const facts = { token_request: { body: "json" }, refresh_request: { body: "form" } };
    expect((await send("refresh", facts)).headers["content-type"]).toMatch(/^application\/x-www-form-urlencoded/);
    sent.splice(0);
    expect((await send("exchange", facts)).headers["content-type"]).toBe("application/json");
  });
});

describe("revocation", () => {
  const revocation = (facts: object) => send("revoke", { revocation: facts });

  it("is RFC 7009's request where nothing else is declared", async () => {
    expect(await revocation({})).toMatchObject({ method: "POST", params: { token: "access", token_type_hint: "access_token" } });
  });

  it.each([
    [{ auth: "post" }, { params: { client_id: "c+1", client_secret: "s+1" } }],
    [{ auth: "basic" }, { headers: { authorization: expect.stringMatching(/^Basic /) } }],
    [{ auth: "bearer" }, { headers: { authorization: "Bearer access" } }],
    [{ body: "json" }, { headers: { "content-type": "application/json" }, params: { token: "access" } }],
    [
      { method: "DELETE", body: "none" },
      { method: "DELETE", query: { token: "access" } },
    ],
    [
      { method: "GET", body: "none", params: { key: "{token}" } },
      { method: "GET", query: { key: "access" } },
    ],
    [{ params: { access_token: "{access_token}", all: true } }, { params: { access_token: "access", all: "true" } }],
  ])("is written as is declared: %j", async (facts, wanted) => {
    expect(await revocation(facts)).toMatchObject(wanted);
  });

  it.each(["bearer", "none"])("names no client where it is authenticated by %s", async (auth) => {
    const { params, headers } = await revocation({ auth });
    expect(Object.keys(params).toSorted()).toEqual(["token", "token_type_hint"]);
    expect(headers["authorization"]).toBe(auth === "bearer" ? "Bearer access" : undefined);
  });
});

describe("introspection_endpoint", () => {
  it("is asked whether a token works", async () => {
    expect(await send("introspect", {})).toMatchObject({
      path: "/introspect",
      method: "POST",
      params: { token: "access", token_type_hint: "access_token" },
    });
  });
});
