/** Clients that prove themselves by a signature, before an authorization server that is not ours. */
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { decodeJwt, decodeProtectedHeader } from "jose";
import { afterEach, describe, expect, it } from "vitest";
import { findingsOf } from "../commands/connector-findings.ts";
import { connectorSchema } from "../providers/connector.ts";
import { OIDC_CLIENT_ID, startOidcProvider, type TestOidcOptions, type TestOidcProvider } from "../../test/support/oidc-provider.ts";
import { PUBLIC_URL, startTestApp, type TestApp, type TestUser } from "../../test/support/test-app.ts";
import { askToken, HOUR_MS } from "../../test/support/vault.ts";

let oidc: TestOidcProvider;
let test: TestApp | null = null;
afterEach(async () => {
  await test?.close();
  test = null;
  await oidc.close();
});

const TOKEN = "/token";
const PAR = "/request";
const SECRET = "a-shared-secret-of-32-bytes-or-more";
const rsa = generateKeyPairSync("rsa", { modulusLength: 2_048 });
const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
const pemOf = (key: KeyObject): string => key.export({ type: "pkcs8", format: "pem" }).toString();
const jwksOf = (...keys: [KeyObject, string][]) => ({
  keys: keys.map(([key, kid]) => ({ ...key.export({ format: "jwk" }), kid, use: "sig" })),
});

const signed: TestOidcOptions["client"] = {
  token_endpoint_auth_method: "private_key_jwt",
  jwks: jwksOf([rsa.publicKey, "rsa-1"], [ec.publicKey, "ec-1"]),
};

async function start(
  client: TestOidcOptions["client"],
  facts: Record<string, unknown> | ((issuer: string) => Record<string, unknown>),
  connector: Record<string, unknown>,
): Promise<TestUser> {
  oidc = await startOidcProvider({ client });
  const provider = { ...oidc.facts, ...(typeof facts === "function" ? facts(oidc.issuer) : facts) };
  const written = { slug: "oidc", name: "Oidc", provider, client_id: OIDC_CLIENT_ID, ...connector };
  test = await startTestApp({ connectors: [written] });
  return test.signIn("ada");
}

async function connect({ browser }: TestUser): Promise<Response> {
  const started = await browser.fetch("/connect/oidc");
  return browser.fetch((await oidc.authorize(started.headers.get("location") ?? "")).href);
}

const where = { slug: "oidc" };
const assertionsTo = (path: string): string[] => oidc.requestsTo(path).flatMap((params) => params.get("client_assertion") ?? []);

describe("a client that signs with a private key", () => {
  it.each([
    ["RS256", { client_private_key: { key: pemOf(rsa.privateKey), kid: "rsa-1" } }],
    ["PS256", { client_private_key: { key: pemOf(rsa.privateKey), kid: "rsa-1", alg: "PS256" } }],
    ["ES256", { client_private_key: JSON.stringify({ ...ec.privateKey.export({ format: "jwk" }), kid: "ec-1" }) }],
  ] as const)("pushes its request, connects, refreshes, checks and disconnects by %s", async (alg, connector) => {
    const ada = await start(
      { ...signed, token_endpoint_auth_signing_alg: alg },
      (url) => ({ client_authentication: "private_key_jwt", par: true, pushed_authorization_request_endpoint: `${url}${PAR}` }),
      connector,
    );
    expect((await connect(ada)).status).toBe(200);
    const first = await askToken(ada, { where });
    expect(first.__typename).toBe("AccessToken");
    expect(await askToken(ada, { where, verify: true })).toMatchObject({ value: first.value });
    test?.clock.advance(HOUR_MS);
    const second = await askToken(ada, { where });
    expect(second.value).not.toBe(first.value);
    await ada.graphql(`mutation { disconnect(where: { slug: "oidc" }) { id } }`);
    expect(oidc.requestsTo(TOKEN).map((params) => params.get("grant_type"))).toEqual(["authorization_code", "refresh_token"]);
    const assertions = [PAR, TOKEN, "/token/introspection", "/token/revocation"].flatMap(assertionsTo);
    expect(assertions).toHaveLength(5);
    for (const assertion of assertions) {
      expect(decodeProtectedHeader(assertion)).toEqual({ alg, kid: alg === "ES256" ? "ec-1" : "rsa-1" });
      expect(decodeJwt(assertion)).toMatchObject({ iss: OIDC_CLIENT_ID, sub: OIDC_CLIENT_ID, aud: oidc.issuer });
    }
    expect(new Set(assertions.map((assertion) => decodeJwt(assertion).jti)).size).toBe(5);
    expect(test?.logged.join("\n")).not.toContain(assertions[0]);
  });

  it("is said to be misconfigured where the provider knows another key", async () => {
    const stranger = generateKeyPairSync("rsa", { modulusLength: 2_048 }).privateKey;
    const ada = await start(signed, { client_authentication: "private_key_jwt" }, { client_private_key: pemOf(stranger) });
    const page = await (await connect(ada)).text();
    expect(page).toContain("Oidc");
    expect(test?.logged.join("\n")).toContain("invalid_client");
    expect((await askToken(ada, { where })).__typename).toBe("NotConnected");
  });

  it("has client credentials", async () => {
    const facts = { kind: "client_credentials", client_authentication: "private_key_jwt", authorization_params: {}, userinfo: [] };
    const ada = await start(signed, { ...facts, scopes: {} }, { client_private_key: pemOf(rsa.privateKey) });
    const { data } = await ada.graphql(`mutation { connect(slug: "oidc") { authorization { state } } }`);
    await ada.graphql(
      `mutation ($state: String!) { submitAuthorization(state: $state, fields: []) { status } }`,
      data.connect.authorization,
    );
    expect((await askToken(ada, { where })).__typename).toBe("AccessToken");
    expect(assertionsTo(TOKEN)).toHaveLength(1);
  });

  it("of the user's own is asked for, and one that cannot be read is refused in the form", async () => {
    const facts = { kind: "client_credentials", client_authentication: "private_key_jwt", authorization_params: {}, userinfo: [] };
    const ada = await start(signed, { ...facts, scopes: {} }, { client_id: undefined });
    const { data } = await ada.graphql(`mutation { connect(slug: "oidc") { authorization { state collect { fields { name secret } } } } }`);
    const { state, collect } = data.connect.authorization;
    expect(collect.fields).toEqual([
      { name: "client_id", secret: false },
      { name: "private_key", secret: true },
    ]);
    const submit = (privateKey: string) =>
      ada.graphql(
        `mutation ($state: String!, $fields: [FieldInput!]!) { submitAuthorization(state: $state, fields: $fields) { status } }`,
        {
          state,
          fields: [
            { name: "client_id", value: OIDC_CLIENT_ID },
            { name: "private_key", value: privateKey },
          ],
        },
      );
    const { errors } = await submit("planted-key");
    expect(errors).toMatchObject([
      { message: expect.stringContaining("The private key cannot be read"), extensions: { code: "BAD_USER_INPUT" } },
    ]);
    expect((await submit(pemOf(rsa.privateKey))).data.submitAuthorization.status).toBe("ACTIVE");
    test?.clock.advance(HOUR_MS);
    expect((await askToken(ada, { where })).__typename).toBe("AccessToken");
    expect(test?.logged.join("\n")).not.toContain("planted-key");
  });

  it("has client credentials tried by the findings about its connector", async () => {
    oidc = await startOidcProvider({ client: signed });
    const find = (key: KeyObject) => {
      const facts = { kind: "client_credentials", client_authentication: "private_key_jwt", authorization_params: {}, scopes: {} };
      const provider = { ...oidc.facts, ...facts };
      const written = { slug: "oidc", name: "Oidc", provider, client_id: OIDC_CLIENT_ID, client_private_key: pemOf(key) };
      return findingsOf(connectorSchema.parse(written), { publicUrl: PUBLIC_URL, timeoutMs: 5_000 });
    };
    const accepted = { level: "ok", text: `the provider accepts the client ${OIDC_CLIENT_ID}: it gave it a token` };
    expect(await find(rsa.privateKey)).toContainEqual(accepted);
    const stranger = generateKeyPairSync("rsa", { modulusLength: 2_048 }).privateKey;
    const refused = `the provider refuses the client ${OIDC_CLIENT_ID} or its secret (invalid_client`;
    expect(await find(stranger)).toContainEqual({ level: "error", text: expect.stringContaining(refused) });
  });

  it("is tried by the findings about its connector", async () => {
    oidc = await startOidcProvider({ client: signed });
    const find = (key: KeyObject, further: object = {}) =>
      findingsOf(
        connectorSchema.parse({
          slug: "oidc",
          name: "Oidc",
          provider: { ...oidc.facts, client_authentication: "private_key_jwt" },
          client_id: OIDC_CLIENT_ID,
          client_private_key: pemOf(key),
          ...further,
        }),
        { publicUrl: PUBLIC_URL, timeoutMs: 5_000 },
      );
    expect(await find(rsa.privateKey)).toContainEqual({
      level: "ok",
      text: `the provider accepts the client ${OIDC_CLIENT_ID}: it refused only a made-up code (invalid_grant, "grant request is invalid")`,
    });
    const stranger = generateKeyPairSync("rsa", { modulusLength: 2_048 }).privateKey;
    expect((await find(stranger)).filter(({ level }) => level === "error")).toHaveLength(1);
    const unlisted = await find(generateKeyPairSync("ec", { namedCurve: "P-521" }).privateKey);
    expect(unlisted).toContainEqual({ level: "warning", text: "signs with ES512, which the provider's metadata does not list" });
  });
});

describe("a client that signs with its secret", () => {
  it("connects and refreshes, and never sends the secret", async () => {
    const ada = await start(
      { token_endpoint_auth_method: "client_secret_jwt", client_secret: SECRET },
      { client_authentication: "client_secret_jwt" },
      { client_secret: SECRET },
    );
    expect((await connect(ada)).status).toBe(200);
    test?.clock.advance(HOUR_MS);
    expect((await askToken(ada, { where })).__typename).toBe("AccessToken");
    expect(assertionsTo(TOKEN).map((assertion) => decodeProtectedHeader(assertion))).toEqual([{ alg: "HS256" }, { alg: "HS256" }]);
    expect(oidc.requestsTo(TOKEN).map(String).join("\n")).not.toContain(SECRET);
  });
});
