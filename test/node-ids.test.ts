import { ApolloClient, gql, HttpLink, InMemoryCache } from "@apollo/client";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createServerHeaders } from "./support/caller.ts";
import { PUBLIC_URL, startTestApp, type TestApp, type TestUser } from "./support/test-app.ts";
import possibleTypes from "../schema/possibleTypes.json" with { type: "json" };

let test: TestApp;
let ada: TestUser;
let server: Record<string, string>;
beforeEach(async () => {
  test = await startTestApp();
  ada = await test.signIn("ada");
  await ada.connect();
  await (await test.signIn("grace", "ada")).connect();
  server = await createServerHeaders(test);
});
afterEach(() => test.close());

const NODE = `query ($nodeId: ID!) { node(nodeId: $nodeId) { __typename nodeId } }`;
const IDS = `{ platform { nodeId } connectors { nodeId }
  user(id: "ada") { nodeId connections { nodeId authorization { nodeId } } } group(id: "ada") { nodeId connections { nodeId authorization { nodeId } } } }`;

async function allIds(): Promise<Record<string, string>> {
  const { user, group, platform, connectors } = (await test.graphql(IDS, {}, server)).data;
  return {
    Platform: platform.nodeId,
    Connector: connectors[0].nodeId,
    User: user.nodeId,
    Group: group.nodeId,
    Connection: user.connections[0].nodeId,
    Authorization: user.connections[0].authorization.nodeId,
    "the group's Connection": group.connections[0].nodeId,
    "the group's Authorization": group.connections[0].authorization.nodeId,
  };
}

describe("a node id", () => {
  it("differs between objects of all types, and leads a server back to each", async () => {
    const ids = await allIds();
    expect(new Set(Object.values(ids)).size).toBe(Object.keys(ids).length);
    for (const [name, nodeId] of Object.entries(ids)) {
      const { data } = await test.graphql(NODE, { nodeId }, server);
      expect(data.node).toEqual({ __typename: name.split(" ").at(-1), nodeId });
    }
  });

  it("leads a user to what is theirs to see, and to nothing else", async () => {
    const ids = await allIds();
    const { data } = await ada.graphql("{ viewer { nodeId } }");
    const reached = async (nodeId: string) => (await ada.graphql(NODE, { nodeId })).data.node?.__typename ?? null;
    expect(await reached(data.viewer.nodeId)).toBe("Viewer");
    for (const name of ["Platform", "Connector", "Connection", "Authorization"]) expect(await reached(ids[name] ?? "")).toBe(name);
    for (const name of ["User", "Group", "the group's Connection", "the group's Authorization"])
      expect(await reached(ids[name] ?? "")).toBeNull();
    const anonymous = async (nodeId: string) => (await test.graphql(NODE, { nodeId })).data.node?.__typename ?? null;
    expect(await anonymous(ids["Connector"] ?? "")).toBe("Connector");
    for (const nodeId of [data.viewer.nodeId, ids["User"], ids["Connection"], ids["Authorization"]])
      expect(await anonymous(nodeId)).toBeNull();
  });

  it("leads to null where there is no such object", async () => {
    const idOf = (type: string, id: string) => Buffer.from(`${type}:${id}`).toString("base64url");
    for (const nodeId of [
      idOf("User", "nobody"),
      idOf("Connection", "x"),
      idOf("Authorization", "x"),
      idOf("Connector", "x"),
      idOf("Platform", "x"),
    ])
      expect((await test.graphql(NODE, { nodeId }, server)).data.node).toBeNull();
  });

  it("lets Apollo's cache know every object, with a user and a group of the same id apart", async () => {
    const cache = new InMemoryCache({ possibleTypes, dataIdFromObject: ({ nodeId }) => (typeof nodeId === "string" ? nodeId : undefined) });
    const link = new HttpLink({
      uri: `${PUBLIC_URL}/graphql`,
      headers: server,
      fetch: (input, init) => test.app.fetch(new Request(input, init)),
    });
    await new ApolloClient({ cache, link }).query({ query: gql(IDS) });
    const ids = await allIds();
    expect(Object.keys(cache.extract())).toEqual(expect.arrayContaining(Object.values(ids)));
    const { ROOT_QUERY } = cache.extract();
    expect(JSON.stringify(ROOT_QUERY)).toContain(`"platform":{"__ref":"${ids["Platform"]}"}`);
  });
});
