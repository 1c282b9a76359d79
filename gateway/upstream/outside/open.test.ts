import { afterEach, beforeEach, describe, expect, inject, it } from "vitest";
import { createManualClock, type ManualClock } from "../../upstream-suite/manual-clock.ts";
import { createMailHolder, type MailHolder } from "../../../test/support/mail-holder.ts";
import { createServerHeaders } from "../../../test/support/caller.ts";
import { createTestDatabase, run, type TestDatabase } from "../../../test/support/databases.ts";
import { ask, createTestConfig, parseTestConfig, PUBLIC_URL, sendTo, WEB_ORIGIN } from "../../../test/support/test-app.ts";
import { startAuthorizationServer } from "../../../test/support/authorization-server.ts";
import { type App, type Config, ConfigError, createApp, fingerprintOf, type OpenUpstream, type Owner } from "../../index.ts";
import { createLog } from "../../runtime/log.ts";

const TOKEN = `query ($minimumTtl: Int, $rejected: String) { accessToken(where: { slug: "mail" }, minimumTtl: $minimumTtl, rejected: $rejected) {
  __typename
  ... on AccessToken { value fingerprint connection { authorization { displayLabel } } }
  ... on NotConnected { connectorUrl }
  ... on MinimumTtlUnavailable { maximumTtl }
} }`;
const CONNECT = `mutation ($returnTo: String) { connect(slug: "mail", returnTo: $returnTo) { id enabled authorization { id status authorizeUrl } } }`;
const ADA: Owner = { kind: "user", id: "ada" };

describe("an adapter from outside", () => {
  let clock: ManualClock;
  let database: TestDatabase;
  let holder: MailHolder;
  let config: Config;
  let app: App;

  beforeEach(async () => {
    clock = createManualClock();
    database = await createTestDatabase("sqlite");
    holder = createMailHolder();
    config = parseTestConfig(database);
    app = await createApp(config, { clock, log: createLog("silent"), upstream: holder.open });
  });
  afterEach(async () => {
    if (!holder.isClosed()) await app.close();
    await database.drop();
  });

  const bearerOf = async (id: string, groupId: string | null) => `Bearer ${(await app.provisionUser({ id, groupId })).token}`;
  const askAs = async (id: string, query: string, variables = {}, groupId: string | null = null) =>
    ask(sendTo(app), query, variables, { authorization: await bearerOf(id, groupId) });

  it("gives a user their own token", async () => {
    await holder.hold(ADA);
    expect((await askAs("ada", TOKEN)).data.accessToken).toEqual({
      __typename: "AccessToken",
      value: "the-token",
      fingerprint: fingerprintOf("the-token"),
      connection: { authorization: { displayLabel: "ada@mail.example" } },
    });
    expect((await askAs("ben", TOKEN)).data.accessToken).toEqual({
      __typename: "NotConnected",
      connectorUrl: `${PUBLIC_URL}/connectors/mail`,
    });
  });

  it("gives no member a group's token, although it answers with it", async () => {
    await holder.hold({ kind: "group", id: "acme" });
    const answer = await askAs("ada", TOKEN, {}, "acme");
    expect(answer.data.accessToken).toEqual({ __typename: "TokenWithheld" });
    expect(JSON.stringify(answer)).not.toContain("the-token");
  });

  it("gives no token that has expired, has not the life that was asked for, or was refused", async () => {
    const typeFor = async (variables = {}) => (await askAs("ada", TOKEN, variables)).data.accessToken;
    await holder.hold(ADA, { expiresAt: new Date(clock.now() + 120_000) });
    expect(await typeFor()).toMatchObject({ __typename: "AccessToken" });
    expect(await typeFor({ minimumTtl: 600 })).toEqual({ __typename: "MinimumTtlUnavailable", maximumTtl: 120 });
    expect(await typeFor({ rejected: fingerprintOf("the-token") })).toEqual({ __typename: "TemporarilyUnavailable" });
    await holder.hold(ADA, { expiresAt: new Date(clock.now() - 1) });
    expect(await typeFor()).toEqual({ __typename: "TemporarilyUnavailable" });
  });

  it("is asked for a connector of its catalog alone", async () => {
    const { errors } = await askAs("ada", TOKEN.replace("mail", "nothing"));
    expect(errors[0]?.extensions.code).toBe("NOT_FOUND");
  });

  it("leads a user who connects to its own page, with an absolute address to return to", async () => {
    for (const [returnTo, back] of [
      ["/settings", `${PUBLIC_URL}/settings`],
      [`${WEB_ORIGIN}/settings`, `${WEB_ORIGIN}/settings`],
    ]) {
      const { data } = await askAs("ada", CONNECT, { returnTo });
      expect(data.connect).toMatchObject({
        enabled: false,
        authorization: {
          status: "AWAITING_CALLBACK",
          authorizeUrl: `https://app.acme.example/connect/mail?back=${encodeURIComponent(back ?? "")}`,
        },
      });
    }
  });

  it("is told what to ask of the provider, and who is expected", async () => {
    const start = CONNECT.replace('slug: "mail"', 'slug: "mail", scopes: ["send"], loginHint: "ada@mail.example"');
    const { authorizeUrl } = (await askAs("ada", start)).data.connect.authorization;
    expect(Object.fromEntries(new URL(authorizeUrl).searchParams)).toMatchObject({ scopes: "send", hint: "ada@mail.example" });
  });

  it("gives no token without the scopes that were asked for, where it states any", async () => {
    const query = `{ accessToken(where: { slug: "mail" }, scopes: ["Read", "send"]) {
      __typename ... on ScopesMissing { missingScopes connectorUrl }
    } }`;
    await holder.hold(ADA);
    expect((await askAs("ada", query)).data.accessToken).toEqual({ __typename: "AccessToken" });
    await holder.hold(ADA, { scopes: ["read", "send"] });
    expect((await askAs("ada", query)).data.accessToken).toEqual({ __typename: "AccessToken" });
    await holder.hold(ADA, { scopes: ["read"] });
    const missing = (await askAs("ada", query)).data.accessToken;
    expect(missing).toMatchObject({ __typename: "ScopesMissing", missingScopes: ["send"] });
    expect(new URL(missing.connectorUrl).pathname).toBe("/connectors/mail");
    expect(new URL(missing.connectorUrl).searchParams.get("scopes")).toBe("send");
  });

  it("is not asked to connect where the address to return to is another site's", async () => {
    const { data, errors } = await askAs("ada", CONNECT, { returnTo: "https://evil.example/" });
    expect(data).toBeNull();
    expect(errors[0]?.extensions).toMatchObject({ code: "BAD_USER_INPUT", path: "returnTo" });
  });

  /** Answers the data of the next event each time; null at the end. */
  async function subscribe(query: string, variables = {}) {
    const response = await sendTo(app)("/graphql", {
      method: "POST",
      headers: { "content-type": "application/json", accept: "text/event-stream", authorization: await bearerOf("ada", null) },
      body: JSON.stringify({ query, variables }),
    });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    let seen = 0;
    return {
      async next() {
        for (;;) {
          const line = [...text.matchAll(/^data: (\{.+)$/gm)][seen]?.[1];
          if (line !== undefined) {
            seen += 1;
            return JSON.parse(line).data;
          }
          if (text.includes("event: complete")) return null;
          text += (await reader?.read())?.value ?? "event: complete";
        }
      },
      stop: () => reader?.cancel(),
    };
  }

  it("finishes what was started once it has the connection, and a reconnect once it has a new grant", async () => {
    for (let round = 0; round < 2; round += 1) {
      const { id } = (await askAs("ada", CONNECT)).data.connect.authorization;
      const statuses = await subscribe("subscription ($id: ID!) { authorizationStatus(id: $id) { id status } }", { id });
      expect(await statuses.next()).toEqual({ authorizationStatus: { id, status: "AWAITING_CALLBACK" } });
      await holder.hold(ADA);
      expect(await statuses.next()).toEqual({ authorizationStatus: { id, status: "ACTIVE" } });
      expect(await statuses.next()).toBeNull();
    }
  });

  it("has its connections followed, told by itself or looked up every two seconds", async () => {
    const changes = await subscribe("subscription { connectionChanged { connector { slug } enabled } }");
    const change = { connectionChanged: { connector: { slug: "mail" }, enabled: true } };
    await holder.hold(ADA);
    expect(await changes.next()).toEqual(change);
    holder.holdSilently(ADA);
    clock.advance(2_000);
    expect(await changes.next()).toEqual(change);
    await changes.stop();
  });

  it("shows a server the tokens of a user and of a group", async () => {
    await holder.hold(ADA);
    await holder.hold({ kind: "group", id: "acme" }, { value: "of-the-group" });
    await bearerOf("ada", null);
    await bearerOf("ben", "acme");
    const token = `{ connectionToken(where: { slug: "mail" }) }`;
    const query = `{ user(id: "ada") ${token} group(id: "acme") ${token} stranger: user(id: "nobody") ${token} }`;
    const { data } = await ask(sendTo(app), query, {}, await createServerHeaders({ config, clock }));
    expect(data).toEqual({ user: { connectionToken: "the-token" }, group: { connectionToken: "of-the-group" }, stranger: null });
  });

  it("is closed with the gateway", async () => {
    await app.close();
    expect(holder.isClosed()).toBe(true);
  });
});

it("that does not say whether it can be asked makes the gateway unready, within two seconds", async () => {
  const database = await createTestDatabase("sqlite");
  const upstream: OpenUpstream = async (runtime) => ({ ...(await createMailHolder().open(runtime)), check: () => new Promise(() => {}) });
  const app = await createApp(parseTestConfig(database), { log: createLog("silent"), upstream });
  expect((await sendTo(app)("/readyz")).status).toBe(503);
  await app.close();
  await database.drop();
});

it("is refused beside connectors of the configuration, which it would not use", async () => {
  const database = await createTestDatabase("sqlite");
  const provider = await startAuthorizationServer({ now: Date.now });
  const config = createTestConfig(provider, database);
  await expect(createApp(config, { log: createLog("silent"), upstream: createMailHolder().open })).rejects.toThrow(ConfigError);
  await provider.close();
  await database.drop();
});

it("leaves no store open where it cannot be opened", async () => {
  const database = await createTestDatabase("postgres");
  const upstream = () => Promise.reject(new Error("The holder is away."));
  await expect(createApp(parseTestConfig(database), { log: createLog("silent"), upstream })).rejects.toThrow("The holder is away.");
  // Postgres drops no database that has a connection.
  await run(inject("postgresUrl"), `drop database ${new URL(database.url).pathname.slice(1)}`);
});
