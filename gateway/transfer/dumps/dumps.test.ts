import { createCipheriv, randomBytes } from "node:crypto";
import { symmetricDecrypt, symmetricEncrypt } from "better-auth/crypto";
import { describe, expect, it } from "vitest";
import { importInto, issueLine } from "../../../test/support/importing.ts";
import { startTestApp } from "../../../test/support/test-app.ts";
import { askToken, HOUR_MS, isAccepted } from "../../../test/support/vault.ts";
import { createBetterAuthReader } from "./better-auth.ts";
import { createNangoReader } from "./nango.ts";

const none = new Map<string, string>();

/** Encrypts as Nango's encryption manager does. */
function encryptAsNango(key: Buffer, credentials: object) {
  const iv = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", key, iv);
  const encrypted = cipher.update(JSON.stringify(credentials), "utf8", "base64") + cipher.final("base64");
  return {
    credentials: { encrypted_credentials: encrypted },
    credentials_iv: iv.toString("base64"),
    credentials_tag: cipher.getAuthTag().toString("base64"),
  };
}

const keyed = { slug: "keyed", name: "Keyed", collect: { fields: [{ name: "key", label: "API key", secret: true }] } };

describe("a dump of Nango", () => {
  const row = {
    id: 7,
    environment_id: 2,
    provider_config_key: "their-test",
    connection_id: "c-1",
    connection_config: { subdomain: "acme" },
    metadata: null,
    tags: { end_user_id: "ada", end_user_display_name: "Ada" },
    created_at: "2026-01-02 03:04:05.678+00",
    deleted_at: null,
  };
  const connectorOf = new Map([["their-test", "test"]]);

  it("is opened with its key, and its connections work and refresh", async () => {
    const test = await startTestApp();
    const key = randomBytes(32);
    const { access_token, refresh_token, expires_at } = issueLine(test);
    const credentials = { type: "OAUTH2", access_token, refresh_token, expires_at, raw: { scope: "read write", token_type: "bearer" } };
    const line = { ...row, ...encryptAsNango(key, credentials) };
    const read = createNangoReader({ connectors: test.config.connectors, key: key.toString("base64"), connectorOf });
    const [result] = await importInto(test, [line], { read });
    expect(result).toMatchObject({ status: "imported", importId: "nango:2:their-test:c-1", owner: { kind: "user", id: "ada" } });
    const ada = await test.signIn("ada");
    expect(await askToken(ada)).toMatchObject({ value: access_token, scopes: ["read", "write"] });
    test.clock.advance(2 * HOUR_MS);
    expect(await isAccepted(test, (await askToken(ada)).value)).toBe(true);
    expect(await importInto(test, [line], { read })).toMatchObject([{ status: "skipped" }]);
    await test.close();
  });

  it("says why a row is not imported, and tells no value of it", async () => {
    const test = await startTestApp();
    const [key, other] = [randomBytes(32), randomBytes(32)];
    const read = createNangoReader({ connectors: test.config.connectors, key: key.toString("base64"), connectorOf });
    const withoutKey = createNangoReader({ connectors: test.config.connectors, key: undefined, connectorOf });
    const sealed = { ...row, ...encryptAsNango(other, { type: "OAUTH2", access_token: "planted" }) };
    const plain = (credentials: object) => ({ ...row, credentials });
    const results = [
      ...(await importInto(test, [sealed], { read: withoutKey })),
      ...(await importInto(
        test,
        [
          sealed,
          plain({ type: "OAUTH1", oauth_token: "planted" }),
          { ...plain({ type: "API_KEY", apiKey: "planted" }), tags: null },
          { ...plain({}), deleted_at: "2026-01-01" },
          "planted",
          { ...plain({ type: "OAUTH2", access_token: "planted" }), provider_config_key: "other" },
        ],
        { read },
      )),
    ];
    expect(results.map(({ status, messages: [message] }) => [status, message])).toEqual([
      ["refused", "Its credentials are encrypted: set NANGO_ENCRYPTION_KEY to Nango's key."],
      ["refused", "Its credentials cannot be decrypted with NANGO_ENCRYPTION_KEY."],
      ["refused", "Credentials of type OAUTH1 cannot be imported."],
      ["refused", "The row does not name its owner: it has neither tags nor an end_user."],
      ["skipped", "It was deleted in Nango."],
      ["refused", "The line is not a row of _nango_connections in JSON."],
      ["refused", 'connector: the configuration has no connector "other".'],
    ]);
    expect(JSON.stringify(results)).not.toContain("planted");
    await test.close();
  });

  it("brings API keys, and connections of groups", async () => {
    const test = await startTestApp({ connectors: [keyed] });
    const { connectors } = test.config;
    const line = { ...row, provider_config_key: "keyed", credentials: { type: "API_KEY", apiKey: "k-1" } };
    const group = { ...line, connection_id: "c-2", tags: null, end_user: { end_user_id: "grace", organization_id: "acme" } };
    const results = await importInto(test, [line, group], { read: createNangoReader({ connectors, key: undefined, connectorOf: none }) });
    expect(results.map(({ status, owner }) => [status, owner])).toEqual([
      ["imported", { kind: "user", id: "ada" }],
      ["imported", { kind: "group", id: "acme" }],
    ]);
    expect(await askToken(await test.signIn("ada"), { where: { slug: "keyed" } })).toMatchObject({ value: "k-1" });
    await test.close();
  });

  it("is refused with a key of another length", () => {
    expect(() => createNangoReader({ connectors: new Map(), key: "c2hvcnQ=", connectorOf: none })).toThrow("must be 32 bytes as base64");
  });
});

describe("a dump of better-auth", () => {
  const secret = "a-secret-of-better-auth-that-is-long-enough";
  const row = { id: "acc-1", userId: "ada", accountId: "a-1", providerId: "test", idToken: null, password: null, scope: "read,write" };

  it.each<[string, boolean]>([
    ["sealed", true],
    ["plain", false],
  ])("with %s tokens brings connections that work and refresh", async (_how, isSealed) => {
    const test = await startTestApp();
    const { access_token, refresh_token, expires_at } = issueLine(test);
    const seal = (token: string) => (isSealed ? symmetricEncrypt({ key: secret, data: token }) : token);
    const line = {
      ...row,
      accessToken: await seal(access_token),
      refreshToken: await seal(refresh_token),
      accessTokenExpiresAt: expires_at,
      refreshTokenExpiresAt: null,
      createdAt: "2026-01-02T03:04:05.678",
    };
    const read = createBetterAuthReader({ open: isSealed ? (data) => symmetricDecrypt({ key: secret, data }) : null, connectorOf: none });
    expect(await importInto(test, [line], { read })).toMatchObject([{ status: "imported", importId: "better-auth:acc-1" }]);
    const ada = await test.signIn("ada");
    expect(await askToken(ada)).toMatchObject({ value: access_token, scopes: ["read", "write"] });
    test.clock.advance(2 * HOUR_MS);
    expect(await isAccepted(test, (await askToken(ada)).value)).toBe(true);
    await test.close();
  });

  it("leaves passwords out, and refuses tokens that do not open", async () => {
    const test = await startTestApp();
    const sealed = await symmetricEncrypt({ key: "another secret", data: "planted" });
    const lines = [{ ...row, providerId: "credential" }, { ...row, accessToken: sealed }, { id: 1 }];
    const read = createBetterAuthReader({ open: (data) => symmetricDecrypt({ key: secret, data }), connectorOf: none });
    expect((await importInto(test, lines, { read })).map(({ status, messages: [message] }) => [status, message])).toEqual([
      ["skipped", "The row holds a password, not a connection."],
      ["refused", "Its tokens cannot be decrypted with BETTER_AUTH_SECRET."],
      ["refused", "The line is not a row of better-auth's account table in JSON."],
    ]);
    await test.close();
  });
});
