/** What the gateway sends to each documented provider, and what it concludes of the answers that the documentation shows. */
import { afterEach, describe, expect, it } from "vitest";
import { createAuthorizationRequest, createVerifier } from "../../gateway/oauth/authorize.ts";
import { checkToken, isCheckable } from "../../gateway/oauth/check.ts";
import { exchangeCode } from "../../gateway/oauth/exchange.ts";
import type { OAuthProvider } from "../../gateway/oauth/provider.ts";
import { refreshTokens } from "../../gateway/oauth/refresh.ts";
import type { TokenResult } from "../../gateway/oauth/result.ts";
import { revokeToken } from "../../gateway/oauth/revoke.ts";
import { fetchAccount } from "../../gateway/oauth/userinfo.ts";
import { connectorSchema } from "../../gateway/providers/connector.ts";
import { listProviders } from "../../gateway/providers/library.ts";
import { providerSchema } from "../../gateway/providers/provider.ts";
import { fillProvider } from "../../gateway/providers/template.ts";
import { type Exchange, type Fixture, readFixture } from "./fixture.ts";
import { type Player, type SentRequest, startPlayer } from "./player.ts";

const client = { clientId: "client-id", clientSecret: "client-secret" };
const BASIC = `Basic ${Buffer.from("client-id:client-secret").toString("base64")}`;
const state = "a-state-of-16-bytes-or-more";
const askedAt = Date.parse("2026-11-26T12:00:00Z");

const documented = listProviders().filter((slug) => providerSchema.parse(slug).facts.documented !== undefined);
/** Their addresses hold values that are no host label, or metadata. */
const waiting = new Set(["cognito", "stripe"]);
const oauth = documented.filter((slug) => !waiting.has(slug)).filter((slug) => providerSchema.parse(slug).oauth !== null);

let player: Player | null = null;
afterEach(async () => {
  await player?.close();
  player = null;
});

interface Played {
  fixture: Fixture;
  player: Player;
  provider: OAuthProvider;
  scopes: string[];
  redirectUri: string;
}

async function start(slug: string): Promise<Played> {
  const fixture = readFixture(slug);
  player = await startPlayer(slug);
  const { oauth: filled } = connectorSchema.parse({
    slug,
    name: slug,
    provider: player.facts,
    client_id: client.clientId,
    client_secret: client.clientSecret,
  });
  if (filled === null) throw new Error(`${slug} is no OAuth provider.`);
  const provider = fillProvider(filled.provider, fixture.fields);
  return { fixture, player, provider, scopes: fixture.concluded.scopes, redirectUri: `https://gateway.example/callback/${slug}` };
}

/** `<name>` stands for any value; numbers are compared as what they are written. */
function expectParams(sent: Readonly<Record<string, unknown>>, wanted: Readonly<Record<string, unknown>>): void {
  const isAny = (value: unknown) => typeof value === "string" && /^<.*>$/.test(value);
  const named = Object.entries(wanted).filter(([, value]) => value !== null && value !== undefined);
  const text = (value: unknown) => (typeof value === "object" ? JSON.stringify(value) : String(value));
  expect(Object.fromEntries(named.map(([name]) => [name, sent[name] === undefined ? undefined : text(sent[name])]))).toEqual(
    Object.fromEntries(named.map(([name, value]) => [name, isAny(value) ? expect.any(String) : text(value)])),
  );
}

function expectRequest(sent: SentRequest | undefined, { request }: Exchange): void {
  const [url = "", query = ""] = request.url.split("?");
  expect([sent?.method, sent?.url]).toEqual([request.method, url]);
  expectParams(sent?.params ?? {}, { ...Object.fromEntries(new URLSearchParams(query)), ...request.query, ...request.body });
  for (const [name, value] of Object.entries(request.headers)) {
    const wanted = value === "Basic <client>" ? BASIC : value;
    const found = sent?.headers[name.toLowerCase()] ?? "";
    if (!/<.*>/.test(wanted)) expect(name === "content-type" ? found.split(";")[0] : found).toBe(wanted.split(";")[0]);
  }
}

const come = (played: Played): Promise<TokenResult> =>
  exchangeCode({
    provider: played.provider,
    client,
    redirectUri: played.redirectUri,
    callbackParams: new URLSearchParams({
      ...played.fixture.callback,
      code: "the-code",
      state,
      ...(played.provider.issuer === null ? {} : { iss: played.provider.issuer }),
    }),
    expectedState: state,
    verifier: createVerifier(),
    askedAt,
  });

const refresh = ({ fixture, provider, scopes, redirectUri }: Played): Promise<TokenResult> => {
  const asked = fixture.authorize?.params[provider.scopeParam];
  const requested = typeof asked === "string" ? asked.split(provider.scopeSeparator) : scopes;
  const refreshToken = provider.refreshesBy === "access_token" ? "access-1" : "refresh-1";
  return refreshTokens({ provider, client, refreshToken, redirectUri, scopes: { requested, granted: scopes }, askedAt });
};

/** Slack's own token of the user is asked for by a parameter of its own, which one token of each connection does not need. */
const withoutUserToken = ({ user_scope: _userScope, ...params }: Readonly<Record<string, unknown>>) => params;

describe.each(oauth)("%s", (slug) => {
  it("is asked for consent as its documentation says", async () => {
    const { fixture, provider, redirectUri } = await start(slug);
    const wanted = withoutUserToken(fixture.authorize?.params ?? {});
    const scope = wanted[provider.scopeParam];
    const scopes = typeof scope === "string" ? scope.split(provider.scopeSeparator) : [];
    const url = await createAuthorizationRequest({ provider, client, redirectUri, scopes, state, verifier: createVerifier() });
    expectParams(Object.fromEntries(url.searchParams), wanted);
  });

  it("exchanges a code as its documentation says, and is understood", async () => {
    const played = await start(slug);
    const { exchange, upgrade, concluded } = played.fixture;
    if (exchange === null) throw new Error("The fixture has no exchange.");
    played.player.play(exchange.answer, ...(upgrade ? [upgrade.answer] : []));
    const result = await come(played);
    if (upgrade) expectRequest(played.player.sent[1], upgrade);
    expectRequest(played.player.sent[0], exchange);
    if (!result.ok) throw new Error(result.message);
    expect(result.tokens).toMatchObject({ accessToken: "access-1", expiresInSeconds: concluded.expires_in });
    const named = (scopes: readonly string[]) => scopes.map((scope) => played.provider.scopeAliases[scope] ?? scope).toSorted();
    if (concluded.scopes.length > 0 && result.tokens.scopes !== null) expect(named(result.tokens.scopes)).toEqual(named(concluded.scopes));
  });
});

const withRefresh = oauth.filter((slug) => readFixture(slug).refresh !== null);
describe.each(withRefresh)("%s", (slug) => {
  it("refreshes as its documentation says, and is understood", async () => {
    const played = await start(slug);
    const refreshed = played.fixture.refresh;
    if (refreshed === null) throw new Error("The fixture has no refresh.");
    played.player.play(refreshed.answer);
    const result = await refresh(played);
    expectRequest(played.player.sent[0], refreshed);
    if (!result.ok) throw new Error(result.message);
    expect(result.tokens.accessToken).toBe("access-2");
    expect([null, "refresh-1", "refresh-2", "access-2"]).toContain(result.tokens.refreshToken);
  });
});

const isAskable = (slug: string, on: string) =>
  on !== "check" || isCheckable(providerSchema.parse(slug).oauth ?? expect.unreachable(), true);
const errors = oauth.flatMap((slug) =>
  readFixture(slug)
    .errors.filter(({ on }) => isAskable(slug, on))
    .map((error, index) => ({ slug, ...error, index })),
);
describe("an error that a provider is known for", () => {
  it.each(errors.filter(({ on }) => on !== "authorize"))(
    "$slug, $on, number $index, is understood as $means",
    async ({ slug, on, answer, means }) => {
      const played = await start(slug);
      played.player.play({ ...answer, status: answer.status ?? 200 });
      if (on === "check") {
        const verdict = await checkToken({ provider: played.provider, client, accessToken: "access-1", timeoutMs: 5_000 });
        expect(verdict).toBe(means === "revoked" ? "refused" : "unknown");
        return;
      }
      const result = await (on === "refresh" ? refresh(played) : come(played));
      expect(result).toMatchObject({ ok: false, kind: means });
    },
  );
});

const withRevocation = oauth.filter((slug) => readFixture(slug).revoke !== null && providerSchema.parse(slug).oauth?.revocation);
describe.each(withRevocation)("%s", (slug) => {
  it("is asked to revoke as its documentation says", async () => {
    const played = await start(slug);
    const { revoke, refresh: refreshed } = played.fixture;
    if (revoke === null) throw new Error("The fixture has no revocation.");
    played.player.play(revoke.answer);
    // Some fixtures revoke what they have connected, others what they have refreshed.
    const number = /(?:access|refresh)-2/.test(JSON.stringify(revoke.request)) ? 2 : 1;
    const refreshToken = refreshed === null ? null : `refresh-${number}`;
    const request = { provider: played.provider, client, refreshToken, accessToken: `access-${number}` };
    expect(await revokeToken(request)).toMatchObject({ ok: true });
    expectRequest(played.player.sent[0], revoke);
  });
});

const withUserInfo = oauth.filter((slug) => readFixture(slug).userinfo.length > 0);
describe.each(withUserInfo)("%s", (slug) => {
  it("says whose account it is, asked as its documentation says", async () => {
    const played = await start(slug);
    const { userinfo } = played.fixture;
    played.player.play(...userinfo.map(({ answer }) => answer));
    await fetchAccount({ provider: played.provider, accessToken: "access-1" });
    expectRequest(played.player.sent[0], userinfo[0] ?? expect.unreachable());
  });
});
