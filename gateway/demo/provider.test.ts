import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { createAuthorizationRequest, createVerifier } from "../oauth/authorize.ts";
import { exchangeCode } from "../oauth/exchange.ts";
import { refreshTokens } from "../oauth/refresh.ts";
import type { TokenResult, TokenSet } from "../oauth/result.ts";
import { revokeToken } from "../oauth/revoke.ts";
import { fetchStated } from "../oauth/userinfo.ts";
import { providerSchema } from "../providers/provider.ts";
import { type ConsentOptions, revokeAtProvider, walkConsent } from "./consent.ts";
import { type DemoProvider, startDemoProvider } from "./provider.ts";

const redirectUri = "http://localhost:4000/callback/demo";
const told = [vi.spyOn(console, "warn"), vi.spyOn(console, "info"), vi.spyOn(console, "error")];

let demo: DemoProvider;
beforeAll(async () => {
  demo = await startDemoProvider({ host: "127.0.0.1", port: 0, redirectUris: [redirectUri] });
});
afterAll(async () => {
  for (const spy of told) spy.mockRestore();
  await demo.close();
});

const party = () => ({
  provider: providerSchema.parse(demo.provider).oauth ?? expect.unreachable(),
  client: { clientId: demo.clientId, clientSecret: demo.clientSecret },
});

async function begin() {
  const [state, verifier] = [randomUUID(), createVerifier()];
  return { state, verifier, url: await createAuthorizationRequest({ ...party(), redirectUri, scopes: demo.scopes, state, verifier }) };
}

async function connect(options?: ConsentOptions): Promise<TokenResult> {
  const { state, verifier, url } = await begin();
  const { searchParams } = new URL(await walkConsent(url, options));
  return exchangeCode({ ...party(), redirectUri, callbackParams: searchParams, expectedState: state, verifier });
}

async function tokensOf(result: Promise<TokenResult>): Promise<TokenSet> {
  const settled = await result;
  if (!settled.ok) throw new Error(settled.message);
  return settled.tokens;
}

const refresh = (tokens: TokenSet) => refreshTokens({ ...party(), refreshToken: tokens.refreshToken ?? "" });

async function me({ accessToken }: TokenSet) {
  const response = await fetch(demo.apiUrl, { headers: { authorization: `Bearer ${accessToken}` } });
  const body: unknown = await response.json();
  return { status: response.status, body };
}

describe("the demo provider", () => {
  it("gives tokens of 30 seconds after consent", async () => {
    const tokens = await tokensOf(connect());
    expect(tokens).toMatchObject({ tokenType: "bearer", expiresInSeconds: 30, stated: { sub: "ada" } });
    expect(tokens.refreshToken).not.toBeNull();
    expect(tokens.scopes).toEqual(expect.arrayContaining([...demo.scopes]));
    expect(tokens.accessToken).not.toContain(".");
    expect(await me(tokens)).toEqual({ status: 200, body: { id: "ada", name: "Ada Lovelace", email: "ada@example.test" } });
    const stated = await fetchStated({ ...party(), accessToken: tokens.accessToken });
    expect(stated).toMatchObject({ sub: "ada", email: "ada@example.test" });
  });

  it("has two accounts", async () => {
    expect((await me(await tokensOf(connect({ account: "grace" })))).body).toMatchObject({ name: "Grace Hopper" });
  });

  it("answers access_denied when the user declines", async () => {
    expect(await connect({ deny: true })).toMatchObject({ ok: false, kind: "denied", code: "access_denied" });
  });

  it("rotates refresh tokens", async () => {
    const first = await tokensOf(connect());
    const second = await tokensOf(refresh(first));
    expect(second.refreshToken).not.toBe(first.refreshToken);
    expect((await me(second)).status).toBe(200);
  });

  it("revokes the grant when a refresh token is used twice at once, the winner's token included", async () => {
    const first = await tokensOf(connect());
    const results = await Promise.all([refresh(first), refresh(first)]);
    const losers = results.filter((result) => !result.ok);
    expect(losers.length).toBeGreaterThan(0);
    for (const loser of losers) expect(loser).toMatchObject({ kind: "revoked", code: "invalid_grant" });
    const winners = results.flatMap((result) => (result.ok ? [result.tokens] : []));
    for (const winner of winners) expect((await me(winner)).status).toBe(401);
  });

  it("lets the gateway revoke one connection, and keeps the account's others", async () => {
    const [one, two] = [await tokensOf(connect()), await tokensOf(connect())];
    expect(await revokeToken({ ...party(), refreshToken: one.refreshToken, accessToken: null })).toEqual({ ok: true });
    expect((await me(one)).status).toBe(401);
    expect((await me(two)).status).toBe(200);
  });

  it("lets a person revoke access, and keeps other people's", async () => {
    const [ada, grace] = [await tokensOf(connect()), await tokensOf(connect({ account: "grace" }))];
    expect(await (await fetch(demo.grantsUrl)).text()).toContain("Revoke access");
    await revokeAtProvider(demo.grantsUrl, "ada");
    expect((await me(ada)).status).toBe(401);
    expect(await refresh(ada)).toMatchObject({ ok: false, kind: "revoked" });
    expect((await me(grace)).status).toBe(200);
  });

  it("revokes nothing for a page of another origin", async () => {
    const ada = await tokensOf(connect());
    const body = new URLSearchParams({ account: "ada" });
    const response = await fetch(demo.grantsUrl, { method: "POST", body, headers: { origin: "http://evil.test" }, redirect: "manual" });
    expect(response.status).toBe(403);
    expect((await me(ada)).status).toBe(200);
  });

  it("refuses expired tokens and tokens it does not know", async () => {
    const tokens = await tokensOf(connect());
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 31_000 });
    expect((await me(tokens)).status).toBe(401);
    expect((await refresh(tokens)).ok).toBe(true);
    vi.useRealTimers();
    expect((await me({ ...tokens, accessToken: "unknown" })).status).toBe(401);
    expect((await fetch(demo.apiUrl)).status).toBe(401);
  });

  it("lets pages of any origin call its API", async () => {
    const response = await fetch(demo.apiUrl, { method: "OPTIONS" });
    expect(response.status).toBe(204);
    expect(response.headers.get("access-control-allow-origin")).toBe("*");
  });
});

describe("its pages", () => {
  it("need no script and nothing from another host", async () => {
    const { url } = await begin();
    const pages: { html: string; policy: string | null }[] = [];
    await walkConsent(url, {
      fetch: async (input, init) => {
        const response = await fetch(input, init);
        const html = await response.clone().text();
        if (response.status === 200) pages.push({ html, policy: response.headers.get("content-security-policy") });
        return response;
      },
    });
    expect(pages).toHaveLength(2);
    for (const { html, policy } of pages) {
      expect(html).not.toMatch(/<script|https?:\/\//);
      expect(policy).toContain("default-src 'none'");
    }
  });

  it("let a signed-in person change to another account", async () => {
    const { url } = await begin();
    const decisions = ["switch", "allow"];
    const accounts = ["ada", "grace"];
    const choose = (init?: RequestInit) => {
      if (!(init?.body instanceof URLSearchParams)) return init;
      const list = init.body.has("account") ? accounts : decisions;
      const name = init.body.has("account") ? "account" : "decision";
      return { ...init, body: new URLSearchParams([[name, list.shift() ?? ""]]) };
    };
    const callback = new URL(await walkConsent(url, { fetch: (input, init) => fetch(input, choose(init)) }));
    expect(callback.searchParams.has("code")).toBe(true);
    expect([accounts, decisions]).toEqual([[], []]);
  });

  it("explain an expired sign-in and a bad request", async () => {
    const expired = await fetch(`${demo.issuer}/interaction/unknown`);
    expect(expired.status).toBe(400);
    expect(await expired.text()).toContain("start again");
    const bad = await fetch(`${demo.issuer}/authorize?client_id=unknown`, { headers: { accept: "text/html" } });
    expect(bad.status).toBe(400);
    expect(await bad.text()).toContain("Something went wrong");
  });

  it("lead from the front page to the grants", async () => {
    expect((await fetch(demo.issuer, { redirect: "manual" })).headers.get("location")).toBe("/grants");
  });
});

it("the walk starts at a page that redirects to the provider", async () => {
  const { url } = await begin();
  const start = "http://gateway.test/connect/demo";
  const callback = await walkConsent(start, {
    fetch: async (input, init) =>
      input instanceof URL && input.href === start
        ? new Response(null, { status: 302, headers: { location: url.href } })
        : fetch(input, init),
  });
  expect(callback).toMatch(/^http:\/\/localhost:4000\/callback\/demo\?code=/);
});

it("the walk fails with the page that has no form", async () => {
  await expect(walkConsent(`${demo.issuer}/authorize?client_id=unknown&redirect_uri=${redirectUri}`)).rejects.toThrow(
    "(status 400) has no way on",
  );
});

it("the demo provider takes another life of access tokens, on localhost, and refuses a port that is taken", async () => {
  const other = await startDemoProvider({ host: "localhost", port: 0, redirectUris: [redirectUri], accessTokenSeconds: 5 });
  expect(other.issuer).toMatch(/^http:\/\/localhost:\d+$/);
  const port = Number(new URL(other.issuer).port);
  await expect(startDemoProvider({ host: "localhost", port, redirectUris: [redirectUri] })).rejects.toThrow("EADDRINUSE");
  await other.close();
});

it("the demo provider prints nothing", () => {
  for (const spy of told) expect(spy).not.toHaveBeenCalled();
});
