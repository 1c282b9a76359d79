import { describe, expect, it } from "vitest";
import { type ErrorCode, type ErrorFacts, GatewayError } from "../../schema/errors.ts";
import type { AccessTokenOutcome, Authorization, Connection, Viewer, ViewerConnections } from "../../schema/upstream.ts";
import type { HeldConnections } from "./upstream.ts";
import { withholdGroupTokens } from "./withhold.ts";

const connector = {
  slug: "test",
  name: "Test",
  shortDescription: null,
  description: null,
  markUrl: null,
  supportsMultipleConnections: false,
  connectorUrl: "https://gateway.example/connectors/test",
};
const authorization: Authorization = {
  id: "authorization",
  connectionId: "connection",
  status: "active",
  displayLabel: null,
  errorCode: null,
  errorMessage: null,
  health: "working",
  healthCode: null,
  healthChangedAt: null,
  problem: null,
  connectedAt: null,
  connectedBy: null,
  scopes: [],
  missingScopes: [],
  expiresAt: null,
  authorizeUrl: null,
  state: null,
  collect: null,
};
const connectionOf = (kind: "user" | "group", more: Partial<Connection> = {}): Connection => ({
  id: "connection",
  owner: { kind, id: kind === "group" ? "acme" : "ada" },
  enabled: true,
  connector,
  authorization,
  createdAt: new Date(0),
  updatedAt: new Date(0),
  ...more,
});
const loner: Viewer = { userId: "ada", groupId: null, name: null };
const member: Viewer = { userId: "ada", groupId: "acme", name: null };

/** An adapter that gives a token to any caller, and notes that it was asked. */
function careless(found: Connection | null, tokenOf: Connection) {
  let asked = 0;
  const no = () => Promise.reject(new Error("not in this test"));
  const token: AccessTokenOutcome = {
    type: "AccessToken",
    value: "the-token",
    tokenType: "bearer",
    expiresAt: null,
    scopes: [],
    missingScopes: [],
    fields: null,
    fingerprint: "fingerprint",
    connection: tokenOf,
  };
  const connections: ViewerConnections = {
    find: () => Promise.resolve(found),
    list: no,
    accessToken: () => ((asked += 1), Promise.resolve(token)),
    start: no,
    submit: no,
    disconnect: no,
    findAuthorization: no,
    watch: () => {
      throw new Error("not in this test");
    },
    watchAuthorization: () => {
      throw new Error("not in this test");
    },
  };
  return { connections, asked: () => asked };
}

/** @param viewer Who is asking, where that is known beforehand. @param viewers Who was asking, each time that was looked up. */
function ask(connections: ViewerConnections, viewer: Viewer | null, viewers = viewer ? [viewer] : []) {
  const readToken: HeldConnections["readToken"] = async (where, request) => ({
    outcome: await connections.accessToken(where, request),
    viewers,
  });
  return withholdGroupTokens({ viewer, connections, readToken }).accessToken(
    { slug: "test" },
    { minimumTtl: null, rejected: null, verify: null },
  );
}

describe("a group's token", () => {
  it("is never requested for a member", async () => {
    const { connections, asked } = careless(connectionOf("group"), connectionOf("group"));
    expect((await ask(connections, member)).type).toBe("TokenWithheld");
    expect(asked()).toBe(0);
  });

  it.each([
    ["disconnected", { enabled: false }, "NotConnected"],
    ["not connected yet", { enabled: false, authorization: null }, "NotConnected"],
    ["revoked", { authorization: { ...authorization, status: "error" as const } }, "ReconnectRequired"],
    ["expired", { authorization: { ...authorization, health: "reconnect_required" as const, healthCode: "expired" } }, "ReconnectRequired"],
  ])("is answered with what a member can do about a connection that is %s", async (_name, more, type) => {
    const { connections, asked } = careless(connectionOf("group", more), connectionOf("group"));
    expect((await ask(connections, member)).type).toBe(type);
    expect(asked()).toBe(0);
  });

  it("is not asked for either while the status cannot be read, which passes", async () => {
    const { connections, asked } = careless(null, connectionOf("group"));
    const find = (code: ErrorCode, facts: ErrorFacts) => () => Promise.reject(new GatewayError(code, "The upstream is away.", facts));
    const away = { ...connections, find: find("UPSTREAM_UNAVAILABLE", { retryAfter: 7 }) };
    expect(await ask(away, member)).toMatchObject({ type: "TemporarilyUnavailable", retryAfter: 7 });
    await expect(ask({ ...connections, find: find("UPSTREAM_UNAVAILABLE", {}) }, member)).rejects.toThrow("is away");
    expect(asked()).toBe(0);
  });

  it("is withheld from a member when it is answered after no connection was found, whichever owner it names", async () => {
    for (const kind of ["group", "user"] as const) {
      expect(JSON.stringify(await ask(careless(null, connectionOf(kind)).connections, member))).not.toContain("the-token");
    }
  });

  it("is withheld from a user without a group even if an adapter gives it", async () => {
    const outcome = await ask(careless(null, connectionOf("group")).connections, loner);
    expect(outcome.type).toBe("TokenWithheld");
    expect(JSON.stringify(outcome)).not.toContain("the-token");
  });

  it.each([
    ["was in a group before", [member, loner]],
    ["was in a group afterwards", [loner, member]],
    ["was another one in a group afterwards", [loner, { ...member, userId: "ben" }]],
    ["was never looked up", []],
  ])("is withheld, whichever owner it names, where the user %s", async (_name, viewers) => {
    const outcome = await ask(careless(null, connectionOf("user")).connections, null, viewers);
    expect(outcome.type).toBe("TokenWithheld");
    expect(JSON.stringify(outcome)).not.toContain("the-token");
  });
});

it("a token is not given while its user changes", async () => {
  const ben = { ...loner, userId: "ben" };
  for (const viewers of [
    [loner, ben],
    [ben, loner],
  ]) {
    const outcome = await ask(careless(null, connectionOf("user")).connections, null, viewers);
    expect(outcome).toMatchObject({ type: "TemporarilyUnavailable", retryAfter: 2 });
    expect(JSON.stringify(outcome)).not.toContain("the-token");
  }
});

it("a user's own token is not withheld", async () => {
  const { connections } = careless(connectionOf("user"), connectionOf("user"));
  expect(await ask(connections, loner)).toMatchObject({ type: "AccessToken", value: "the-token" });
  expect(await ask(connections, null, [loner, loner])).toMatchObject({ type: "AccessToken", value: "the-token" });
});
