import { describe, expect, it } from "vitest";
import {
  asAda,
  plainConnection,
  plainConnector,
  READ_SLACK,
  sessionOf,
  SLACK,
  startScriptedXkit,
  TOKEN,
} from "../../../test/support/scripted-xkit.ts";
import { sendJson } from "../../../test/support/server-io.ts";
import { anyToken } from "../../upstream-suite/harness.ts";
import { asked } from "./asked.ts";

const ID = "8a1b2c3d-0000-4000-8000-000000000001";
const ada = { kind: "user", id: "ada" } as const;
const gh = { ...plainConnector, slug: "gh" };
const temporary = { code: "UPSTREAM_UNAVAILABLE", facts: { retryAfter: 2 } };

async function start() {
  const fake = await startScriptedXkit();
  fake.on("GET /platform_user/session", sessionOf("ada", null));
  return { ...fake, connections: asAda(fake), server: fake.upstream.forPlatform() };
}

describe("what an answer has to be", () => {
  it("is one schema for all questions: zod compiles each schema that is made", () => {
    const schemas = ["slack", "gh"].map((slug) => asked.userConnection({ slug }).schema);
    expect(schemas[0]).toBe(schemas[1]);
  });
});

describe("an answer about something else", () => {
  it("gives no token to a user, by slug and by id", async () => {
    const { on, connections } = await start();
    on(READ_SLACK, plainConnection(TOKEN, { connector: gh }));
    on("GET /platform_user/connection/another", plainConnection(TOKEN));
    for (const where of [SLACK, { id: "another" }]) {
      const outcome = await connections.accessToken(where, anyToken);
      expect(outcome).toMatchObject({ type: "TemporarilyUnavailable" });
      expect(JSON.stringify(outcome)).not.toContain(TOKEN);
    }
  });

  it.each([
    ["another connector", { connector: gh }],
    ["another user", { owner: { kind: "user", external_id: "ben" } }],
    ["a group", { owner: { kind: "group", external_id: "ada" } }],
  ])("gives no token to a server: that of %s", async (_what, more) => {
    const { on, server } = await start();
    on("GET /platform/users/ada/connections/slack", plainConnection(TOKEN, more));
    const outcome = await server.connectionsOf(ada).accessToken(SLACK, anyToken);
    expect(outcome).toMatchObject({ type: "TemporarilyUnavailable" });
    expect(JSON.stringify(outcome)).not.toContain(TOKEN);
  });

  it("is no connection, no connector, no owner and no authorization", async () => {
    const { on, upstream, connections, server } = await start();
    const foreign = plainConnection(null, { connector: gh });
    const { authorization } = plainConnection(null).connection;
    for (const route of [
      READ_SLACK,
      "POST /platform_user/connections/slack",
      "DELETE /platform_user/connections/slack",
      "GET /platform/users/ada/connections/slack",
    ])
      on(route, foreign);
    on("GET /platform_user/platform/connectors/slack", { connector: gh });
    on("GET /platform/users/ada", { user: { external_id: "ben" } });
    on("POST /platform/users", { access_token: "user-token", user: { external_id: "ben" } });
    on("GET /platform/groups/acme", { group: { external_id: "other" } });
    await expect(connections.find(SLACK)).rejects.toMatchObject(temporary);
    on("GET /platform_user/connections", { connections: [plainConnection(null).connection] });
    on("GET /platform_user/authorizations/slack/8", { authorization });
    await expect(connections.start("slack", { id: null, returnTo: null })).rejects.toMatchObject(temporary);
    await expect(connections.disconnect(SLACK)).rejects.toMatchObject(temporary);
    await expect(connections.findAuthorization("8")).rejects.toMatchObject(temporary);
    await expect(server.connectionsOf(ada).find(SLACK)).rejects.toMatchObject(temporary);
    await expect(server.findUser("ada")).rejects.toMatchObject(temporary);
    await expect(server.findGroup("acme")).rejects.toMatchObject(temporary);
    await expect(server.provisionUser({ id: "ada" })).rejects.toMatchObject(temporary);
    await expect(upstream.catalog.findConnector("slack")).rejects.toMatchObject(temporary);
  });

  it("is left out of a list alone", async () => {
    const { on, connections, server } = await start();
    const { connection } = plainConnection(null);
    const ofBen = { ...connection, id: "of-ben", owner: { kind: "user", external_id: "ben" } };
    const ofGh = { ...connection, id: "of-gh", connector: gh };
    on("GET /platform_user/connections", { connections: [ofGh, connection] });
    on("GET /platform/users/ada/connections", { connections: [ofBen, ofGh, connection] });
    expect((await connections.list("slack")).map(({ id }) => id)).toEqual([ID]);
    expect((await server.connectionsOf(ada).list("slack")).map(({ id }) => id)).toEqual([ID]);
  });
});

it("a token is given to no one where the bearer is another user's afterwards", async () => {
  const { on, connections } = await start();
  on(READ_SLACK, (_request, response) => {
    on("GET /platform_user/session", sessionOf("ben", null));
    sendJson(response, 200, plainConnection(TOKEN));
  });
  const outcome = await connections.accessToken(SLACK, anyToken);
  expect(outcome).toMatchObject({ type: "TemporarilyUnavailable" });
  expect(JSON.stringify(outcome)).not.toContain(TOKEN);
});

it("a token that the answer repeats elsewhere is not given, and the connection is not shown", async () => {
  const { on, connections } = await start();
  for (const more of [{ connector: { ...plainConnector, name: TOKEN } }, { owner: { kind: "user", external_id: TOKEN } }]) {
    on(READ_SLACK, plainConnection(TOKEN, more));
    const outcome = await connections.accessToken(SLACK, anyToken);
    expect(outcome).toMatchObject({ type: "TemporarilyUnavailable", retryAfter: 2 });
    expect(JSON.stringify(outcome)).not.toContain(TOKEN);
    await expect(connections.find(SLACK)).rejects.toMatchObject(temporary);
  }
});

describe("an entry of a list that cannot be read", () => {
  it("is left out alone, and told of once", async () => {
    const { on, connections, upstream, warnings } = await start();
    const { connection } = plainConnection(null);
    const odd = (status: string) => ({ ...connection, id: status, authorization: { id: 8, status } });
    on("GET /platform_user/connections", { connections: [odd("paused"), connection, odd("asleep"), { id: 1 }] });
    on("GET /platform_user/platform/connectors", { connectors: [{ slug: 7 }, plainConnector] });
    for (let count = 0; count < 2; count += 1) expect((await connections.list(null)).map(({ id }) => id)).toEqual([ID]);
    expect((await upstream.catalog.listConnectors()).map(({ slug }) => slug)).toEqual(["slack"]);
    expect(warnings()).toMatchObject([
      { entry: "connection", member: "authorization.status" },
      { entry: "connection", member: "enabled" },
      { entry: "connector", member: "slug" },
    ]);
  });
});

describe("links and colours", () => {
  it("that are none are left out", async () => {
    const { on, upstream } = await start();
    const platform = { name: "Acme", slug: "acme", website: "javascript:alert(1)", login_redirect_url: "data:text/html,x" };
    on("GET /platform_user/platform", { platform: { ...platform, logo_url: "file:///x", color: "red;}" } });
    on("GET /platform_user/platform/connectors/slack", { connector: { ...plainConnector, mark_url: "javascript:alert(1)" } });
    expect(await upstream.catalog.getPlatform()).toMatchObject({ website: null, loginRedirectUrl: null, logoUrl: null, color: null });
    expect(await upstream.catalog.findConnector("slack")).toMatchObject({ markUrl: null });
  });

  it("that are good stay, and pictures in data URLs", async () => {
    const { on, upstream } = await start();
    const logo = "data:image/png;base64,AAAA";
    on("GET /platform_user/platform", {
      platform: { name: "Acme", slug: "acme", website: "https://x.example", color: "#4f46e5", logo_url: logo },
    });
    expect(await upstream.catalog.getPlatform()).toMatchObject({ website: "https://x.example", color: "#4f46e5", logoUrl: logo });
  });
});
