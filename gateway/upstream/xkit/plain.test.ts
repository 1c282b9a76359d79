import type { ServerResponse } from "node:http";
import { type JWTPayload, SignJWT } from "jose";
import { describe, expect, it } from "vitest";
import { fingerprintOf } from "../../vault/sealed-columns.ts";
import {
  asAda,
  plainConnection,
  plainConnector,
  READ_SLACK,
  sessionOf,
  SLACK,
  startPlainXkit,
  startScriptedXkit,
  TOKEN,
} from "../../../test/support/scripted-xkit.ts";
import { sendJson } from "../../../test/support/server-io.ts";
import { anyToken } from "../../upstream-suite/harness.ts";

const jwtOf = (claims: JWTPayload): Promise<string> => new SignJWT(claims).setProtectedHeader({ alg: "HS256" }).sign(Buffer.alloc(32));

describe("the adapter before a plain Xkit, which lacks our extra fields", () => {
  it("computes the fingerprint, and states no expiry where it is unknown", async () => {
    const fake = await startPlainXkit(plainConnection(TOKEN));
    expect(await asAda(fake).accessToken(SLACK, anyToken)).toMatchObject({
      type: "AccessToken",
      value: TOKEN,
      fingerprint: fingerprintOf(TOKEN),
      expiresAt: null,
      scopes: [],
      connection: {
        owner: { kind: "user", id: "ada" },
        connector: { connectorUrl: "http://localhost:4000/connectors/slack", supportsMultipleConnections: false },
        authorization: { id: "7", status: "active" },
      },
    });
  });

  it.each([
    ["in UTC", "2024-02-29T10:00:00Z", "2024-02-29T10:00:00.000Z"],
    ["with an offset", "2024-02-29T10:00:00.5+02:00", "2024-02-29T08:00:00.500Z"],
    ["without an offset", "2024-02-29T10:00:00", "2024-02-29T10:00:00.000Z"],
    ["that cannot be read", "2024-02-30T10:00:00Z", null],
    ["in words", "a moment ago", null],
    ["as a number", 1_709_200_800, null],
    ["that is absent", undefined, null],
  ])("takes an instant %s for what it says, or for unknown", async (_how, stated, expected) => {
    const fake = await startPlainXkit(plainConnection(TOKEN, { created_at: stated, updated_at: stated }));
    const connection = await asAda(fake).find(SLACK);
    const instant = expected === null ? null : new Date(expected);
    expect(connection).toMatchObject({ createdAt: instant, updatedAt: instant });
  });

  it("takes numbers for ids", async () => {
    const connection = await asAda(await startPlainXkit(plainConnection(TOKEN, { id: 12 }))).find(SLACK);
    expect(connection).toMatchObject({ id: "12", authorization: { id: "7", connectionId: "12" } });
  });

  it("states no health of a connection, and describes an error in our words", async () => {
    const fake = await startPlainXkit(plainConnection(TOKEN));
    const unknown = { health: null, healthCode: null, healthChangedAt: null, connectedAt: null, connectedBy: null };
    expect((await asAda(fake).find(SLACK))?.authorization).toMatchObject({ ...unknown, problem: null });
    const broken = { id: 7, status: "error", error_code: "invalid_scope", error_message: "Call 0800 to go on" };
    fake.on(READ_SLACK, plainConnection(null, { authorization: broken }));
    const authorization = (await asAda(fake).find(SLACK))?.authorization;
    expect(authorization).toMatchObject({ ...unknown, problem: { title: "Slack does not know a permission that was asked for." } });
    expect(JSON.stringify(authorization)).not.toMatch(/0800[ .]/);
  });

  it("passes on minimumTtl, rejected and verify", async () => {
    const fake = await startPlainXkit(plainConnection(TOKEN));
    const rejected = fingerprintOf("another");
    await asAda(fake).accessToken(SLACK, { minimumTtl: 600, rejected, verify: true });
    expect(fake.requests).toContain(`${READ_SLACK}?minimum_ttl=600&rejected=${rejected}&verify=true&authorization_header=true&viewer=true`);
  });

  it("answers MinimumTtlUnavailable where the upstream states no life", async () => {
    const fake = await startPlainXkit(plainConnection(TOKEN));
    expect(await asAda(fake).accessToken(SLACK, { minimumTtl: 60, rejected: null, verify: null })).toMatchObject({
      type: "MinimumTtlUnavailable",
      maximumTtl: 0,
    });
  });

  it("reads the life of a JWT, and withholds a token with less life than asked for", async () => {
    const fake = await startScriptedXkit();
    fake.on("GET /platform_user/session", sessionOf("ada", null));
    const seconds = fake.clock.now() / 1000;
    const jwt = await jwtOf({ exp: seconds + 300 });
    fake.on(READ_SLACK, plainConnection(jwt));
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
    ["a tenth of the time since it was connected, where no more is known", { created_at: -180 }, null, 20],
  ])("withholds a token for the last part of its life: %s", async (_name, connection, issued, margin) => {
    const fake = await startScriptedXkit();
    fake.on("GET /platform_user/session", sessionOf("ada", null));
    const now = fake.clock.now();
    const at = (seconds: number) => new Date(now + seconds * 1000).toISOString();
    const token = issued === null ? TOKEN : await jwtOf({ iat: now / 1000 + issued });
    const answer = (left: number) => {
      const plain = plainConnection(token, { ...("created_at" in connection && { created_at: at(connection.created_at) }) });
      return { connection: { ...plain.connection, authorization: { ...plain.connection.authorization, expires_at: at(left) } } };
    };
    fake.on(READ_SLACK, answer(margin));
    expect(await asAda(fake).accessToken(SLACK, anyToken)).toMatchObject({ type: "AccessToken" });
    fake.on(READ_SLACK, answer(margin - 1));
    const outcome = await asAda(fake).accessToken(SLACK, anyToken);
    expect(outcome).toMatchObject({ type: "TemporarilyUnavailable", retryAfter: margin });
    expect(JSON.stringify(outcome)).not.toContain(token);
    // Who names a life gets what has it; and a gateway of ours, which states why there is a token or none, has looked at it itself.
    expect(await asAda(fake).accessToken(SLACK, { minimumTtl: 5, rejected: null, verify: null })).toMatchObject({ type: "AccessToken" });
    fake.on(READ_SLACK, { connection: { ...answer(margin - 1).connection, token_problem: null } });
    expect(await asAda(fake).accessToken(SLACK, anyToken)).toMatchObject({ type: "AccessToken" });
  });

  it("answers TemporarilyUnavailable in place of the refused token", async () => {
    const fake = await startPlainXkit(plainConnection(TOKEN));
    const outcome = await asAda(fake).accessToken(SLACK, { minimumTtl: null, rejected: fingerprintOf(TOKEN), verify: null });
    expect(outcome).toMatchObject({ type: "TemporarilyUnavailable", retryAfter: 30 });
    expect(JSON.stringify(outcome)).not.toContain(TOKEN);
  });

  it("asks the catalog to tell NotConnected from an unknown connector", async () => {
    const fake = await startScriptedXkit();
    fake.on("GET /platform_user/session", sessionOf("ada", null));
    const connections = asAda(fake);
    await expect(connections.accessToken(SLACK, anyToken)).rejects.toMatchObject({ code: "NOT_FOUND" });
    fake.on("GET /platform_user/platform/connectors/slack", { connector: plainConnector });
    expect(await connections.accessToken(SLACK, anyToken)).toMatchObject({ type: "NotConnected" });
  });

  it("takes an error status for ReconnectRequired", async () => {
    const fake = await startPlainXkit(plainConnection(null, { authorization: { id: 7, status: "error", error_code: "invalid_grant" } }));
    expect(await asAda(fake).accessToken(SLACK, anyToken)).toMatchObject({ type: "ReconnectRequired", reason: "REVOKED" });
  });

  it("takes a disabled connection for NotConnected", async () => {
    const fake = await startPlainXkit(plainConnection(TOKEN, { enabled: false }));
    expect(await asAda(fake).accessToken(SLACK, anyToken)).toMatchObject({ type: "NotConnected" });
  });

  it("takes a connection without an id for none", async () => {
    const fake = await startPlainXkit(plainConnection(TOKEN));
    fake.on("GET /platform/users/ada/connections/slack", { connection: { enabled: false, connector: plainConnector } });
    const own = fake.upstream.forPlatform().connectionsOf({ kind: "user", id: "ada" });
    expect(await own.find(SLACK)).toBeNull();
    expect(await own.accessToken(SLACK, anyToken)).toMatchObject({ type: "NotConnected" });
  });

  const namesNobody: [string, (response: ServerResponse) => void][] = [
    ["nothing", (response) => void response.writeHead(204).end()],
    ["an empty object", (response) => sendJson(response, 200, {})],
    ["a session without a user", (response) => sendJson(response, 200, { session: { active: true } })],
    ["a list", (response) => void response.writeHead(200, { "content-type": "application/json" }).end("[]")],
  ];
  it.each(namesNobody)("fails with UPSTREAM_UNAVAILABLE that names the setting where the session is %s", async (_what, send) => {
    const fake = await startPlainXkit(plainConnection(TOKEN));
    fake.on("GET /platform_user/session", (_request, response) => send(response));
    const setting = /XKIT_UPSTREAM_USERS=ours/;
    await expect(asAda(fake).accessToken(SLACK, anyToken)).rejects.toMatchObject({ code: "UPSTREAM_UNAVAILABLE", message: setting });
  });

  it("starts nothing for a user whom the upstream does not name", async () => {
    const fake = await startPlainXkit({});
    fake.on("GET /platform_user/session", {});
    fake.on("POST /platform_user/connections/slack", plainConnection(null));
    const started = asAda(fake).start("slack", { id: null, returnTo: null });
    await expect(started).rejects.toMatchObject({ code: "UPSTREAM_UNAVAILABLE" });
    expect(fake.requests).toEqual(["GET /platform_user/session"]);
  });

  it("keeps the user token as bearer where login answers no body", async () => {
    const fake = await startPlainXkit(plainConnection(TOKEN));
    fake.on(
      "POST /platform_user/sessions",
      (_request, response) => void response.writeHead(204, { "set-cookie": "_xkit=abc; HttpOnly" }).end(),
    );
    expect(await fake.upstream.relay.login("user-token")).toMatchObject({
      token: "user-token",
      viewer: { userId: "ada" },
      cookie: "_xkit=abc",
    });
  });

  it("leads to this gateway's own page of a connector, whatever link the upstream states", async () => {
    const theirs = { ...plainConnector, connector_url: "https://xkit.example/connectors/slack" };
    const own = "http://localhost:4000/connectors/slack";
    const fake = await startPlainXkit(plainConnection(null, { connector: theirs, authorization: { id: 7, status: "error" } }));
    expect(await asAda(fake).accessToken(SLACK, anyToken)).toMatchObject({ type: "ReconnectRequired", connectorUrl: own });
    fake.on("GET /platform_user/platform/connectors/slack", { connector: theirs });
    fake.on(READ_SLACK, (_request, response) => sendJson(response, 404, { error: "No.", connector_url: theirs.connector_url }));
    expect(await asAda(fake).accessToken(SLACK, anyToken)).toMatchObject({ type: "NotConnected", connectorUrl: own });
    expect(await asAda(fake).accessToken({ id: "unknown" }, anyToken)).toMatchObject({ connectorUrl: "http://localhost:4000/" });
  });

  it("leads browsers to the upstream's public address, and asks at the internal one", async () => {
    const fake = await startScriptedXkit({ origin: "https://connect.example.com" });
    fake.on("GET /platform_user/session", sessionOf("ada", null));
    const authorization = { id: 8, status: "awaiting_callback", authorize_url: "https://slack.example/authorize?state=1" };
    fake.on("POST /platform_user/connections/slack", (_request, response) =>
      sendJson(response, 201, plainConnection(null, { authorization }), { "set-cookie": "xkit_attempt_1=x" }),
    );
    fake.on("POST /platform_user/sessions/ott", { ott: "one-time" });
    const started = await asAda(fake).start("slack", { id: null, returnTo: null });
    expect(started.authorization?.authorizeUrl).toBe("https://connect.example.com/authorizations/slack/continue?token=one-time&state=1");
  });

  it.each([
    ["is bound to no browser", []],
    ["comes with a balancer's cookies", ["AWSALB=x; Path=/", "xkit_session=y", "an_xkit_attempt_1=z"]],
  ])("keeps a link that %s", async (_how, setCookies) => {
    const fake = await startPlainXkit({});
    const authorization = { id: 8, status: "awaiting_callback", authorize_url: "https://slack.example/authorize?state=1" };
    fake.on("POST /platform_user/connections/slack", (_request, response) => {
      response.setHeader("set-cookie", setCookies);
      sendJson(response, 201, plainConnection(null, { authorization }));
    });
    const started = await asAda(fake).start("slack", { id: null, returnTo: null });
    expect(started.authorization?.authorizeUrl).toBe("https://slack.example/authorize?state=1");
  });
});
