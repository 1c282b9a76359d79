import { type JWTPayload, SignJWT } from "jose";
import { describe, expect, it } from "vitest";
import { sendJson } from "../../../test/support/server-io.ts";
import { fingerprintOf } from "../../vault/sealed-columns.ts";
import { type ScriptedXkit, plainConnection, plainConnector, sessionOf, startScriptedXkit } from "../../../test/support/scripted-xkit.ts";
import { anyToken } from "../../../test/upstream-suite/harness.ts";

const TOKEN = "planted-third-party-token-1";
const SLACK = { slug: "slack" };
const READ = "GET /platform_user/connections/slack";

const asAda = ({ upstream: { users } }: ScriptedXkit) => users.forBearer("bearer", () => users.whoIs("bearer"));

async function startPlain(answer: Record<string, unknown>, group: string | null = null): Promise<ScriptedXkit> {
  const fake = await startScriptedXkit();
  fake.on("GET /platform_user/session", sessionOf("ada", group));
  fake.on(READ, answer);
  return fake;
}

const jwtOf = (claims: JWTPayload): Promise<string> => new SignJWT(claims).setProtectedHeader({ alg: "HS256" }).sign(Buffer.alloc(32));

describe("before a plain Xkit, without our extra fields", () => {
  it("computes the fingerprint, and calls the unknown expiry unknown", async () => {
    const fake = await startPlain(plainConnection(TOKEN));
    expect(await asAda(fake).accessToken(SLACK, anyToken)).toMatchObject({
      type: "AccessToken",
      value: TOKEN,
      fingerprint: fingerprintOf(TOKEN),
      expiresAt: null,
      scopes: [],
      connection: {
        owner: { kind: "user", id: "ada" },
        connector: { connectorUrl: `${fake.server.url}/connectors/slack`, supportsMultipleConnections: false },
        authorization: { id: "7", status: "active" },
      },
    });
  });

  it("knows nothing of a connection's health, of when it was connected and by whom, and has its own words for an error", async () => {
    const fake = await startPlain(plainConnection(TOKEN));
    const unknown = { health: null, healthCode: null, healthChangedAt: null, connectedAt: null, connectedBy: null };
    expect((await asAda(fake).find(SLACK))?.authorization).toMatchObject({ ...unknown, problem: null });
    const broken = { id: 7, status: "error", error_code: "invalid_scope", error_message: "Call 0800 to go on" };
    fake.on(READ, plainConnection(null, { authorization: broken }));
    const authorization = (await asAda(fake).find(SLACK))?.authorization;
    expect(authorization).toMatchObject({ ...unknown, problem: { title: "Slack does not know a permission that was asked for." } });
    expect(JSON.stringify(authorization)).not.toContain("0800");
  });

  it("passes minimumTtl, rejected and verify on", async () => {
    const fake = await startPlain(plainConnection(TOKEN));
    const rejected = fingerprintOf("another");
    await asAda(fake).accessToken(SLACK, { minimumTtl: 600, rejected, verify: true });
    expect(fake.requests).toContain(`${READ}?minimum_ttl=600&rejected=${rejected}&verify=true`);
  });

  it("promises no life that the upstream does not state: MinimumTtlUnavailable", async () => {
    const fake = await startPlain(plainConnection(TOKEN));
    expect(await asAda(fake).accessToken(SLACK, { minimumTtl: 60, rejected: null, verify: null })).toMatchObject({
      type: "MinimumTtlUnavailable",
      maximumTtl: 0,
    });
  });

  it("reads the life of a token that is a JWT, and refuses one that is shorter than asked for, or over", async () => {
    const fake = await startScriptedXkit();
    fake.on("GET /platform_user/session", sessionOf("ada", null));
    const seconds = fake.clock.now() / 1000;
    const jwt = await jwtOf({ exp: seconds + 300 });
    fake.on(READ, plainConnection(jwt));
    const connections = asAda(fake);
    expect(await connections.accessToken(SLACK, { minimumTtl: 300, rejected: null, verify: null })).toMatchObject({
      type: "AccessToken",
      value: jwt,
    });
    expect(await connections.accessToken(SLACK, { minimumTtl: 301, rejected: null, verify: null })).toMatchObject({
      type: "MinimumTtlUnavailable",
      maximumTtl: 300,
    });
    fake.clock.advance(300_000);
    expect(await connections.accessToken(SLACK, anyToken)).toMatchObject({ type: "TemporarilyUnavailable" });
  });

  it.each([
    ["60 s, where only its end is known", {}, null, 60],
    ["60 s of an hour", { created_at: -3_540 }, null, 60],
    ["a tenth of its life, where it is a JWT that tells when it was issued", { created_at: -86_400 }, -270, 30],
    ["a tenth of the time since it was connected, where nobody tells more", { created_at: -180 }, null, 20],
  ])("holds a token back for the last part of its life, and says when it is over: %s", async (_name, connection, issued, margin) => {
    const fake = await startScriptedXkit();
    fake.on("GET /platform_user/session", sessionOf("ada", null));
    const now = fake.clock.now();
    const at = (seconds: number) => new Date(now + seconds * 1000).toISOString();
    const token = issued === null ? TOKEN : await jwtOf({ iat: now / 1000 + issued });
    const answer = (left: number) => {
      const plain = plainConnection(token, { ...("created_at" in connection && { created_at: at(connection.created_at) }) });
      return { connection: { ...plain.connection, authorization: { ...plain.connection.authorization, expires_at: at(left) } } };
    };
    fake.on(READ, answer(margin));
    expect(await asAda(fake).accessToken(SLACK, anyToken)).toMatchObject({ type: "AccessToken" });
    fake.on(READ, answer(margin - 1));
    const outcome = await asAda(fake).accessToken(SLACK, anyToken);
    expect(outcome).toMatchObject({ type: "TemporarilyUnavailable", retryAfter: margin });
    expect(JSON.stringify(outcome)).not.toContain(token);
    // Who names a life gets what has it; and a gateway of ours, which states why there is a token or none, has looked at it itself.
    expect(await asAda(fake).accessToken(SLACK, { minimumTtl: 5, rejected: null, verify: null })).toMatchObject({ type: "AccessToken" });
    fake.on(READ, { connection: { ...answer(margin - 1).connection, token_problem: null } });
    expect(await asAda(fake).accessToken(SLACK, anyToken)).toMatchObject({ type: "AccessToken" });
  });

  it("does not hand the refused token out again: TemporarilyUnavailable", async () => {
    const fake = await startPlain(plainConnection(TOKEN));
    const outcome = await asAda(fake).accessToken(SLACK, { minimumTtl: null, rejected: fingerprintOf(TOKEN), verify: null });
    expect(outcome).toMatchObject({ type: "TemporarilyUnavailable", retryAfter: 30 });
    expect(JSON.stringify(outcome)).not.toContain(TOKEN);
  });

  it("tells NotConnected from an unknown connector by asking the catalog", async () => {
    const fake = await startScriptedXkit();
    fake.on("GET /platform_user/session", sessionOf("ada", null));
    const connections = asAda(fake);
    await expect(connections.accessToken(SLACK, anyToken)).rejects.toMatchObject({ code: "NOT_FOUND" });
    fake.on("GET /platform_user/platform/connectors/slack", { connector: plainConnector });
    expect(await connections.accessToken(SLACK, anyToken)).toMatchObject({ type: "NotConnected" });
  });

  it("understands an error status, a disabled connection, and a connection that never began", async () => {
    const fake = await startPlain(plainConnection(null, { authorization: { id: 7, status: "error", error_code: "invalid_grant" } }));
    const connections = asAda(fake);
    expect(await connections.accessToken(SLACK, anyToken)).toMatchObject({ type: "ReconnectRequired", reason: "REVOKED" });
    fake.on(READ, plainConnection(TOKEN, { enabled: false }));
    expect(await connections.accessToken(SLACK, anyToken)).toMatchObject({ type: "NotConnected" });
    fake.on("GET /platform/users/ada/connections/slack", { connection: { enabled: false, connector: plainConnector } });
    const own = fake.upstream.forPlatform().connectionsOf({ kind: "user", id: "ada" });
    expect(await own.find(SLACK)).toBeNull();
    expect(await own.accessToken(SLACK, anyToken)).toMatchObject({ type: "NotConnected" });
  });

  it("declares that it cannot know who is asking, when the upstream does not tell", async () => {
    const fake = await startPlain(plainConnection(TOKEN));
    fake.on("GET /platform_user/session", {});
    await expect(asAda(fake).accessToken(SLACK, anyToken)).rejects.toMatchObject({ code: "UPSTREAM_UNAVAILABLE" });
  });

  it("keeps the user token as bearer where login answers nothing", async () => {
    const fake = await startPlain(plainConnection(TOKEN));
    fake.on(
      "POST /platform_user/sessions",
      (_request, response) => void response.writeHead(204, { "set-cookie": "_xkit=abc; HttpOnly" }).end(),
    );
    expect(await fake.upstream.users.login("user-token")).toMatchObject({
      token: "user-token",
      viewer: { userId: "ada" },
      cookie: "_xkit=abc",
    });
  });

  it("leaves a link alone that is bound to no browser", async () => {
    const fake = await startPlain({});
    const authorization = { id: 8, status: "awaiting_callback", authorize_url: "https://slack.example/authorize?state=1" };
    fake.on("POST /platform_user/connections/slack", plainConnection(null, { authorization }));
    const started = await asAda(fake).start("slack", { id: null, returnTo: null });
    expect(started.authorization?.authorizeUrl).toBe("https://slack.example/authorize?state=1");
  });
});

describe("before a careless upstream", () => {
  const careless = plainConnection(TOKEN);
  const statedAs = (kind: "user" | "group", id: string) => plainConnection(TOKEN, { owner: { kind, external_id: id } });

  it.each([
    ["that says so in the session", careless, "team"],
    ["that says so in the connection", statedAs("group", "team"), null],
    ["that says so in the session, and that the connection is the member's own", statedAs("user", "ada"), "team"],
  ])("withholds a group's token %s", async (_how, answer, group) => {
    const fake = await startPlain(answer, group);
    const byId = "8a1b2c3d-0000-4000-8000-000000000001";
    fake.on(`GET /platform_user/connection/${byId}`, answer);
    for (const where of [SLACK, { id: byId }]) {
      const outcome = await asAda(fake).accessToken(where, anyToken);
      expect(outcome).toMatchObject({ type: "TokenWithheld" });
      expect(JSON.stringify(outcome)).not.toContain(TOKEN);
    }
  });

  it("withholds a token that is said to be another user's", async () => {
    const outcome = await asAda(await startPlain(statedAs("user", "bob"))).accessToken(SLACK, anyToken);
    expect(outcome).toMatchObject({ type: "TokenWithheld" });
    expect(JSON.stringify(outcome)).not.toContain(TOKEN);
  });

  it.each([
    ["into", null, "team", careless],
    ["out of", "team", null, careless],
    ["into", null, "team", statedAs("user", "ada")],
    ["out of", "team", null, statedAs("user", "ada")],
  ])("withholds a token from who is moved %s a group while it is asked for, whatever was known before", async (_way, from, to, answer) => {
    const fake = await startPlain(answer, from);
    const known = await fake.upstream.users.whoIs("bearer");
    fake.on(READ, (_request, response) => {
      fake.on("GET /platform_user/session", sessionOf("ada", to));
      sendJson(response, 200, answer);
    });
    const outcome = await fake.upstream.users.forBearer("bearer", async () => known).accessToken(SLACK, anyToken);
    expect(outcome).toMatchObject({ type: "TokenWithheld" });
    expect(JSON.stringify(outcome)).not.toContain(TOKEN);
  });

  it("lets no token through in connections, lists, authorizations and changes", async () => {
    const fake = await startPlain(careless, "team");
    fake.on("GET /platform_user/connections", { connections: [careless.connection] });
    fake.on("GET /platform_user/authorizations/slack/7", { authorization: careless.connection.authorization });
    fake.on("POST /platform_user/connections/slack", careless);
    fake.on("DELETE /platform_user/connections/slack", careless);
    const connections = asAda(fake);
    const seen = [
      await connections.find(SLACK),
      await connections.list(null),
      await connections.findAuthorization("7"),
      await connections.start("slack", { id: null, returnTo: null }),
      await connections.disconnect(SLACK),
    ];
    expect(seen.every((value) => value !== null)).toBe(true);
    expect(JSON.stringify(seen)).not.toContain(TOKEN);
  });

  it("repeats no token, and nothing that the user typed, in an account's name, an error's code or its sentence", async () => {
    const fake = await startScriptedXkit();
    // Not even one that looks like an ordinary word.
    const secrets = ["open-sesame", "a second word"];
    const typed = { api_key: "open-sesame", password: "a second word" };
    const words = { display_label: "ada open-sesame", error_code: "bad:open-sesame", error_message: "refused a second word" };
    const { connection } = plainConnection("open-sesame");
    const answer = { connection: { ...connection, authorization: { ...connection.authorization, ...words, credential: typed } } };
    fake.on("GET /platform/users/ada/connections/slack", answer);
    const found = await fake.upstream.forPlatform().connectionsOf({ kind: "user", id: "ada" }).find(SLACK);
    expect(found?.authorization).toMatchObject({ displayLabel: "ada [redacted]", errorCode: "bad:[redacted]" });
    for (const secret of secrets) expect(JSON.stringify(found)).not.toContain(secret);
    const leaking = { id: 7, status: "error", display_label: `key ${TOKEN}`, error_code: TOKEN };
    fake.on(READ, plainConnection(null, { owner: { kind: "user", external_id: "ada" }, authorization: leaking }));
    expect((await asAda(fake).find(SLACK))?.authorization).toMatchObject({ displayLabel: "key [redacted]", errorCode: "[redacted]" });
  });

  it("shows an account's address as it is, however long", async () => {
    const address = "augusta-ada.lovelace.1815@analytical-engine-2.example";
    const authorization = { id: 7, status: "active", display_label: address };
    const connection = await asAda(await startPlain(plainConnection(null, { authorization }))).find(SLACK);
    expect(connection?.authorization?.displayLabel).toBe(address);
  });

  it("repeats no token that stands in an error's sentence", async () => {
    const broken = { id: 7, status: "error", error_code: "invalid_grant", error_message: `refused ${TOKEN}` };
    const fake = await startPlain(plainConnection(null, { authorization: broken }), "team");
    const connection = await asAda(fake).find(SLACK);
    expect(connection?.authorization).toMatchObject({ errorCode: "invalid_grant" });
    expect(JSON.stringify(connection)).not.toContain(TOKEN);
    fake.on(READ, (_request, response) => void response.writeHead(400).end(JSON.stringify({ error: `bad ${TOKEN}` })));
    const failure: unknown = await asAda(fake)
      .accessToken(SLACK, anyToken)
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "BAD_USER_INPUT" });
    expect(String(failure)).not.toContain(TOKEN);
  });
});
