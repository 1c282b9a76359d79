import { afterEach, beforeEach, expect, it } from "vitest";
import { z } from "zod";
import { whileTimePasses } from "../../test/support/importing.ts";
import { PUBLIC_URL, startTestApp, type TestApp, type TestUser, WEB_ORIGIN } from "../../test/support/test-app.ts";
import { type Answer, type Caller, callerOf, createServerHeaders, pageOf } from "../../test/support/caller.ts";

let test: TestApp;
let ada: TestUser;
let callers: Record<"user" | "server" | "nobody", Caller>;
let document: Document;

beforeEach(async () => {
  const connectors = [{ slug: "keyed", name: "Keyed", collect: { fields: [{ name: "api_key", label: "Key", secret: true }] } }];
  test = await startTestApp({ connectors });
  ada = await test.signIn("ada");
  callers = {
    user: (await pageOf(test, "ada")).call,
    server: callerOf(test, await createServerHeaders(test)),
    nobody: callerOf(test),
  };
  document = documentSchema.parse((await callers.nobody("GET", "/openapi.json")).body);
});
afterEach(() => test.close());

const json = z.record(z.string(), z.unknown());
const contentSchema = z.record(z.string(), z.object({ schema: json }));
const responseSchema = z.object({ description: z.string(), content: contentSchema.optional() });
const documentSchema = z.object({
  openapi: z.literal("3.1.0"),
  paths: z.record(
    z.string(),
    z.record(
      z.string(),
      z.object({
        operationId: z.string(),
        security: z.array(json),
        responses: z.record(z.string(), z.union([z.strictObject({ $ref: z.string() }), responseSchema])),
      }),
    ),
  ),
  components: z.object({ schemas: json, responses: z.record(z.string(), responseSchema) }),
});
type Document = z.output<typeof documentSchema>;

function responseOf(method: string, path: string, status: number): z.output<typeof responseSchema> | undefined {
  const response = document.paths[path]?.[method]?.responses[status];
  return response && "$ref" in response ? document.components.responses[response.$ref.replace("#/components/responses/", "")] : response;
}

/** What the document says of an operation's answer, as something that checks it. */
function checkerOf(method: string, path: string, status: number): z.ZodType {
  const response = responseOf(method, path, status);
  if (!response) throw new Error(`${method} ${path} answered ${status}, which the document does not know.`);
  if (!response.content) return z.literal("");
  const schema = { ...response.content["application/json"]?.schema, $defs: document.components.schemas };
  return z.fromJSONSchema(JSON.parse(JSON.stringify(schema).replaceAll("#/components/schemas/", "#/$defs/")));
}

const checked = new Map<string, Set<number>>();

/** Asks, and holds the answer against the document. `template` is the path as the document writes it. */
async function walk(caller: Caller, method: string, template: string, values: Values = {}): Promise<Answer> {
  const path = template.replaceAll(/\{(\w+)\}/g, (_match, name: string) => encodeURIComponent(values.params?.[name] ?? ""));
  const answer = await caller(method.toUpperCase(), path.replace("/api", "") + (values.query ?? ""), values.body, values.headers);
  const result = checkerOf(method, template, answer.status).safeParse(answer.body ?? answer.text);
  expect(result.error, `${method} ${template} ${answer.status} ${answer.text}`).toBeUndefined();
  expect(answer.headers.get("cache-control")).toBe("no-store");
  expect(answer.status < 300 && answer.body?.error, "a success never has an error").toBeFalsy();
  const id = `${method} ${template}`;
  checked.set(id, (checked.get(id) ?? new Set()).add(answer.status));
  return answer;
}

interface Values {
  params?: Record<string, string>;
  query?: string;
  body?: unknown;
  headers?: Record<string, string>;
}

const USER = "/api/platform_user";
const SERVER = "/api/platform";

it("the REST API answers every operation as its OpenAPI document says", async () => {
  await ada.connect();
  await (await test.signIn("bob", "acme")).connect();
  const { user, server, nobody } = callers;
  const connection = (await walk(user, "get", `${USER}/connections/{slug}`, { params: { slug: "test" } })).body.connection;
  const byId = { params: { id: connection.id } };
  const bySlug = { params: { slug: "test" } };
  const unknown = { params: { slug: "nothing", id: "no-such-id", external_id: "nobody", external_user_id: "nobody" } };

  for (const path of ["/platform", "/platform/connectors"]) await walk(nobody, "get", USER + path);
  await walk(nobody, "get", `${USER}/platform/connectors/{slug}`, bySlug);
  for (const path of ["/session", "/connectors", "/connections"]) await walk(user, "get", USER + path);
  await walk(user, "get", `${USER}/connections`, { query: "?slug=test" });
  await walk(user, "get", `${USER}/connectors/{slug}`, bySlug);
  await walk(user, "get", `${USER}/connection/{id}`, byId);
  await walk(user, "get", `${USER}/connections/{slug}`, { ...bySlug, query: "?authorization_header=true&scopes=read" });
  for (const path of ["/sessions/ott", "/sessions/token", "/sessions"]) await walk(user, "post", USER + path);

  const started = await walk(user, "post", `${USER}/connections/{slug}`, { params: { slug: "keyed" }, body: {} });
  const { id, state } = started.body.connection.authorization;
  await walk(user, "get", `${USER}/authorizations/{prototype_slug}/{id}`, { params: { prototype_slug: "keyed", id } });
  const submitted = { params: { prototype_slug: "keyed" }, body: { state, api_key: "k-1" } };
  expect((await walk(user, "put", `${USER}/authorizations/{prototype_slug}`, submitted)).body.authorization.status).toBe("active");
  await walk(user, "put", `${USER}/authorizations/{prototype_slug}`, submitted);
  const tooLong = { params: { slug: "keyed" }, body: { id: "x".repeat(300_000) } };
  expect((await walk(user, "post", `${USER}/connections/{slug}`, tooLong)).status).toBe(413);

  await walk(server, "post", `${SERVER}/users`, { body: { user: { external_id: "eve", external_group_id: "acme", name: "Eve" } } });
  await walk(server, "post", `${SERVER}/contexts`, { body: { context: { external_id: "eve", external_name: "E", plan: "gold" } } });
  for (const [kind, external_id] of Object.entries({ users: "ada", groups: "acme", contexts: "ada" })) {
    const owner = { params: { external_id, slug: "test" } };
    await walk(server, "get", `${SERVER}/${kind}/{external_id}`, owner);
    await walk(server, "get", `${SERVER}/${kind}/{external_id}/connections`, owner);
    const { body } = await walk(server, "get", `${SERVER}/${kind}/{external_id}/connections/{slug}`, owner);
    const { id } = body.connection;
    await walk(server, "get", `${SERVER}/${kind}/{external_id}/connection/{id}`, { params: { external_id, id } });
  }
  for (const list of ["users", "groups", "connections"]) await walk(server, "get", `${SERVER}/${list}`, { query: "?limit=1&total=true" });
  await openEvents();
  await walk(server, "get", `${SERVER}/connections/{external_user_id}/{slug}`, { params: { external_user_id: "ada", slug: "test" } });

  await walk(user, "delete", `${USER}/connections/{slug}`, bySlug);
  await walk(user, "delete", `${USER}/connection/{id}`, byId);
  await walk(server, "post", `${SERVER}/connection/{id}/refresh`, { ...byId, body: {} });
  for (const action of ["disable", "enable"]) await walk(server, "post", `${SERVER}/connection/{id}/${action}`, byId);
  await walk(server, "delete", `${SERVER}/connection/{id}`, byId);
  await walk(server, "put", `${SERVER}/users/{external_id}/group`, { params: { external_id: "bob" }, body: { external_group_id: null } });
  await walk(server, "delete", `${SERVER}/users/{external_id}/sessions`, { params: { external_id: "bob" } });
  await walk(server, "post", `${SERVER}/connections/import`, {
    body: { connections: [{ user: "eve", connector: "keyed", fields: { api_key: "k-2" } }, {}] },
  });
  await whileTimePasses(test, walk(server, "delete", `${SERVER}/users/{external_id}`, { params: { external_id: "eve" } }));
  await walk(user, "delete", `${USER}/sessions`);
  await walk(user, "post", `${USER}/sessions/token`);

  const operations = Object.entries(document.paths).flatMap(([path, methods]) => Object.keys(methods).map((method) => ({ path, method })));
  for (const { path, method } of operations) {
    const [success] = [...(checked.get(`${method} ${path}`) ?? [])];
    expect(success, `${method} ${path} was not walked`).toBeLessThan(300);
    const security = JSON.stringify(document.paths[path]?.[method]?.security);
    if (path.includes("{")) await walk(path.startsWith(SERVER + "/") ? server : user, method, path, { ...unknown, body: bodyOf(method) });
    if (security.includes("keyPair")) {
      await walk(nobody, method, path, { ...unknown, body: bodyOf(method) });
      await walk(user, method, path, { ...unknown, body: bodyOf(method) });
    }
    if (security === '[{"bearer":[]}]') {
      await walk(nobody, method, path, { ...unknown, body: bodyOf(method) });
      await walk(server, method, path, { ...unknown, body: bodyOf(method) });
    }
    await walk(nobody, method, path, { ...unknown, headers: { authorization: "Bearer nonsense", origin: WEB_ORIGIN } });
  }
});

/** A stream has no end: its beginning is held against the document. */
async function openEvents(): Promise<void> {
  const path = `${SERVER}/events`;
  const { body, status, headers } = await test.app.fetch(
    new Request(new URL(path, PUBLIC_URL), { headers: await createServerHeaders(test) }),
  );
  await body?.cancel();
  expect(Object.keys(responseOf("get", path, status)?.content ?? {})).toEqual([headers.get("content-type")]);
  checked.set(`get ${path}`, new Set([status]));
}

const bodyOf = (method: string) => (method === "get" || method === "delete" ? undefined : {});

it("the OpenAPI document names its public URL, and its operations are unique", async () => {
  const { servers } = z
    .object({ servers: z.array(z.object({ url: z.string() })) })
    .parse((await callers.nobody("GET", "/openapi.json")).body);
  expect(servers).toEqual([{ url: PUBLIC_URL }]);
  const ids = Object.values(document.paths).flatMap((methods) => Object.values(methods).map(({ operationId }) => operationId));
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.length).toBeGreaterThan(30);
});

it("the OpenAPI document names its operations as methods are named", () => {
  const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods));
  for (const { operationId } of operations) expect(operationId).toMatch(/^[a-z]+([A-Z][a-z\d]*)*$/);
  expect(document.paths["/api/platform/users/{external_id}/connections/{slug}"]?.["get"]?.operationId).toBe("getUserConnection");
});
