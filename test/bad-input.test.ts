import {
  getNamedType,
  type GraphQLArgument,
  type GraphQLInputField,
  isInputObjectType,
  isIntrospectionType,
  isObjectType,
  isRequiredArgument,
} from "graphql";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { schema } from "../schema/index.ts";
import { createLog } from "../gateway/runtime/log.ts";
import { openServices, type Services } from "../gateway/services.ts";
import { createServerHeaders } from "./support/caller.ts";
import { ask, PUBLIC_URL, sendTo, startTestApp, type TestApp, type TestUser } from "./support/test-app.ts";

/** Values that each argument must refuse, by its path. An argument that is missing here fails the test. */
const slugs = ["", "A", "a b", "-a", "a/b", "a\u0000", "ä", "x".repeat(65), {}];
const ids = ["", "a\u0000", "a\nb", "\ud800", "x".repeat(256), []];
/** The vault makes its own. */
const newIds = [...ids, "x", "a b c d e f", "'; drop table", "x".repeat(65)];
const externalIds = ["", "a\u0000", "a\nb", "\ud800", "x".repeat(256), {}];
const badValues: Record<string, readonly unknown[]> = {
  slug: slugs,
  "where.slug": slugs,
  "where.id": ids,
  minimumTtl: [-1, 86_401, 1.5, "60", 2 ** 31, true],
  rejected: ["", "x", "x".repeat(21), "x".repeat(23), "!".repeat(22), "a.b.c", 1],
  verify: ["yes", 1],
  scopes: [[""], ["a b"], ['"'], ["x".repeat(256)], Array.from({ length: 101 }, () => "read"), ["not-allowed"]],
  kind: ["", "a b", "1", "a\u0000", "x".repeat(65), 1, "nothing"],
  purpose: ["", "a\u0000", "\ud800", "x".repeat(201), 1],
  loginHint: ["", "a\u0000", "\ud800", "x".repeat(321), 1],
  token: ["", 1, null],
  id: ids,
  "connect.id": newIds,
  "User.id": externalIds,
  returnTo: ["//evil.example", "javascript:alert(1)", "https://evil.example", "", "x".repeat(2_049), 1],
  state: ["", "a\u0000", "\ud800", "x".repeat(4_097), 1, null],
  "fields.name": ["", "a b", "x".repeat(65), "\u0000", 1],
  "fields.value": ["x".repeat(8_193), 1, null],
  "events.after": ["", "x", "\u0000", "x".repeat(1_000)],
  "input.id": externalIds,
  "input.groupId": externalIds,
  nodeId: ["", "x", "Tm90aGluZzox", "VXNlcjo", "Q29ubmVjdG9yOkE", "a.b", "x".repeat(2_049), {}],
  first: [0, -1, 201, 1.5, "2", true],
  after: ["", "x", "WyJncm91cHMiXQ", "x".repeat(2_049), 1],
  "filter.connector": slugs,
  "filter.health": ["BROKEN", 1],
  "filter.owner": [1, {}, { user: "ada", group: "acme" }],
  "filter.accountId": ["", "a\u0000", "\ud800", "x".repeat(321), []],
  "filter.accountLabel": ["", "a\u0000", "\ud800", "x".repeat(321), 1],
  "filter.updatedSince": ["yesterday", "2026-01-31", "2026-01-31T12:00:00", 1, ""],
  "filter.since": ["yesterday", 1, ""],
  "filter.until": ["yesterday", 1, ""],
  "filter.user": externalIds,
  "filter.connection": ["", "a\u0000", "\ud800", "x".repeat(256), []],
  "filter.action": ["", "token", "token.", "x".repeat(70), 1],
  "input.connections": [Array.from({ length: 101 }, () => ({ connector: "test" })), null],
  "input.dryRun": ["yes", 1],
  "input.kind": ["", "a b", "1", "a\u0000", "x".repeat(65), 1],
  "input.name": ["x".repeat(256), "a\u0000", "\udfff", 1],
};

/** Good values for what else must be given. */
const goodValues: Record<string, unknown> = {
  slug: "test",
  where: { slug: "test" },
  token: "x",
  id: "11111111-1111-4111-8111-111111111111",
  state: "x".repeat(43),
  fields: [],
  input: { id: "eve" },
};

interface Case {
  /** As `Query.connection`. */
  field: string;
  argument: GraphQLArgument;
  /** As `where.slug`. */
  path: string;
  others: readonly GraphQLArgument[];
}

const leavesOf = (argument: GraphQLArgument): { path: string; field: GraphQLInputField | null }[] => {
  const type = getNamedType(argument.type);
  if (!isInputObjectType(type)) return [{ path: argument.name, field: null }];
  return Object.values(type.getFields()).map((field) => ({ path: `${argument.name}.${field.name}`, field }));
};

const cases: Case[] = Object.values(schema.getTypeMap())
  .filter((type) => isObjectType(type) && !isIntrospectionType(type))
  .flatMap((type) => (isObjectType(type) ? Object.values(type.getFields()).map((field) => ({ type, field })) : []))
  .flatMap(({ type, field }) =>
    field.args.flatMap((argument) =>
      leavesOf(argument).map(({ path }) => ({
        field: `${type.name}.${field.name}`,
        argument,
        path,
        others: field.args.filter((other) => other !== argument && isRequiredArgument(other)),
      })),
    ),
  );

const valuesFor = ({ field, path }: Case) => {
  const ownPath = field === "Query.user" || field === "Query.group" ? `User.${path}` : `${field.split(".")[1]}.${path}`;
  return badValues[ownPath] ?? badValues[path];
};

/** The way to a field, for who may take it. */
const wayTo: Record<string, { operation: string; before: string; after: string; isServer: boolean }> = {
  Query: { operation: "query", before: "", after: "", isServer: false },
  Mutation: { operation: "mutation", before: "", after: "", isServer: false },
  Subscription: { operation: "subscription", before: "", after: "", isServer: false },
  User: { operation: "query", before: `user(id: "ada") {`, after: "}", isServer: true },
  Group: { operation: "query", before: `group(id: "acme") {`, after: "}", isServer: true },
  Connection: { operation: "query", before: `connection(where: { slug: "test" }) {`, after: "}", isServer: false },
  Authorization: { operation: "query", before: `connection(where: { slug: "test" }) { authorization {`, after: "} }", isServer: false },
};
const serverFields = new Set(
  ["user", "group", "users", "groups", "allConnections", "auditEvents"]
    .map((name) => `Query.${name}`)
    .concat("Mutation.provisionUser", "Subscription.events"),
);

/** What an input needs beside the wrong leaf. */
function goodInputFor({ type }: GraphQLArgument): object {
  const named = getNamedType(type);
  return isInputObjectType(named) && "connections" in named.getFields() ? { connections: [] } : { id: "eve" };
}

/** The argument's value with one wrong leaf in it. */
function wrap({ argument, path }: Case, value: unknown): unknown {
  const [, leaf] = path.split(".");
  if (leaf === undefined) return value;
  if (argument.name === "fields") return [{ name: "a", value: "b", [leaf]: value }];
  return argument.name === "input" ? { ...goodInputFor(argument), [leaf]: value } : { [leaf]: value };
}

function operationOf(one: Case, selection: string): string {
  const [typeName = "", fieldName = ""] = one.field.split(".");
  const { operation, before, after } = wayTo[typeName] ?? { operation: "query", before: "", after: "" };
  const all = [one.argument, ...one.others];
  const variables = all.map(({ name, type }) => `$${name}: ${String(type)}`).join(", ");
  const args = all.map(({ name }) => `${name}: $${name}`).join(", ");
  return `${operation} (${variables}) { ${before} ${fieldName}(${args}) ${selection} ${after} }`;
}

let test: TestApp;
let ada: TestUser;
let services: Services;
let server: Record<string, string>;
beforeAll(async () => {
  test = await startTestApp();
  ada = await test.signIn("ada");
  await ada.connect();
  const member = await test.signIn("grace", "acme");
  await member.connect();
  services = await openServices(test.config, test.clock, createLog("silent"));
  server = await createServerHeaders(test);
});
afterAll(async () => {
  await services.close();
  await test.close();
});

const tables = ["users", "groups", "sessions", "one_time_tokens", "connections", "authorizations", "attempts"] as const;
const contents = async () =>
  JSON.stringify(await Promise.all(tables.map((table) => services.database.query.selectFrom(table).selectAll().execute())));

async function firstError(query: string, variables: Record<string, unknown>, headers: Record<string, string>) {
  if (!query.startsWith("subscription")) return (await ask(sendTo(test.app), query, variables, headers)).errors[0];
  const response = await test.app.fetch(
    new Request(`${PUBLIC_URL}/graphql`, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "text/event-stream", ...headers },
      body: JSON.stringify({ query, variables }),
    }),
  );
  const event = /^data: (\{.*\})$/m.exec(await response.text())?.[1];
  return JSON.parse(event ?? "{}").errors?.[0];
}

describe("bad input", () => {
  it("is known for every argument of every field", () => {
    expect(cases.length).toBeGreaterThan(40);
    expect(
      cases.filter((one) => !valuesFor(one) || !wayTo[one.field.split(".")[0] ?? ""]).map(({ field, path }) => `${field}(${path})`),
    ).toEqual([]);
  });

  it.each(cases.map((one) => ({ name: `${one.field}(${one.path})`, one })))(
    "is refused by $name, with its path, and nothing changes",
    async ({ one }) => {
      const [typeName = ""] = one.field.split(".");
      const isServer = wayTo[typeName]?.isServer || serverFields.has(one.field);
      const headers = isServer ? server : { authorization: `Bearer ${await ada.bearer()}` };
      const selection = /connectionToken|Authorization\.accessToken|logout/.test(one.field) ? "" : "{ __typename }";
      const others = Object.fromEntries(one.others.map(({ name }) => [name, goodValues[name]]));
      const before = await contents();
      for (const value of valuesFor(one) ?? []) {
        const error = await firstError(operationOf(one, selection), { ...others, [one.argument.name]: wrap(one, value) }, headers);
        const path = one.argument.name === "fields" ? one.path.replace("fields.", "fields.0.") : one.path;
        expect({ value, extensions: error?.extensions }).toEqual({ value, extensions: { code: "BAD_USER_INPUT", path } });
      }
      expect(await contents()).toBe(before);
      expect((await ada.graphql(`{ connection(where: { slug: "test" }) { enabled authorization { status } } }`)).data.connection).toEqual({
        enabled: true,
        authorization: { status: "ACTIVE" },
      });
    },
  );

  it.each([
    [`{ connection(where: {}) { id } }`, "where"],
    [`{ connection(where: { slug: "test", id: "11111111" }) { id } }`, "where"],
    [`{ connection(where: { slug: null }) { id } }`, "where"],
    [`{ connection(where: { name: "test" }) { id } }`, "where.name"],
    [`{ connectionToken(where: { slug: "test" }, minimumTtl: "60") }`, "minimumTtl"],
    [`mutation { submitAuthorization(state: 1, fields: []) { id } }`, "state"],
    [`mutation { submitAuthorization(state: "${"x".repeat(43)}", fields: [{ name: "a" }]) { id } }`, "fields"],
  ])("is refused as a literal, with its path: %s", async (query, path) => {
    const { errors } = await ada.graphql(query);
    expect(errors[0]?.extensions).toEqual({ code: "BAD_USER_INPUT", path });
  });

  it("of a wrong type is refused without being quoted", async () => {
    const { errors, status } = await ada.graphql("mutation ($t: String!) { login(token: $t) { token } }", { t: { secret: "planted" } });
    expect({ status, text: JSON.stringify(errors).includes("planted") }).toEqual({ status: 400, text: false });
  });
});

describe("what is for servers", () => {
  it.each([
    `{ user(id: "ada") { id } }`,
    `{ group(id: "acme") { id } }`,
    `{ users { totalCount } }`,
    `{ groups { totalCount } }`,
    `{ allConnections { totalCount } }`,
    `{ auditEvents { totalCount } }`,
    `mutation { provisionUser(input: { id: "eve" }) { token } }`,
  ])("is UNAUTHENTICATED without a credential and FORBIDDEN for users: %s", async (query) => {
    expect((await test.graphql(query)).errors[0]?.extensions.code).toBe("UNAUTHENTICATED");
    expect((await ada.graphql(query)).errors[0]?.extensions.code).toBe("FORBIDDEN");
    expect((await test.graphql(query, {}, server)).errors).toEqual([]);
  });

  it("is refused to a server's key in a web page, as what is for users is to a server", async () => {
    const inPage = await test.graphql(`{ user(id: "ada") { id } }`, {}, { ...server, origin: "http://localhost:5173" });
    expect({ status: inPage.status, code: inPage.errors[0]?.extensions.code }).toEqual({ status: 403, code: "FORBIDDEN" });
    expect((await test.graphql("{ connections { id } }", {}, server)).errors[0]?.extensions.code).toBe("FORBIDDEN");
  });
});
