import { afterEach, describe, expect, it } from "vitest";
import { createServerHeaders } from "../../test/support/caller.ts";
import { databaseKinds, type DatabaseKind } from "../../test/support/databases.ts";
import { insertMany } from "../../test/support/many-connections.ts";
import { startTestApp, type TestApp, type TestAppOptions } from "../../test/support/test-app.ts";
import { inStore } from "../../test/support/vault.ts";
import { MAXIMUM_SEEN_PER_PAGE } from "../store/pages.ts";

let test: TestApp;
let server: Record<string, string>;
afterEach(() => test.close());

async function start(database: DatabaseKind, options: TestAppOptions = {}) {
  test = await startTestApp({ database, ...options });
  server = await createServerHeaders(test);
}

const EDGES = `pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor node { id
  owner { kind id } connector { slug } authorization { status health displayLabel } } }`;

const query = (field: string, selection: string) =>
  field === "allConnections"
    ? `query ($first: Int, $after: String, $filter: ConnectionFilter) { page: allConnections(first: $first, after: $after, filter: $filter) { ${selection} } }`
    : `query ($first: Int, $after: String) { page: ${field}(first: $first, after: $after) { ${selection} } }`;

async function ask(field: string, variables: Record<string, unknown> = {}, selection = EDGES) {
  const { data, errors } = await test.graphql(query(field, selection), variables, server);
  expect(errors).toEqual([]);
  return data.page;
}

/** The ids of a whole list, page by page. */
async function walk(field: string, variables: Record<string, unknown> = {}) {
  const [ids, pages]: [string[], number[]] = [[], []];
  for (let after: string | null = null, more = true; more;) {
    const page = await ask(field, { ...variables, after }, "pageInfo { hasNextPage endCursor } edges { node { id } }");
    ids.push(...page.edges.map((edge: { node: { id: string } }) => edge.node.id));
    pages.push(page.edges.length);
    [after, more] = [page.pageInfo.endCursor, page.pageInfo.hasNextPage];
  }
  return { ids, pages };
}

describe.each(databaseKinds)("a server's lists on %s", (kind) => {
  it("have every user and every group once, in pages by their ids", async () => {
    await start(kind);
    for (const id of ["eve", "ada", "fred", "bob"]) await test.app.provisionUser({ id, name: id, groupId: `group of ${id}` });
    expect(await walk("users", { first: 3 })).toEqual({ ids: ["ada", "bob", "eve", "fred"], pages: [3, 1] });
    expect(await walk("users", { first: 4 })).toEqual({ ids: ["ada", "bob", "eve", "fred"], pages: [4] });
    expect((await walk("groups", { first: 1 })).ids).toEqual(["ada", "bob", "eve", "fred"].map((id) => `group of ${id}`));
    const selection =
      "totalCount pageInfo { hasPreviousPage startCursor endCursor } edges { cursor node { name groupId connections { id } } }";
    const first = await ask("users", { first: 1 }, selection);
    expect(first).toMatchObject({ totalCount: 4, pageInfo: { hasPreviousPage: false, startCursor: first.edges[0].cursor } });
    const second = await ask("users", { first: 1, after: first.pageInfo.endCursor }, selection);
    expect(second.pageInfo.hasPreviousPage).toBe(true);
    expect(second.edges[0].node).toEqual({ name: "bob", groupId: "group of bob", connections: [] });
    expect((await ask("groups", {}, "totalCount")).totalCount).toBe(4);
  });

  it("leave out a user whose row was not written by this gateway", async () => {
    await start(kind);
    for (const id of ["ada", "bob"]) await test.app.provisionUser({ id });
    await inStore(test, (store) => store.updateTable("users").set({ group_id: "forged" }).where("id", "=", "ada").execute());
    expect((await walk("users")).ids).toEqual(["bob"]);
  });

  it("have the connections of users and groups with whose they are, and no token", async () => {
    await start(kind);
    await (await test.signIn("ada")).connect();
    await (await test.signIn("grace", "acme")).connect();
    const { edges } = await ask("allConnections");
    const nodes = edges.map((edge: { node: object }) => edge.node);
    const owners = nodes.map(({ owner }: { owner: { kind: string; id: string } }) => `${owner.kind} ${owner.id}`);
    expect(owners.toSorted()).toEqual(["GROUP acme", "USER ada"]);
    for (const node of nodes)
      expect(node).toMatchObject({ connector: { slug: "test" }, authorization: { status: "ACTIVE", health: "WORKING" } });
    expect(test.provider.tokenRequests).toHaveLength(2);
    const tokens = await ask("allConnections", {}, "edges { node { authorization { accessToken } } }");
    expect(
      tokens.edges.map((edge: { node: { authorization: { accessToken: string } } }) => edge.node.authorization.accessToken).toSorted(),
    ).toEqual(test.provider.liveAccessTokens().toSorted());
  });
});

/** States of a grant by the number of its row, and what they are shown as. */
const STATES = {
  working: ["'active'", "'x'", "9000000000000", "null", "1"],
  "working, without an end": ["'active'", "null", "null", "null", "1"],
  "due, with something to refresh it": ["'active'", "'x'", "1", "null", "1"],
  "expired, with nothing to refresh it": ["'active'", "null", "1", "null", "1"],
  "temporarily failing": ["'active'", "'x'", "1", "'temporary'", "1"],
  "temporarily failing and expired": ["'active'", "null", "1", "'temporary'", "1"],
  "set up wrong": ["'active'", "'x'", "1", "'misconfigured'", "1"],
  "set up wrong and expired": ["'active'", "null", "1", "'misconfigured'", "1"],
  ended: ["'error'", "'x'", "1", "null", "1"],
  "never connected": ["'awaiting_callback'", "null", "null", "null", "0"],
  "refused at first": ["'error'", "null", "null", "null", "0"],
} as const;
const HEALTHS = ["WORKING", "UNAVAILABLE", "MISCONFIGURED", "RECONNECT_REQUIRED"];

describe.each(databaseKinds)("the filters of a server's list on %s", (kind) => {
  const column = (index: number) =>
    `case i ${Object.values(STATES)
      .map((state, row) => `when ${row + 1} then ${state[index]}`)
      .join(" ")} end`;
  const states = {
    authorization: {
      status: column(0),
      sealed_refresh_token: column(1),
      expires_at: `cast(${column(2)} as bigint)`,
      failure_kind: column(3),
      version: column(4),
    },
  };

  it("find each connection by the health that it is shown with, and by no other", async () => {
    await start(kind);
    await inStore(test, (store) => insertMany(store, Object.keys(STATES).length, states));
    const { edges } = await ask("allConnections");
    const shown = new Map<string, string | null>(
      edges.map(({ node }: { node: { id: string; authorization: { health: string | null } } }) => [node.id, node.authorization.health]),
    );
    expect(new Set(shown.values())).toEqual(new Set([...HEALTHS, null]));
    for (const health of HEALTHS) {
      const expected = [...shown].filter(([, value]) => value === health).map(([id]) => id);
      expect({ health, ...(await walk("allConnections", { filter: { health } })) }).toMatchObject({ health, ids: expected.toSorted() });
      const beside = { health, updatedSince: "1970-01-01T00:00:00Z" };
      expect((await walk("allConnections", { filter: beside })).ids.toSorted()).toEqual(expected.toSorted());
      expect((await ask("allConnections", { filter: { health } }, "totalCount")).totalCount).toBe(expected.length);
    }
  });

  it("find an account by its id and by its label, an owner and a connector, each alone and together", async () => {
    await start(kind, {
      connectors: [{ slug: "keyed", name: "Keyed", collect: { fields: [{ name: "api_key", label: "Key", secret: true }] } }],
    });
    await inStore(test, (store) =>
      insertMany(store, 12, {
        connection: { connector_slug: "case when i % 2 = 0 then 'test' else 'keyed' end", owner_id: "'many-' || (i % 3)" },
        authorization: { account_id: "'account-' || (i % 4)", display_label: "'label-' || (i % 6)" },
      }),
    );
    const found = async (filter: object) =>
      (await walk("allConnections", { first: 2, filter })).ids.map((id) => Number(id.slice(1)) - 1_000_000);
    expect(await found({ accountId: "account-1" })).toEqual([1, 5, 9]);
    expect(await found({ accountLabel: "label-1" })).toEqual([1, 7]);
    expect(await found({ owner: { user: "many-1" } })).toEqual([1, 4, 7, 10]);
    expect(await found({ owner: { group: "many-1" } })).toEqual([]);
    expect(await found({ connector: "keyed" })).toEqual([1, 3, 5, 7, 9, 11]);
    expect(await found({ connector: "nothing" })).toEqual([]);
    expect(await found({ connector: "test", owner: { user: "many-1" } })).toEqual([4, 10]);
    expect(await found({ accountId: "account-1", accountLabel: "label-1" })).toEqual([1]);
    expect(await found({ connector: null, accountId: null, owner: null })).toHaveLength(12);
    expect((await ask("allConnections", { filter: { connector: "test", owner: { user: "many-1" } } }, "totalCount")).totalCount).toBe(2);
  });

  it("list changes since an instant by when they were, and again what changes meanwhile", async () => {
    await start(kind);
    await inStore(test, (store) => insertMany(store, 5, { connection: { updated_at: "1000 * (6 - i)" } }));
    const filter = { updatedSince: "1970-01-01T00:00:02.000Z" };
    expect((await walk("allConnections", { first: 2, filter })).ids).toEqual(["c1000004", "c1000003", "c1000002", "c1000001"]);
    const { edges, pageInfo } = await ask("allConnections", { first: 2, filter });
    expect(edges).toHaveLength(2);
    await inStore(test, (store) => store.updateTable("connections").set({ updated_at: 9_000 }).where("id", "=", "c1000004").execute());
    const rest = await ask("allConnections", { first: 3, filter, after: pageInfo.endCursor });
    expect(rest.edges.map((edge: { node: { id: string } }) => edge.node.id)).toEqual(["c1000002", "c1000001", "c1000004"]);
    const mixed = await test.graphql(query("allConnections", "totalCount edges { cursor }"), { after: pageInfo.endCursor }, server);
    expect(mixed.errors[0]?.extensions).toEqual({ code: "BAD_USER_INPUT", path: "after" });
  });

  it("that few connections pass give short pages, which go on to the end, and the total", async () => {
    await start(kind);
    const count = MAXIMUM_SEEN_PER_PAGE * 2 + 10;
    await inStore(test, (store) =>
      insertMany(store, count, { connection: { connector_slug: `case when i = ${count} then 'test' else 'gone' end` } }),
    );
    const { ids, pages } = await walk("allConnections", { first: 50 });
    expect(ids).toEqual([`c${1_000_000 + count}`]);
    expect(pages.length).toBe(3);
    expect((await ask("allConnections", {}, "totalCount")).totalCount).toBe(1);
    await inStore(test, (store) => store.updateTable("connections").set({ connector_slug: "test" }).execute());
    expect((await ask("allConnections", {}, "totalCount")).totalCount).toBe(count);
  });
});
