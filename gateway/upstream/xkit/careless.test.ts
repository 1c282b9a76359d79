import type { IncomingMessage, ServerResponse } from "node:http";
import { describe, expect, it } from "vitest";
import {
  asAda,
  plainConnection,
  READ_SLACK,
  sessionOf,
  SLACK,
  startPlainXkit,
  startScriptedXkit,
  TOKEN,
} from "../../../test/support/scripted-xkit.ts";
import { sendJson } from "../../../test/support/server-io.ts";
import { anyToken } from "../../upstream-suite/harness.ts";

describe("the adapter before an upstream that answers too much", () => {
  const careless = plainConnection(TOKEN);
  const statedAs = (kind: "user" | "group", id: string) => plainConnection(TOKEN, { owner: { kind, external_id: id } });

  it.each([
    ["that is named in the session", careless, "team"],
    ["that is named in the connection", statedAs("group", "team"), null],
    ["that is named in the session, though not in the connection", statedAs("user", "ada"), "team"],
  ])("withholds the token of a group %s", async (_how, answer, group) => {
    const fake = await startPlainXkit(answer, group);
    const byId = "8a1b2c3d-0000-4000-8000-000000000001";
    fake.on(`GET /platform_user/connection/${byId}`, answer);
    for (const where of [SLACK, { id: byId }]) {
      const outcome = await asAda(fake).accessToken(where, anyToken);
      expect(outcome).toMatchObject({ type: "TokenWithheld" });
      expect(JSON.stringify(outcome)).not.toContain(TOKEN);
    }
  });

  it("gives no token on a bearer that becomes another user's during the request", async () => {
    const fake = await startPlainXkit(plainConnection(TOKEN));
    fake.on(READ_SLACK, (_request, response) => {
      fake.on("GET /platform_user/session", sessionOf("bob", null));
      sendJson(response, 200, plainConnection(TOKEN));
    });
    const outcome = await asAda(fake).accessToken(SLACK, anyToken);
    expect(outcome).toMatchObject({ type: "TemporarilyUnavailable" });
    expect(JSON.stringify(outcome)).not.toContain(TOKEN);
  });

  it("withholds a token whose connection names another user", async () => {
    const outcome = await asAda(await startPlainXkit(statedAs("user", "bob"))).accessToken(SLACK, anyToken);
    expect(outcome).toMatchObject({ type: "TokenWithheld" });
    expect(JSON.stringify(outcome)).not.toContain(TOKEN);
  });

  it.each([
    ["into", null, "team", careless],
    ["out of", "team", null, careless],
    ["into", null, "team", statedAs("user", "ada")],
    ["out of", "team", null, statedAs("user", "ada")],
  ])("withholds a token from a user who is moved %s a group during the request", async (_way, from, to, answer) => {
    const fake = await startPlainXkit(answer, from);
    const known = await fake.upstream.relay.whoIs("bearer");
    const moving = (body: object) => (_request: IncomingMessage, response: ServerResponse) => {
      fake.on("GET /platform_user/session", sessionOf("ada", to));
      sendJson(response, 200, body);
    };
    fake.on(READ_SLACK, moving(answer));
    fake.on("GET /platform_user/connections", moving({ connections: [answer.connection] }));
    const outcome = await asAda(fake, async () => known).accessToken(SLACK, anyToken);
    expect(outcome).toMatchObject({ type: "TokenWithheld" });
    expect(JSON.stringify(outcome)).not.toContain(TOKEN);
  });

  it("answers what connecting goes on with to its start alone", async () => {
    const fake = await startPlainXkit(careless);
    const pending = { id: 7, status: "awaiting_callback", authorize_url: "https://slack.example/authorize?state=secret", state: "secret" };
    const connection = { ...careless.connection, authorization: pending };
    fake.on("GET /platform_user/connections", { connections: [connection] });
    fake.on("DELETE /platform_user/connections/slack", { connection });
    fake.on("POST /platform_user/connections/slack", { connection });
    const connections = asAda(fake);
    const shown = [await connections.find(SLACK), ...(await connections.list(null)), await connections.disconnect(SLACK)];
    expect(shown).toHaveLength(3);
    expect(JSON.stringify(shown)).not.toContain("secret");
    const started = await connections.start("slack", { id: null, returnTo: null });
    expect(started.authorization).toMatchObject({ state: "secret", authorizeUrl: expect.stringContaining("state=secret") });
  });

  it("answers no token in connections, lists, authorizations and changes", async () => {
    const fake = await startPlainXkit(careless, "team");
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

  it("repeats nothing that the user typed in an account's name, an error's code or its message", async () => {
    const fake = await startScriptedXkit();
    // Not even one that looks like an ordinary word.
    const secrets = ["open-sesame", "a second word"];
    const typed = { api_key: "open-sesame", password: "a second word" };
    const words = { display_label: "ada open-sesame", error_code: "bad:open-sesame", error_message: "refused a second word" };
    const { connection } = plainConnection(null);
    const answer = { connection: { ...connection, authorization: { ...connection.authorization, ...words, credential: typed } } };
    fake.on("GET /platform/users/ada/connections/slack", answer);
    const found = await fake.upstream.forPlatform().connectionsOf({ kind: "user", id: "ada" }).find(SLACK);
    expect(found?.authorization).toMatchObject({ displayLabel: "ada [redacted]", errorCode: "bad:[redacted]" });
    for (const secret of secrets) expect(JSON.stringify(found)).not.toContain(secret);
  });

  it("repeats no token in an account's name or an error's code", async () => {
    const fake = await startScriptedXkit();
    fake.on("GET /platform_user/session", sessionOf("ada", null));
    const leaking = { id: 7, status: "error", display_label: `key ${TOKEN}`, error_code: TOKEN };
    fake.on(READ_SLACK, plainConnection(null, { owner: { kind: "user", external_id: "ada" }, authorization: leaking }));
    expect((await asAda(fake).find(SLACK))?.authorization).toMatchObject({ displayLabel: "key [redacted]", errorCode: "[redacted]" });
  });

  it("shows a long account name unchanged", async () => {
    const address = "augusta-ada.lovelace.1815@analytical-engine-2.example";
    const authorization = { id: 7, status: "active", display_label: address };
    const connection = await asAda(await startPlainXkit(plainConnection(null, { authorization }))).find(SLACK);
    expect(connection?.authorization?.displayLabel).toBe(address);
  });

  it("repeats no token of an error's message", async () => {
    const broken = { id: 7, status: "error", error_code: "invalid_grant", error_message: `refused ${TOKEN}` };
    const fake = await startPlainXkit(plainConnection(null, { authorization: broken }), "team");
    const connection = await asAda(fake).find(SLACK);
    expect(connection?.authorization).toMatchObject({ errorCode: "invalid_grant" });
    expect(JSON.stringify(connection)).not.toContain(TOKEN);
    for (const route of [READ_SLACK, "GET /platform_user/connections"])
      fake.on(route, (_request, response) => void response.writeHead(400).end(JSON.stringify({ error: `bad ${TOKEN}` })));
    const failure: unknown = await Promise.resolve(asAda(fake).accessToken(SLACK, anyToken)).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "BAD_USER_INPUT" });
    expect(String(failure)).not.toContain(TOKEN);
  });
});
