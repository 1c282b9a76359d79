import { generateKeyPairSync } from "node:crypto";
import { importSPKI, jwtVerify } from "jose";
import { afterEach, describe, expect, it } from "vitest";
import { databaseKinds } from "../../test/support/databases.ts";
import { startTestApp, type TestApp, type TestUser } from "../../test/support/test-app.ts";
import { askToken, HOUR_MS, onlyAuthorization } from "../../test/support/vault.ts";

let test: TestApp;
afterEach(() => test?.close());

const CONNECT = `mutation { connect(slug: "test") { authorization { state collect { saveLabel fields { name secret } } } } }`;
const SUBMIT = `mutation ($state: String!, $fields: [FieldInput!]!) {
  submitAuthorization(state: $state, fields: $fields) { status displayLabel }
}`;
const HEALTH = `query { connection(where: { slug: "test" }) { authorization { health } } }`;

const connect = async (user: TestUser) => (await user.graphql(CONNECT)).data.connect.authorization;

const submit = (user: TestUser, state: string, values: Record<string, string>) =>
  user.graphql(SUBMIT, { state, fields: Object.entries(values).map(([name, value]) => ({ name, value })) });

const enter = async (user: TestUser, values: Record<string, string>) => submit(user, (await connect(user)).state, values);

const clientFacts = (url: string) => ({
  kind: "client_credentials",
  token_endpoint: `${url}/token`,
  userinfo: [{ url: `${url}/userinfo` }],
});

describe.each(databaseKinds)("client credentials, on %s", (database) => {
  async function startTyped() {
    test = await startTestApp({ database, facts: clientFacts, connector: { client_id: undefined, client_secret: undefined } });
    const { clientId, clientSecret } = test.provider.client;
    return { ada: await test.signIn("ada"), client: { client_id: clientId, client_secret: clientSecret ?? "" } };
  }

  it("of the user's are asked for, and bring the first token and each next one", async () => {
    const { ada, client } = await startTyped();
    const { collect, state } = await connect(ada);
    expect(collect.fields).toEqual([
      { name: "client_id", secret: false },
      { name: "client_secret", secret: true },
    ]);
    const { data } = await submit(ada, state, client);
    expect(data.submitAuthorization).toEqual({ status: "ACTIVE", displayLabel: "robot@example.test" });
    const first = await askToken(ada);
    test.clock.advance(HOUR_MS);
    expect((await ada.graphql(HEALTH)).data.connection.authorization.health).toBe("WORKING");
    const answers = await Promise.all(Array.from({ length: 10 }, () => askToken(ada)));
    expect(new Set(answers.map(({ value }) => value)).size).toBe(1);
    expect(answers[0]?.value).not.toBe(first.value);
    expect(test.provider.tokenRequests.map(({ grantType }) => grantType)).toEqual(["client_credentials", "client_credentials"]);
    expect((await onlyAuthorization(test)).sealed_refresh_token).toBeNull();
  });

  it("that the provider refuses are refused in the form, and may be entered again", async () => {
    const { ada, client } = await startTyped();
    const { state } = await connect(ada);
    const { errors } = await submit(ada, state, { ...client, client_secret: "planted-wrong" });
    expect(errors).toMatchObject([
      { message: expect.stringContaining("Test does not accept what you entered."), extensions: { code: "BAD_USER_INPUT" } },
    ]);
    expect((await submit(ada, state, client)).data.submitAuthorization.status).toBe("ACTIVE");
    expect(test.logged.join("\n")).not.toContain("planted-wrong");
  });

  it("that are refused later end the connection, and an outage does not", async () => {
    const { ada, client } = await startTyped();
    await enter(ada, client);
    test.clock.advance(HOUR_MS);
    test.provider.controls.next({ status: 503 });
    expect((await askToken(ada)).__typename).toBe("TemporarilyUnavailable");
    test.clock.advance(60_000);
    test.provider.controls.always({ status: 401, body: { error: "invalid_client" } });
    expect(await askToken(ada)).toMatchObject({ __typename: "ReconnectRequired" });
  });
});

describe("client credentials of the platform's", () => {
  it("need a click alone, and are the operator's to mend", async () => {
    test = await startTestApp({ facts: clientFacts });
    const ada = await test.signIn("ada");
    const { collect, state } = await connect(ada);
    expect(collect).toEqual({ saveLabel: "Connect", fields: [] });
    expect((await submit(ada, state, {})).data.submitAuthorization.status).toBe("ACTIVE");
    test.clock.advance(HOUR_MS);
    test.provider.controls.always({ status: 401, body: { error: "invalid_client" } });
    expect((await askToken(ada)).__typename).toBe("ConnectorMisconfigured");
  });
});

describe("a service account's key", () => {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 4096 });
  const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  const email = "robot@project.example";
  const facts = (url: string) => ({
    kind: "jwt_bearer",
    token_endpoint: `${url}/token`,
    client_authentication: "none",
    variables: [
      { name: "client_email", may: "param" },
      { name: "private_key", secret: true, may: "param" },
      { name: "subject", optional: true, may: "param" },
    ],
    assertion: { key: "{private_key}", claims: { iss: "{client_email}", sub: "{subject}", aud: `${url}/token`, scope: "{scope}" } },
    account: { id: ["field:subject", "field:client_email"], label: ["field:subject", "field:client_email"] },
  });
  const startKeyed = async () => {
    const connector = { client_id: undefined, client_secret: undefined };
    test = await startTestApp({ facts, connector, provider: { recordSecrets: true } });
    return test.signIn("ada");
  };
  const claimsOf = async (index: number) => {
    const assertion = test.provider.tokenRequests[index]?.params["assertion"] ?? "";
    const key = await importSPKI(publicKey.export({ type: "spki", format: "pem" }).toString(), "RS256");
    return (await jwtVerify(assertion, key, { currentDate: new Date(test.clock.now()) })).payload;
  };

  it.each([
    ["as it is in its JSON file", pem.replaceAll("\n", String.raw`\n`)],
    ["as a text field leaves it", pem.replaceAll("\n", "")],
    ["with its lines", pem],
  ])("signs what asks for each token, entered %s", async (_how, key) => {
    const ada = await startKeyed();
    const { data } = await enter(ada, { client_email: email, private_key: key, subject: "ann@acme.example" });
    expect(data.submitAuthorization).toEqual({ status: "ACTIVE", displayLabel: "ann@acme.example" });
    expect(await claimsOf(0)).toMatchObject({ iss: email, sub: "ann@acme.example", scope: "read write" });
    test.clock.advance(HOUR_MS);
    expect((await askToken(ada)).__typename).toBe("AccessToken");
    expect(await claimsOf(1)).toMatchObject({ iss: email });
    expect(test.provider.tokenRequests[0]?.params).not.toHaveProperty("client_id");
  });

  it("needs no subject", async () => {
    const ada = await startKeyed();
    await enter(ada, { client_email: email, private_key: pem });
    expect(await claimsOf(0)).not.toHaveProperty("sub");
    expect((await askToken(ada)).__typename).toBe("AccessToken");
  });

  it("that is none is refused in the form, and asked for nothing", async () => {
    const ada = await startKeyed();
    const { errors } = await enter(ada, { client_email: email, private_key: "planted-key" });
    expect(errors).toMatchObject([
      { message: expect.stringContaining("The private key cannot be read"), extensions: { code: "BAD_USER_INPUT" } },
    ]);
    expect(test.provider.tokenRequests).toEqual([]);
  });

  it("that the provider refuses is refused in the form", async () => {
    const ada = await startKeyed();
    test.provider.controls.next({ status: 400, body: { error: "invalid_grant", error_description: "Invalid JWT Signature." } });
    const { errors } = await enter(ada, { client_email: email, private_key: pem });
    expect(errors).toMatchObject([{ message: expect.stringContaining("does not accept what you entered") }]);
  });
});
