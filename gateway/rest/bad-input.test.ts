/** Each operation of the REST contract with everything that it must refuse. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { z } from "zod";
import { type Answer, type Caller, callerOf, createServerHeaders, pageOf } from "../../test/support/caller.ts";
import { startTestApp, type TestApp } from "../../test/support/test-app.ts";

const parameterSchema = z.object({ name: z.string(), in: z.enum(["path", "query", "header"]) });
const documentSchema = z.object({
  paths: z.record(
    z.string(),
    z.record(
      z.string(),
      z.object({
        parameters: z.array(parameterSchema),
        security: z.array(z.record(z.string(), z.unknown())),
        requestBody: z.object({ content: z.record(z.string(), z.object({ schema: z.unknown() })) }).optional(),
      }),
    ),
  ),
});
/** What a schema of a body says of its members. */
const membersSchema = z.object({ properties: z.record(z.string(), z.unknown()).default({}), additionalProperties: z.unknown().optional() });

interface Operation {
  id: string;
  method: string;
  template: string;
  parameters: z.output<typeof parameterSchema>[];
  isServers: boolean;
  /** The schema of its body, or null. */
  body: z.output<typeof membersSchema> | null;
}

let test: TestApp;
let callers: { user: Caller; server: Caller };
let operations: Operation[];

beforeAll(async () => {
  test = await startTestApp({
    connectors: [{ slug: "keyed", name: "Keyed", collect: { fields: [{ name: "api_key", label: "Key", secret: true }] } }],
  });
  await (await test.signIn("ada")).connect();
  callers = { user: (await pageOf(test, "ada")).call, server: callerOf(test, await createServerHeaders(test)) };
  const { paths } = documentSchema.parse((await callerOf(test)("GET", "/openapi.json")).body);
  operations = Object.entries(paths).flatMap(([template, methods]) =>
    Object.entries(methods).map(([method, { parameters, security, requestBody }]) => ({
      id: `${method} ${template}`,
      method: method.toUpperCase(),
      template,
      parameters,
      isServers: security.some((scheme) => "keyPair" in scheme),
      body: requestBody ? membersSchema.parse(requestBody.content["application/json"]?.schema) : null,
    })),
  );
});
afterAll(() => test.close());

/** In the order of the parameters; what is asked for exists. */
const goodValues: Record<string, string> = {
  slug: "test",
  prototype_slug: "keyed",
  id: "none",
  external_id: "ada",
  external_user_id: "ada",
};
const badTexts = ["", "a\u0000b", "A B", "-1", "x".repeat(3_000), "yesterday"];
const badMembers: readonly unknown[] = [...badTexts, 1, true, null, [], {}];

const nested = (path: readonly string[], value: unknown): unknown => path.reduceRight<unknown>((inner, name) => ({ [name]: inner }), value);

function pathOf({ template }: Operation, values: Record<string, string> = {}): string {
  const path = template.replaceAll(/\{(\w+)\}/g, (_match, name: string) => encodeURIComponent(values[name] ?? goodValues[name] ?? ""));
  return path.replace("/api", "");
}

/** Every member of a body, with those of its objects. */
const membersOf = (schema: unknown, path: string[] = []): string[][] =>
  Object.entries(membersSchema.safeParse(schema).data?.properties ?? {}).flatMap(([name, member]) => [
    [...path, name],
    ...membersOf(member, [...path, name]),
  ]);

/** Words of zod, of GraphQL and of its arguments: none is in the contract. */
const FOREIGN = /zod|graphql|invalid input|expected|received|unrecogni[sz]ed|too (?:big|small)|invalid_|\bmutation\b|\[object|undefined/i;
/** As GraphQL spells its arguments: `returnTo`. */
const CAMEL_CASE = /\b[a-z]+[A-Z]\w*/;
const isForeign = ({ body }: Answer): boolean => FOREIGN.test(body?.error) || CAMEL_CASE.test(`${body?.error} ${body?.path ?? ""}`);

async function askAll(operation: Operation): Promise<Answer[]> {
  const call = operation.isServers ? callers.server : callers.user;
  const { method, parameters, body } = operation;
  const answers: Answer[] = [];
  const ask = async (path: string, sent?: unknown, headers: Record<string, string> = {}) => {
    // A user may ask so often within a minute.
    test.clock.advance(1_000);
    if (path.includes("//") || path.endsWith("/")) return;
    answers.push(await call(method, path, sent, headers));
  };
  const plain = body && {};
  for (const { name, in: place } of parameters)
    for (const text of badTexts) {
      if (place === "path") await ask(pathOf(operation, { [name]: text }), plain ?? undefined);
      else if (place === "query") await ask(`${pathOf(operation)}?${new URLSearchParams({ [name]: text })}`, plain ?? undefined);
    }
  await ask(pathOf(operation), plain ?? undefined, { "x-purpose": "x".repeat(300) });
  if (!body) return answers;
  for (const member of [...membersOf(body), []]) for (const value of badMembers) await ask(pathOf(operation), nested(member, value));
  return answers;
}

/** Streams do not end where nothing is wrong, and a user who is deleted is gone. */
const isAskedElsewhere = ({ id }: Operation): boolean =>
  id === "get /api/platform/events" || id === "delete /api/platform/users/{external_id}";

it("refuses bad input in the contract's own words, under the names that it was sent by", async () => {
  const refusals = new Map<string, number>();
  const foreign: string[] = [];
  for (const operation of operations.filter((one) => !isAskedElsewhere(one)))
    for (const answer of await askAll(operation)) {
      expect(answer.status, `${operation.id} ${answer.text}`).toBeLessThan(500);
      if (answer.status < 400) continue;
      if (answer.status === 400) refusals.set(operation.id, (refusals.get(operation.id) ?? 0) + 1);
      if (isForeign(answer)) foreign.push(`${operation.id}: ${answer.text.slice(0, 300)}`);
    }
  expect([...new Set(foreign)]).toEqual([]);
  const takes = operations.filter((one) => !isAskedElsewhere(one) && (one.parameters.length > 0 || one.body));
  for (const { id } of takes) expect(refusals.get(id), id).toBeGreaterThan(1);
});

it("refuses a member of a body that it does not know, by its name, but for what stands for itself there", async () => {
  const lenient: string[] = [];
  for (const operation of operations) {
    if (!operation.body) continue;
    const call = operation.isServers ? callers.server : callers.user;
    const members = membersOf(operation.body);
    const objects = members.filter((path) =>
      members.some((other) => other.length > path.length && path.every((name, at) => other[at] === name)),
    );
    for (const path of [[], ...objects]) {
      const { body } = await call(operation.method, pathOf(operation), nested([...path, "no_such_member"], "x"));
      const name = [...path, "no_such_member"].join(".");
      if (body.path !== name || !body.error.startsWith(`${name}: is not a known field. Known fields are `)) lenient.push(operation.id);
    }
  }
  // Each field that a form asks for is a member by its own name, and a context has attributes of the caller's own.
  expect(lenient).toEqual(["put /api/platform_user/authorizations/{prototype_slug}", "post /api/platform/contexts"]);
});

it("refuses a query parameter that it does not know, by its name", async () => {
  for (const operation of operations) {
    const call = operation.isServers ? callers.server : callers.user;
    const { status, body } = await call(operation.method, `${pathOf(operation)}?no_such_parameter=x`, operation.body ? {} : undefined);
    // What takes the session cookie alone says first that there is none.
    if (status === 401) continue;
    expect([operation.id, status, body.path], operation.id).toEqual([operation.id, 400, "no_such_parameter"]);
    expect(body.error).toMatch(/^no_such_parameter: is not a known parameter\. (?:Known parameters are .+|No parameter is known here)\.$/);
  }
  const misspelt = await callers.server("GET", "/platform/users?limt=1");
  expect(misspelt.body.error).toBe("limt: is not a known parameter. Known parameters are limit, after and total.");
});

it("says from what to what a number may be", async () => {
  const { body: list } = await callers.server("GET", "/platform/users?limit=-1");
  expect(list.error).toBe("limit: must be a whole number from 1 to 200.");
  const { body: token } = await callers.user("GET", "/platform_user/connections/test?minimum_ttl=-1");
  expect(token.error).toBe("minimum_ttl: must be a whole number of seconds from 0 to 86400.");
});

it("answers 405 with Allow where an address takes other methods, and 404 where it takes none", async () => {
  const ask = async (method: string, path: string) => {
    const { status, headers } = await test.app.fetch(new Request(`http://localhost:4000${path}`, { method }));
    return [status, headers.get("allow")];
  };
  expect(await ask("PATCH", "/api/platform/users")).toEqual([405, "GET, HEAD, POST"]);
  expect(await ask("POST", "/api/platform_user/connections")).toEqual([405, "GET, HEAD"]);
  expect(await ask("DELETE", "/api/openapi.json")).toEqual([405, "GET, HEAD"]);
  expect(await ask("PUT", "/api/platform/events")).toEqual([405, "GET, HEAD"]);
  expect(await ask("GET", "/api/no-such-thing")).toEqual([404, null]);
});

it("says to API keys where they ask", async () => {
  const { status, body } = await callers.server("GET", "/platform_user/connections");
  expect([status, body.error]).toEqual([403, "Only users may call this. With an API key, use the paths below /api/platform."]);
});
