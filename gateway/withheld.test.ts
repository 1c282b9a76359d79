/**
 * A group's tokens reach no user, by any path (DESIGN section 5). By exhaustion: every path of the schema to every text, every operation of
 * the REST contract, every subscription, and every error, as everybody who is no server; with tokens that are known, whose bytes are looked
 * for in whole answers. A new field or argument fails here until somebody says what it is.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { createServerHeaders } from "./rest/caller.fixture.ts";
import { PUBLIC_URL, startTestApp, type TestApp, type TestUser, WEB_ORIGIN } from "./testing/test-app.ts";
import { type ArgumentValues, enumerateOperations, type OperationKind, textFields } from "./withheld.fixture.ts";

/** Fields that give an entitled asker a third party's token. */
const TOKEN_FIELDS = [
  "AccessToken.value",
  "Authorization.accessToken",
  "Group.connectionToken",
  "Query.connectionToken",
  "User.connectionToken",
];
/** Fields that never do: names, ids, sentences, links, and what signs in here. They are searched all the same. */
const OTHER_FIELDS = [
  ...["fingerprint", "missingScopes", "scopes", "tokenType"].map((name) => `AccessToken.${name}`),
  ...["authorizeUrl", "displayLabel", "errorCode", "errorMessage", "id", "missingScopes", "scopes", "state"].map(
    (name) => `Authorization.${name}`,
  ),
  ...["label", "name", "suffix"].map((name) => `CollectField.${name}`),
  ...["instructions", "saveLabel"].map((name) => `CollectForm.${name}`),
  ...["connectorUrl", "id"].map((name) => `Connection.${name}`),
  ...["connectorUrl", "description", "markUrl", "name", "shortDescription", "slug"].map((name) => `Connector.${name}`),
  ...["color", "loginRedirectUrl", "logoUrl", "name", "slug", "website"].map((name) => `Platform.${name}`),
  ...[
    "ConnectorMisconfigured",
    "MinimumTtlUnavailable",
    "NotConnected",
    "ReconnectRequired",
    "TemporarilyUnavailable",
    "TokenWithheld",
  ].map((name) => `${name}.message`),
  ...["NotConnected", "ReconnectRequired"].map((name) => `${name}.connectorUrl`),
  "Group.id",
  ...["groupId", "id", "name"].flatMap((name) => [`User.${name}`, `Viewer.${name}`]),
  "ProvisionedUser.token",
  "Session.token",
];

const askers = ["member", "former member", "member of another group", "user without a group", "anonymous"] as const;
type AskerName = (typeof askers)[number];

let test: TestApp;
let users: Record<Exclude<AskerName, "anonymous">, TestUser>;
let server: Record<string, string>;
/** The group's connection, and one of its authorizations. */
let planted: { connectionId: string; authorizationId: string; fingerprint: string };
let adasSecrets: ReadonlySet<string>;

async function plant(): Promise<void> {
  test = await startTestApp({ provider: { recordSecrets: false } });
  const founder = await test.signIn("fred", "acme");
  users = {
    member: await test.signIn("grace", "acme"),
    "former member": founder,
    "member of another group": await test.signIn("bob", "other"),
    "user without a group": await test.signIn("ada", null),
  };
  const before = new Set(test.provider.issuedSecrets);
  await users["user without a group"].connect();
  adasSecrets = new Set([...test.provider.issuedSecrets].filter((secret) => !before.has(secret)));
  // Whoever made the group's connection is in no group any more.
  await founder.connect();
  await test.app.provisionUser({ id: "fred", groupId: null });
  server = await createServerHeaders(test);
  const { connection } = JSON.parse(await ask("/api/platform/groups/acme/connections/test", { headers: server }));
  planted = {
    connectionId: connection.id,
    authorizationId: connection.authorization.id,
    fingerprint: connection.authorization.fingerprint,
  };
  expect(leaksIn(JSON.stringify(connection))).toBe(true);
}

/** Whole answers: status, headers and body. */
async function ask(path: string, init: RequestInit): Promise<string> {
  const response = await test.app.fetch(new Request(new URL(path, PUBLIC_URL), init));
  const text = await response.text();
  return text.startsWith("{") ? text : `${response.status} ${JSON.stringify([...response.headers])} ${text}`;
}

const headersOf = async (asker: AskerName): Promise<Record<string, string>> =>
  asker === "anonymous" ? {} : { authorization: `Bearer ${await users[asker].bearer()}` };

const toInit = (query: string, headers: Record<string, string>): RequestInit => ({
  method: "POST",
  headers: { "content-type": "application/json", ...headers },
  body: JSON.stringify({ query }),
});

/** Everything the provider ever gave for the group, in every spelling that could pass unnoticed. */
function leaksIn(text: string): boolean {
  return groupSecrets().some((secret) => spellingsOf(secret).some((spelling) => text.includes(spelling)));
}

const groupSecrets = (): string[] =>
  [...test.provider.issuedSecrets].filter((secret) => !adasSecrets.has(secret) && secret !== test.provider.client.clientSecret);

const spellings = new Map<string, string[]>();
function spellingsOf(secret: string): string[] {
  const known = spellings.get(secret);
  if (known) return known;
  const bytes = Buffer.from(secret);
  const made = [secret, encodeURIComponent(secret), bytes.toString("base64").replace(/=+$/, ""), bytes.toString("hex")];
  spellings.set(secret, made);
  return made;
}

function argumentValues(): ArgumentValues {
  const { connectionId, authorizationId, fingerprint } = planted;
  return {
    where: ['{ slug: "test" }', `{ id: "${connectionId}" }`],
    slug: ['"test"'],
    minimumTtl: ["1", "86400"],
    rejected: [`"${fingerprint}"`],
    "user.id": ['"fred"', '"grace"'],
    "group.id": ['"acme"'],
    "connect.id": [`"${connectionId}"`],
    "authorizationStatus.id": [`"${authorizationId}"`],
    returnTo: ['"/"'],
    token: ['"nonsense"'],
    state: [`"${"x".repeat(43)}"`],
    fields: ["[]"],
    input: ['{ id: "grace" }'],
  };
}

/**
 * The enumeration, texts alone: nothing else holds a token's bytes. What only servers may ask is refused before anything is selected, so that
 * others ask it for its tokens alone.
 */
function operations(kind: OperationKind): string[] {
  return select(kind, (root) => (serverRoots.includes(root) ? TOKEN_FIELDS : textFields()));
}

/** Operations of a kind whose last field is one of those that `fieldsOf` answers for their first. */
function select(kind: OperationKind, fieldsOf: (root: string) => readonly string[]): string[] {
  const names = (root: string) => fieldsOf(root).map((field) => field.split(".")[1] ?? "");
  return enumerateOperations(kind, argumentValues()).filter((operation) => {
    const root = /\{ (\w+)/.exec(operation)?.[1] ?? "";
    return names(root).includes(leafOf(operation));
  });
}

const only =
  (roots: readonly string[], fields = textFields()) =>
  (root: string) =>
    roots.includes(root) ? fields : [];

/** The last field of an operation. */
const leafOf = (operation: string): string => /(\w+)(?:\([^()]*\))?\s*[\s}]*$/.exec(operation)?.[1] ?? "";

const serverRoots = ["user", "group", "provisionUser"];
const viewerRoots = [
  "accessToken",
  "connection",
  "connectionOrConnector",
  "connectionToken",
  "connections",
  "connector",
  "connectors",
  "viewer",
];

/** Deeper than anybody may ask, or somebody else's connection: understood, and refused. */
const refused = /Query depth limit|id: is already in use/;

/** Operations whose answers hold bytes of a group's token. One that was not understood would prove nothing. */
async function leaksOf(list: readonly string[], headers: Record<string, string>): Promise<string[]> {
  const leaking: string[] = [];
  for (const operation of list) {
    const answer = await ask("/graphql", toInit(operation, headers));
    if (answer.includes("BAD_USER_INPUT") && !refused.test(answer)) throw new Error(`${operation} was refused: ${answer}`);
    if (leaksIn(answer)) leaking.push(operation);
  }
  return leaking;
}

it("knows every field that can hold a token", () => {
  expect(textFields()).toEqual([...TOKEN_FIELDS, ...OTHER_FIELDS].toSorted());
});

describe("a group's token, while all is well", () => {
  beforeAll(plant);
  afterAll(() => test.close());

  it("is what a server gets, by every field that can hold it", async () => {
    const leaking = await leaksOf(select("query", only(["group"])), server);
    expect(new Set(leaking.map(leafOf))).toEqual(new Set(TOKEN_FIELDS.map((field) => field.split(".")[1])));
    expect(await leaksOf(select("query", only(["user"], TOKEN_FIELDS)), server)).toEqual([]);
  });

  it("leaves a user without a group their own", async () => {
    const bearer = await headersOf("user without a group");
    const answer = JSON.parse(await ask("/graphql", toInit('{ connectionToken(where: { slug: "test" }) }', bearer)));
    expect(adasSecrets).toContain(answer.data.connectionToken);
  });

  it.each(askers)("is in no query's answer to: %s", { timeout: 120_000 }, async (asker) => {
    expect(await leaksOf(operations("query"), await headersOf(asker))).toEqual([]);
  });

  it.each(askers)("is in no mutation's answer to: %s", { timeout: 120_000 }, async (asker) => {
    const headers = { ...(await headersOf(asker)), origin: WEB_ORIGIN };
    for (const operation of operations("mutation")) {
      expect(await leaksOf([operation], headers)).toEqual([]);
      if (asker === "member" && operation.includes("disconnect")) await users.member.connect("test", `?id=${planted.connectionId}`);
    }
  });

  it.each(askers)("is in no answer of the REST contract to: %s", { timeout: 120_000 }, async (asker) => {
    const headers = { ...(await headersOf(asker)), origin: WEB_ORIGIN };
    for (const { method, path } of await restRequests()) {
      const init = { method, headers: { ...headers, "content-type": "application/json" }, ...bodyOf(method) };
      expect({ method, path, leaks: leaksIn(await ask(path, init)) }).toEqual({ method, path, leaks: false });
      if (asker === "member" && method === "DELETE") await users.member.connect("test", `?id=${planted.connectionId}`);
    }
  });

  it("is in no page", async () => {
    for (const user of Object.values(users)) {
      for (const path of [
        "/connect/test",
        `/connect/test?id=${planted.connectionId}`,
        "/callback/test?state=x&code=y",
        "/authorizations/done",
      ]) {
        const response = await user.browser.fetch(path);
        expect(leaksIn(JSON.stringify([...response.headers]) + (await response.text()))).toBe(false);
      }
    }
  });

  it("is what a server gets over REST, and in no list", async () => {
    const path = "/api/platform/groups/acme/connections";
    expect(leaksIn(await ask(`${path}/test`, { headers: server }))).toBe(true);
    expect(leaksIn(await ask(`/api/platform/contexts/acme/connections/test`, { headers: server }))).toBe(true);
    expect(leaksIn(await ask(path, { headers: server }))).toBe(false);
  });

  it("is in no line of the log", () => {
    expect(leaksIn(test.logged.join("\n"))).toBe(false);
  });
});

describe("a group's token, while things go wrong", () => {
  beforeEach(plant);
  afterEach(() => test.close());

  const failures = {
    "the provider is down, and repeats what it was sent": { status: 503, error: "server_error" },
    "the provider takes the grant back, and repeats it": { status: 400, error: "invalid_grant" },
    "the provider refuses the platform's credentials, and repeats the token": { status: 401, error: "invalid_client" },
  };

  it.each(Object.entries(failures))("is in no error when %s", { timeout: 120_000 }, async (_name, { status, error }) => {
    test.clock.advance(3_600_001);
    test.provider.controls.always({ status, body: { error, error_description: groupSecrets().join(" ") } });
    const answer = await ask("/api/platform/groups/acme/connections/test", { headers: server });
    expect(leaksIn(answer)).toBe(false);
    expect(await leaksOf(select("query", only(["group"])), server)).toEqual([]);
    for (const asker of askers) {
      const headers = await headersOf(asker);
      const fields = asker === "member" ? textFields() : TOKEN_FIELDS;
      expect(await leaksOf(select("query", only(viewerRoots, fields)), headers)).toEqual([]);
      const reads = (await restRequests()).filter(({ method }) => method === "GET");
      for (const { path } of reads) expect({ path, leaks: leaksIn(await ask(path, { headers })) }).toEqual({ path, leaks: false });
    }
    expect(leaksIn(test.logged.join("\n"))).toBe(false);
  });

  it("is in no event of a subscription", async () => {
    const pending = await users.member.graphql('mutation { connect(slug: "test") { authorization { id authorizeUrl } } }');
    const { id, authorizeUrl } = pending.data.connect.authorization;
    planted.authorizationId = id;
    const streams: { asker: AskerName; text: Promise<string> }[] = [];
    for (const asker of askers) {
      const headers = { ...(await headersOf(asker)), accept: "text/event-stream" };
      for (const operation of operations("subscription")) {
        const response = await test.app.fetch(new Request(`${PUBLIC_URL}/graphql`, toInit(operation, headers)));
        streams.push({ asker, text: response.text() });
      }
    }
    await users.member.browser.fetch((await test.provider.authorize(authorizeUrl)).href);
    test.clock.advance(3_600_001);
    expect(leaksIn(await ask("/api/platform/groups/acme/connections/test", { headers: server }))).toBe(true);
    const seen = streams.filter(({ asker }) => asker === "member").length;
    test.app.endSubscriptions();
    const texts = await Promise.all(streams.map(async ({ asker, text }) => ({ asker, text: await text })));
    expect(texts.filter(({ text }) => leaksIn(text))).toEqual([]);
    expect(texts.filter(({ asker, text }) => asker === "member" && text.includes("event: next")).length).toBeGreaterThan(seen / 2);
  });
});

const documentSchema = z.object({
  paths: z.record(z.string(), z.record(z.string(), z.object({ parameters: z.array(z.object({ name: z.string(), in: z.string() })) }))),
});

/** Every operation of the OpenAPI document, with everything its path and query can say about the group's connection. */
async function restRequests(): Promise<{ method: string; path: string }[]> {
  const { paths } = documentSchema.parse(JSON.parse(await ask("/api/openapi.json", {})));
  return Object.entries(paths).flatMap(([template, methods]) =>
    Object.entries(methods).flatMap(([method, { parameters }]) => {
      const asked = parameters.some(({ name }) => name === "minimum_ttl") ? singleQueries() : [""];
      return fill(template).flatMap((path) => asked.map((query) => ({ method: method.toUpperCase(), path: path + query })));
    }),
  );
}

const singleQueries = () => [
  "",
  "?minimum_ttl=1",
  "?minimum_ttl=86400",
  `?rejected=${planted.fingerprint}`,
  "?access_token=true",
  "?access_token=false",
];

/** The paths that a template stands for. Throws for a parameter that is new. */
function fill(template: string): string[] {
  const name = /\{(\w+)\}/.exec(template)?.[1];
  if (name === undefined) return [template];
  const values = pathValues()[name];
  if (!values) throw new Error(`{${name}} is new: say in withheld.test.ts what to ask with.`);
  return values.flatMap((value) => fill(template.replace(`{${name}}`, value)));
}

const pathValues = (): Record<string, string[]> => ({
  slug: ["test"],
  prototype_slug: ["test"],
  id: [planted.connectionId, planted.authorizationId],
  external_id: ["acme", "fred", "grace"],
  external_user_id: ["fred", "acme"],
});

const bodyOf = (method: string): { body?: string } => (method === "GET" || method === "DELETE" ? {} : { body: "{}" });
