import { describe, expect, it } from "vitest";
import { accessToken, type Connection, createAuthorization, type Owner, type OwnerConnections } from "../../index.ts";
import { createLog } from "../../runtime/log.ts";
import { assertAsked, checkAnswers, inTime } from "./checked-answers.ts";

const ADA: Owner = { kind: "user", id: "ada" };
const ANY = { minimumTtl: null, rejected: null, verify: null };
const UNAVAILABLE = { code: "UPSTREAM_UNAVAILABLE", facts: { retryAfter: 2 } };

function connectionOf(owner: Owner, slug = "mail"): Connection {
  const connector = {
    slug,
    name: slug,
    shortDescription: null,
    description: null,
    markUrl: null,
    supportsMultipleConnections: true,
    connectorUrl: `http://localhost:4000/connectors/${slug}`,
  };
  const authorization = createAuthorization({ id: "grant", connectionId: "one", status: "active" });
  return { id: "one", owner, enabled: true, connector, authorization, createdAt: null, updatedAt: null };
}

/** An adapter that has one answer to everything, checked for ada. */
const answering = (connection: Connection): OwnerConnections =>
  check({
    find: async () => connection,
    list: async () => [connection],
    accessToken: async () => accessToken(connection, { value: "the-token", expiresAt: null }),
  });

const never = <Answer>() => new Promise<Answer>(() => {});
const check = (connections: OwnerConnections): OwnerConnections =>
  checkAnswers(connections, { owner: ADA, deadlineMs: 20, log: createLog("silent") });

describe("an answer of an adapter", () => {
  it("is passed on where it is about what was asked", async () => {
    const connections = answering(connectionOf(ADA));
    expect(await connections.find({ slug: "mail" })).toMatchObject({ id: "one" });
    expect(await connections.list("mail")).toHaveLength(1);
    expect(await connections.accessToken({ id: "one" }, ANY)).toMatchObject({ type: "AccessToken", value: "the-token" });
  });

  it.each([
    ["another user's", connectionOf({ kind: "user", id: "eve" })],
    ["a group's of the same id", connectionOf({ kind: "group", id: "ada" })],
    ["of another connector", connectionOf(ADA, "drive")],
  ])("is none where it is %s", async (_what, connection) => {
    const connections = answering(connection);
    await expect(connections.find({ slug: "mail" })).rejects.toMatchObject(UNAVAILABLE);
    await expect(connections.list("mail")).rejects.toMatchObject(UNAVAILABLE);
    const outcome = await connections.accessToken({ slug: "mail" }, ANY);
    expect(outcome).toMatchObject({ type: "TemporarilyUnavailable", retryAfter: 2 });
    expect(JSON.stringify(outcome)).not.toContain("the-token");
  });

  it("is none where another connection was asked for by its id", () => {
    expect(() => assertAsked(connectionOf(ADA), ADA, { id: "two" })).toThrow("another connection than");
  });

  it("is waited for until the deadline", async () => {
    const connections = check({ find: never, list: never, accessToken: never });
    await expect(connections.find({ slug: "mail" })).rejects.toMatchObject(UNAVAILABLE);
    await expect(connections.list(null)).rejects.toMatchObject(UNAVAILABLE);
    await expect(inTime(20, never)).rejects.toMatchObject(UNAVAILABLE);
    expect(await connections.accessToken({ slug: "mail" }, ANY)).toMatchObject({ type: "TemporarilyUnavailable", retryAfter: 2 });
  });
});
