/** What the gateway sends to each documented provider, and what it concludes of the answers that the documentation shows. */
import { generateKeyPairSync } from "node:crypto";
import { afterEach, describe, expect, it } from "vitest";
import { createAuthorizationRequest, createVerifier } from "../../gateway/oauth/authorize.ts";
import { checkToken, isCheckable } from "../../gateway/oauth/check.ts";
import { isSigned } from "../../gateway/oauth/callback-signature.ts";
import { isDevice, requestDeviceCode, requestDeviceTokens } from "../../gateway/oauth/device.ts";
import { exchangeCode } from "../../gateway/oauth/exchange.ts";
import { declaredSources, type OAuthProvider, ofTokenKind } from "../../gateway/oauth/provider.ts";
import { refreshTokens } from "../../gateway/oauth/refresh.ts";
import { isUnattended, requestTokens } from "../../gateway/oauth/request-tokens.ts";
import type { TokenResult } from "../../gateway/oauth/result.ts";
import { revokeToken } from "../../gateway/oauth/revoke.ts";
import { accountOf } from "../../gateway/oauth/account.ts";
import { readStated } from "../../gateway/oauth/stated-values.ts";
import { fetchStated } from "../../gateway/oauth/userinfo.ts";
import { connectorSchema } from "../../gateway/providers/connector.ts";
import { listProviders } from "../../gateway/providers/library.ts";
import { providerSchema } from "../../gateway/providers/provider.ts";
import { fillProvider } from "../../gateway/providers/template.ts";
import { toText, pick, like, expectRequest } from "./expected-request.ts";
import { type Fixture, readFixture } from "./fixture.ts";
import { client, valuesIn } from "./fixture-values.ts";
import { type Player, startPlayer } from "./player.ts";

const state = "a-state-of-16-bytes-or-more";
const askedAt = Date.parse("2026-11-26T12:00:00Z");

const documented = listProviders().filter((slug) => providerSchema.parse(slug).facts.documented !== undefined);
const withTokens = documented.filter((slug) => providerSchema.parse(slug).oauth !== null);
const unattended = withTokens.filter((slug) => isUnattended(providerSchema.parse(slug).protocol));
const oauth = withTokens.filter((slug) => !unattended.includes(slug));
const byCode = oauth.filter((slug) => isDevice(providerSchema.parse(slug).protocol));
const byConsent = oauth.filter((slug) => !byCode.includes(slug));

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
  const connector = connectorSchema.parse({
    slug,
    name: slug,
    provider: player.facts,
    client_id: client.clientId,
    client_secret: client.clientSecret,
    ...scopesByKind(fixture),
  });
  if (connector.oauth === null) throw new Error(`${slug} is no OAuth provider.`);
  const provider = fillProvider(connector.oauth.provider, valuesIn(fixture, connector));
  return { fixture, player, provider, scopes: fixture.concluded.scopes, redirectUri: `https://gateway.example/callback/${slug}` };
}

const come = (played: Played): Promise<TokenResult> => {
  const { fixture, provider } = played;
  const deviceCode = fixture.exchange?.request.body?.["device_code"];
  if (isDevice(provider)) return requestDeviceTokens({ provider, client, deviceCode: toText(deviceCode), askedAt });
  return exchangeCode({
    provider: played.provider,
    client,
    redirectUri: played.redirectUri,
    callbackParams: new URLSearchParams({
      code: "the-code",
      ...played.fixture.callback,
      state,
      ...(played.provider.issuer === null ? {} : { iss: played.provider.issuer }),
    }),
    expectedState: state,
    verifier: createVerifier(),
    askedAt,
  });
};

const refresh = ({ fixture, provider, scopes, redirectUri }: Played): Promise<TokenResult> => {
  const asked = (fixture.authorize?.params ?? fixture.device?.request.body ?? {})[provider.scopeParam];
  const requested = typeof asked === "string" ? asked.split(provider.scopeSeparator) : scopes;
  const refreshToken = provider.refreshesBy === "access_token" ? "access-1" : "refresh-1";
  return refreshTokens({ provider, client, refreshToken, redirectUri, scopes: { requested, granted: scopes }, askedAt });
};

/** The scopes that the fixture asks for, where one answer holds several kinds of token. */
function scopesByKind({ concluded: { tokens } }: Fixture): { scopes?: Record<string, string[]> } {
  const kinds = Object.entries(tokens);
  return kinds.length === 0 ? {} : { scopes: Object.fromEntries(kinds.map(([kind, { scopes }]) => [kind, scopes])) };
}

/** What is expected of each kind beside the default, by kind. */
const furtherOf = ({ concluded: { tokens } }: Fixture, { tokenKind }: OAuthProvider) =>
  Object.entries(tokens).filter(([kind]) => kind !== tokenKind);

describe.each(byCode)("%s", (slug) => {
  it("is asked for a code as its documentation says, and is understood", async () => {
    const { fixture, provider, player: server } = await start(slug);
    const { device } = fixture;
    if (!device) throw new Error("The fixture has no request for a code.");
    server.play(device.answer);
    const scopes = toText(device.request.body?.[provider.scopeParam] ?? "").split(provider.scopeSeparator);
    const result = await requestDeviceCode({ provider, client, scopes });
    expectRequest(server.sent[0], device);
    expect(server.sent[0]?.params).not.toHaveProperty("client_secret");
    expect(result).toMatchObject({
      ok: true,
      device: { deviceCode: fixture.exchange?.request.body?.["device_code"], expiresInSeconds: 900, intervalSeconds: 5 },
    });
  });
});

describe.each(byConsent)("%s", (slug) => {
  it("is asked for consent as its documentation says", async () => {
    const { fixture, provider, redirectUri } = await start(slug);
    const wanted = fixture.authorize?.params ?? {};
    const furtherScopes = Object.fromEntries(furtherOf(fixture, provider).map(([kind, { scopes }]) => [kind, scopes]));
    const scope = wanted[provider.scopeParam];
    const scopes = typeof scope === "string" ? scope.split(provider.scopeSeparator) : [];
    const url = await createAuthorizationRequest({
      provider,
      client,
      redirectUri,
      scopes,
      furtherScopes,
      state,
      verifier: createVerifier(),
    });
    expect(pick(Object.fromEntries(url.searchParams), wanted)).toEqual(like(wanted));
  });
});

describe.each(oauth)("%s", (slug) => {
  it("exchanges a code as its documentation says, and is understood", async () => {
    const played = await start(slug);
    const { exchange, upgrade, concluded } = played.fixture;
    if (exchange === null) throw new Error("The fixture has no exchange.");
    played.player.play(exchange.answer, ...(upgrade ? [upgrade.answer] : []));
    const result = await come(played);
    for (const [index, wanted] of [exchange, ...(upgrade ? [upgrade] : [])].entries()) expectRequest(played.player.sent[index], wanted);
    if (!result.ok) throw new Error(result.message);
    expect(result.tokens).toMatchObject({ accessToken: "access-1", expiresInSeconds: concluded.expires_in });
    const named = (scopes: readonly string[]) => scopes.map((scope) => played.provider.scopeAliases[scope] ?? scope).toSorted();
    // Where the answer or the documentation states no scopes, granted are those that were asked for.
    const stated = concluded.scopes.length > 0 ? (result.tokens.scopes ?? concluded.scopes) : [];
    expect(named(stated)).toEqual(named(concluded.scopes));
    const further = furtherOf(played.fixture, played.provider).map(([kind, token]) => [
      kind,
      {
        accessToken: token.access_token,
        refreshToken: token.refresh_token,
        scopes: token.scopes,
        expiresInSeconds: token.expires_in,
        refreshExpiresInSeconds: null,
        tokenType: "bearer",
      },
    ]);
    expect(result.tokens.further ?? {}).toEqual(Object.fromEntries(further));
  });
});

const narrowing = oauth.filter((slug) => providerSchema.parse(slug).oauth?.narrowsOnRefresh);
describe("a token with fewer scopes", () => {
  it.each(narrowing)("of %s is asked for as its documentation says, and is understood", async (slug) => {
    const { fixture, player: server, provider, redirectUri } = await start(slug);
    const { narrowed } = fixture;
    const scope = narrowed?.request.body?.[provider.scopeParam];
    if (!narrowed || typeof scope !== "string") throw new Error("The fixture has no request for a narrower token.");
    server.play(narrowed.answer);
    const narrowTo = scope.split(provider.scopeSeparator);
    const result = await refreshTokens({ provider, client, refreshToken: "refresh-1", redirectUri, narrowTo, askedAt });
    expectRequest(server.sent[0], narrowed);
    expect(result).toMatchObject({ ok: true, tokens: { accessToken: "access-narrow", scopes: narrowTo } });
    expect(narrowTo.length).toBeLessThan(fixture.concluded.scopes.length);
  });
});

const furtherRefreshes = oauth.flatMap((slug) => Object.keys(readFixture(slug).refresh_further).map((kind) => ({ slug, kind })));
describe("a further kind of token", () => {
  it.each(furtherRefreshes)("of $slug, $kind, is refreshed as its documentation says, and is understood", async ({ slug, kind }) => {
    const { fixture, player: server, provider, redirectUri } = await start(slug);
    const [refreshed, first] = [fixture.refresh_further[kind], fixture.concluded.tokens[kind]];
    if (!refreshed || !first) throw new Error("The fixture has no such refresh.");
    server.play(refreshed.answer);
    const request = { provider: ofTokenKind(provider, kind), client, refreshToken: first.refresh_token, redirectUri, askedAt };
    const result = await refreshTokens(request);
    expectRequest(server.sent[0], refreshed);
    expect(result).toMatchObject({
      ok: true,
      tokens: {
        accessToken: first.access_token.replace("1", "2"),
        refreshToken: first.refresh_token.replace("1", "2"),
        scopes: first.scopes,
        expiresInSeconds: first.expires_in,
      },
    });
  });
});

const signing = oauth.filter((slug) => providerSchema.parse(slug).protocol.callbackHmacParam !== null);
describe.each(signing)("%s", (slug) => {
  it("signs its callbacks as its documentation says", () => {
    const { signed_callback: signed } = readFixture(slug);
    if (!signed) throw new Error("The fixture has no signed callback.");
    const name = providerSchema.parse(slug).protocol.callbackHmacParam ?? "";
    const callback = new URLSearchParams(signed.query);
    expect(isSigned(callback, name, signed.secret)).toBe(true);
    callback.set("code", "another");
    expect(isSigned(callback, name, signed.secret)).toBe(false);
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
const errorsOf = (slug: string) =>
  readFixture(slug)
    .errors.filter(({ on }) => isAskable(slug, on))
    .map((error, index) => ({ slug, ...error, index }));
const errors = oauth.flatMap(errorsOf);
describe("an error that a provider is known for", () => {
  it.each(errors.filter(({ on }) => on === "exchange" || on === "refresh"))(
    "$slug, $on, number $index, is understood as $means",
    async ({ slug, on, answer, means }) => {
      const played = await start(slug);
      played.player.play({ ...answer, status: answer.status ?? 200 });
      expect(await (on === "refresh" ? refresh(played) : come(played))).toMatchObject({ ok: false, kind: means });
    },
  );

  it.each(errors.filter(({ on }) => on === "authorize"))(
    "$slug, authorize, number $index, is understood as $means",
    async ({ slug, answer, means }) => {
      const { fixture, ...played } = await start(slug);
      const callback = Object.fromEntries(
        new URLSearchParams(Object.entries(Object(answer.body)).map(([name, value]) => [name, toText(value)])),
      );
      expect(await come({ ...played, fixture: { ...fixture, callback: { ...callback, code: "" } } })).toMatchObject({
        ok: false,
        kind: means,
      });
    },
  );

  it.each(withTokens.flatMap(errorsOf).filter(({ on }) => on === "check"))(
    "$slug, check, number $index, is understood as $means",
    async ({ slug, answer, means }) => {
      const played = await start(slug);
      played.player.play({ ...answer, status: answer.status ?? 200 });
      const verdict = await checkToken({ provider: played.provider, client, accessToken: "access-1", timeoutMs: 5_000 });
      expect(verdict).toBe(means === "revoked" ? "refused" : "unknown");
    },
  );
});

const withCheck = withTokens.filter((slug) => readFixture(slug).check !== undefined);
describe.each(withCheck)("%s", (slug) => {
  it("is asked whether a token works as its documentation says, and is understood", async () => {
    const { fixture, player: server, provider } = await start(slug);
    if (fixture.check === undefined) throw new Error("The fixture has no check.");
    server.play(fixture.check.answer);
    expect(await checkToken({ provider, client, accessToken: "access-1", timeoutMs: 5_000 })).toBe("works");
    expectRequest(server.sent[0], fixture.check);
  });
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

describe.each(oauth)("%s", (slug) => {
  it("says whose account it is and what a caller must know, asked as its documentation says", async () => {
    const played = await start(slug);
    const { fixture, provider, player: server } = played;
    const { exchange, upgrade, userinfo, concluded } = fixture;
    if (exchange === null) throw new Error("The fixture has no exchange.");
    server.play(exchange.answer, ...(upgrade ? [upgrade.answer] : []), ...userinfo.map(({ answer }) => answer));
    const result = await come(played);
    if (!result.ok) throw new Error(result.message);
    const asked = server.sent.length;
    const sources = declaredSources(provider);
    const known = {
      ...readStated("field", fixture.fields, sources),
      ...readStated("callback", fixture.callback, sources),
      ...result.tokens.stated,
    };
    const stated = { ...known, ...(await fetchStated({ provider, accessToken: "access-1", known })) };
    for (const [index, wanted] of userinfo.slice(0, server.sent.length - asked).entries())
      expectRequest(server.sent[asked + index], wanted);
    const account = accountOf(provider, stated);
    expect({ id: account?.id ?? null, label: account?.label ?? null }).toEqual({
      id: toTextOrNull(concluded.account?.id),
      label: toTextOrNull(concluded.account?.label),
    });
    const { metadata } = providerSchema.parse(slug).facts;
    const byFields = readStated("field", fixture.fields, Object.values(metadata));
    const found = Object.fromEntries(
      Object.entries(metadata).flatMap(([name, source]) => {
        const value = stated[source] ?? byFields[source];
        return value === undefined ? [] : [[name, value]];
      }),
    );
    expect(found).toMatchObject(
      Object.fromEntries(
        Object.entries(concluded.metadata)
          .filter(([, value]) => value !== null)
          .map(([name, value]) => [name, toText(value)]),
      ),
    );
  });
});

const toTextOrNull = (value: unknown): string | null => (value === null || value === undefined ? null : toText(value));

const privateKey = (): string =>
  generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ type: "pkcs8", format: "pem" }).toString();

const askAlone = ({ fixture, provider, scopes }: Played): Promise<TokenResult> =>
  requestTokens({
    provider,
    client,
    scopes,
    values: { ...fixture.fields, private_key: privateKey() },
    isTyped: false,
    operation: "exchange",
    askedAt,
  });

describe.each(unattended)("%s", (slug) => {
  it("is asked for tokens as its documentation says, without a person", async () => {
    const played = await start(slug);
    const { exchange, concluded, errors: known } = played.fixture;
    if (exchange === null) throw new Error("The fixture has no exchange.");
    played.player.play(exchange.answer);
    expect(await askAlone(played)).toMatchObject({
      ok: true,
      tokens: { accessToken: "access-1", refreshToken: null, expiresInSeconds: concluded.expires_in },
    });
    expectRequest(played.player.sent[0], exchange);
    for (const { answer, means } of known.filter(({ on }) => on === "exchange")) {
      played.player.play({ ...answer, status: answer.status ?? 200 });
      expect(await askAlone(played)).toMatchObject({ ok: false, kind: means });
    }
  });
});
