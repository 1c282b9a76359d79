/** Asks everything that the schema and the REST contract know, as any caller. Imported by tests only. */
import { z } from "zod";
import { MAXIMUM_DEPTH } from "../../gateway/graphql/limits.ts";
import { WEB_ORIGIN } from "../support/test-app.ts";
import { enumerateOperations, type Operation, type OperationKind, reaches, rootsOf, textFields } from "./secrets.ts";
import { type AskerName, TOKEN_FIELDS, type UserName, type World } from "./world.ts";

/** Root fields that are a server's: others are refused before anything is selected, so they ask for tokens alone. */
export const SERVER_ROOTS: readonly string[] = [
  "user",
  "group",
  "users",
  "groups",
  "allConnections",
  "auditEvents",
  "provisionUser",
  "revokeUserTokens",
  "disconnectConnection",
  "refreshConnection",
  "moveUser",
  "deleteUser",
  "importConnections",
  "revokeSessions",
  "disableConnection",
  "enableConnection",
];

/** Subscriptions that are a server's. */
const SERVER_SUBSCRIPTIONS: readonly string[] = ["events"];

/** The subscriptions that a user can open. */
export const subscriptionsOfUsers = (world: World): string[] =>
  rootsOf("subscription", world.values).filter((root) => !SERVER_SUBSCRIPTIONS.includes(root));

/** Deeper than is allowed, another owner's connection, or a kind of token that the connector does not have: understood, and refused. */
const refused = /Query depth limit|id: is already in use|kind: \w+ has/;

/** A user may start 100 attempts at a connector within the life of one: after so many operations that start one, the clock moves on. */
const STARTS_AT_ONCE = 80;
const STARTING_ROOTS: readonly string[] = ["connect", "disconnect", "submitAuthorization"];
const ATTEMPT_LIFETIME_MS = 600_000;

export interface Outcome {
  leaking: string[];
  /** Answers without an error that hold the value asked for (be it null), by root field. */
  successes: Map<string, number>;
  /** Fields that such an answer held. */
  reached: Set<string>;
  /** Answers by operation. */
  bodies: Map<Operation, string>;
}

/** `world.values` has the node ids of a connection and of an authorization: nothing of another type is there. */
const isElsewhere = ({ root, text }: Operation): boolean =>
  root === "node" && /^query \{ node\([^)]*\) \{ \.\.\. on (?!Connection |Authorization )/.test(text);

/** Every path to the fields that are to be asked for by each root. Default: what users ask for. */
export function operations(world: World, kind: OperationKind, fieldsOf?: (root: string) => readonly string[]): Operation[] {
  const all = enumerateOperations(kind, world.values).filter((operation) => !isElsewhere(operation));
  const asked = all.filter(({ root, leaves }) => leaves.some((leaf) => (fieldsOf ?? fieldsOfUsers)(root).includes(leaf)));
  return fieldsOf ? asked : refusedOnce(asked);
}

/** A server's root field is refused to users with any selection: it is asked for once for each token. */
function refusedOnce(asked: readonly Operation[]): Operation[] {
  const seen = new Set<string>();
  return asked.filter(({ root, leaves }) => {
    const name = `${root} ${leaves.join()}`;
    const isRepeated = SERVER_ROOTS.includes(root) && seen.has(name);
    seen.add(name);
    return !isRepeated;
  });
}

const texts = new Set([...textFields(), "Mutation.logout"]);
/** Below these is what is below `connection`, `user` and `group`: of tokens, those are asked for that stand by themselves. */
const OTHER_WAYS: readonly string[] = ["node", "users", "groups", "allConnections", "auditEvents"];
const PLAIN_TOKEN_FIELDS = ["Authorization.accessToken", "Group.connectionToken", "User.connectionToken"];

function fieldsOfUsers(root: string): readonly string[] {
  if (OTHER_WAYS.includes(root)) return PLAIN_TOKEN_FIELDS;
  return SERVER_ROOTS.includes(root) ? TOKEN_FIELDS : [...texts];
}

/** Asks one after the other, each with what it needs to succeed. */
export async function askAll(world: World, asker: AskerName | "server", list: readonly Operation[]): Promise<Outcome> {
  const outcome: Outcome = { leaking: [], successes: new Map(), reached: new Set(), bodies: new Map() };
  let shared = asker === "server" ? world.server : await world.headersOf(asker);
  let starts = 0;
  // What is too deep for every caller is asked by the member alone.
  const asked = list.filter(({ path }) => asker === "member" || path.length <= MAXIMUM_DEPTH + 1);
  for (const operation of asked) {
    if (asker === "member" && STARTING_ROOTS.includes(operation.root) && (starts += 1) % STARTS_AT_ONCE === 0) {
      world.clock.advance(ATTEMPT_LIFETIME_MS);
      shared = await world.headersOf(asker);
    }
    const { headers, text } = await prepare(world, asker, operation, shared);
    const answer = await world.read("/graphql", toInit(text, headers));
    if (answer.text.includes("BAD_USER_INPUT") && !refused.test(answer.text)) throw new Error(`${text} was refused: ${answer.text}`);
    if (world.leaks(answer.text)) outcome.leaking.push(text);
    outcome.bodies.set(operation, answer.body);
    const { data, errors } = answerSchema.parse(JSON.parse(answer.body));
    if (!errors && reaches(data, operation.path)) {
      outcome.successes.set(operation.root, (outcome.successes.get(operation.root) ?? 0) + 1);
      for (const leaf of operation.leaves) outcome.reached.add(leaf);
    }
    if (asker === "member" && operation.root === "disconnect") await reconnect(world);
  }
  return outcome;
}

const answerSchema = z.object({ data: z.unknown().optional(), errors: z.array(z.unknown()).optional() });

export const toInit = (query: string, headers: Record<string, string>): RequestInit => ({
  method: "POST",
  headers: { "content-type": "application/json", ...headers },
  body: JSON.stringify({ query }),
});

async function prepare(world: World, asker: AskerName | "server", { kind, root, text }: Operation, shared: Record<string, string>) {
  if (kind !== "mutation" || asker === "server") return { headers: shared, text };
  const user: UserName = asker === "anonymous" ? "member" : asker;
  const headers = { ...shared, origin: WEB_ORIGIN };
  if (root === "login") return { headers, text: text.replace("BEARER", (await world.headersOf(user))["authorization"]?.slice(7) ?? "") };
  if (root === "submitAuthorization")
    return { headers, text: text.replace("STATE", await world.startForm(user)).replace("KEY", world.typeKey(user)) };
  if (asker !== "anonymous" && (root === "refreshSession" || root === "logout")) return { headers: await world.signedIn(user), text };
  return { headers, text };
}

/** Makes good again what the member has disconnected. */
export async function reconnect(world: World): Promise<void> {
  for (const slug of ["test", "keyed"] as const) {
    const id = world.planted[slug].connectionId;
    const { body } = await world.read(`/api/platform/groups/acme/connection/${id}?access_token=false`, { headers: world.server });
    if (!enabledSchema.parse(JSON.parse(body)).connection.enabled) await world.connect("member", slug, id);
  }
}

/** One that is gone is not enabled. */
const enabledSchema = z.object({ connection: z.object({ enabled: z.boolean() }) }).catch({ connection: { enabled: false } });

const parameterSchema = z.object({ name: z.string(), in: z.string() });
const documentSchema = z.object({
  paths: z.record(
    z.string(),
    z.record(z.string(), z.object({ parameters: z.array(parameterSchema), security: z.array(z.record(z.string(), z.unknown())) })),
  ),
});

/** One request of the REST contract. */
export interface RestRequest {
  /** `METHOD /path/{template}`. */
  operation: string;
  method: string;
  path: string;
  query: string;
  /** Whether servers alone may ask. */
  isServers: boolean;
}

/** Every operation of the OpenAPI document, with everything its path and query can say about the group's connections. */
export async function restRequests(world: World): Promise<RestRequest[]> {
  const { paths } = documentSchema.parse(JSON.parse((await world.read("/api/openapi.json")).body));
  return Object.entries(paths).flatMap(([template, methods]) =>
    Object.entries(methods).flatMap(([name, { parameters, security }]) => {
      const method = name.toUpperCase();
      const queries = parameters.some(({ name }) => name === "minimum_ttl") ? singleQueries(world) : [""];
      const isServers = security.every((scheme) => "keyPair" in scheme);
      return fill(world, template).flatMap((path) =>
        queries.map((query) => ({ operation: `${method} ${template}`, method, path, query, isServers })),
      );
    }),
  );
}

const singleQueries = ({ planted: { test, keyed } }: World): string[] => [
  "",
  "?minimum_ttl=1",
  "?minimum_ttl=86400",
  `?rejected=${test.fingerprint}`,
  `?rejected=${keyed.fingerprint}`,
  "?scopes=read",
  "?authorization_header=true",
  "?kind=user",
  "?access_token=true",
  "?access_token=false",
];

/** The paths that a template stands for. Throws for a parameter that is new. */
function fill(world: World, template: string): string[] {
  const name = /\{(\w+)\}/.exec(template)?.[1];
  if (name === undefined) return [template];
  const { test, keyed } = world.planted;
  const slugs = ["test", "keyed"];
  const kind = template.includes("/authorizations/") ? "authorizationId" : "connectionId";
  const values: Record<string, string[]> = {
    slug: slugs,
    prototype_slug: slugs,
    id: [test[kind], keyed[kind], ...(kind === "authorizationId" ? ["FRESH"] : [])],
    external_id: ["acme", "fred", "grace"],
    external_user_id: ["fred", "acme"],
  };
  const filled = values[name];
  if (!filled) throw new Error(`{${name}} is new: say in asking.ts what to ask with.`);
  return filled.flatMap((value) => fill(world, template.replace(`{${name}}`, value)));
}

/** The bodies of an operation that takes one; a new one fails until it is told what to send. */
async function bodiesOf(world: World, user: UserName, { operation, method, path }: RestRequest): Promise<(object | null)[]> {
  if (method === "GET" || method === "DELETE") return [null];
  const { connectionId } = path.includes("keyed") ? world.planted.keyed : world.planted.test;
  switch (operation) {
    case "POST /api/platform_user/connections/{slug}":
      return [{}, { id: connectionId }, { id: connectionId, return_to: "/" }, { scopes: ["read"], login_hint: "ada@example.test" }];
    case "PUT /api/platform_user/authorizations/{prototype_slug}":
      return [{ state: await world.startForm(user), api_key: world.typeKey(user) }];
    case "POST /api/platform/users":
      return [{ user: { external_id: "grace" } }];
    case "POST /api/platform/connection/{id}/refresh":
      return [{}, { kind: "user" }];
    case "POST /api/platform/connection/{id}/disable":
    case "POST /api/platform/connection/{id}/enable":
      return [null];
    case "POST /api/platform/connections/import":
      return [{ connections: [] }];
    case "PUT /api/platform/users/{external_id}/group":
      return [{ external_group_id: null }];
    case "POST /api/platform/contexts":
      return [{ context: { external_id: "grace" } }];
    case "POST /api/platform_user/sessions":
    case "POST /api/platform_user/sessions/ott":
    case "POST /api/platform_user/sessions/token":
      return [null];
    default:
      throw new Error(`${operation} is new: say in asking.ts what to send.`);
  }
}

/** What the REST contract answers: leaks, and successes by operation. */
export async function askRest(world: World, asker: AskerName, list: readonly RestRequest[], { mayFail = false } = {}) {
  const leaking: string[] = [];
  const successes = new Map<string, number>();
  const user: UserName = asker === "anonymous" ? "member" : asker;
  for (const request of list) {
    const { operation, method, path, query } = request;
    for (const body of await bodiesOf(world, user, request)) {
      const needsCookie = operation.endsWith("/sessions/token") || operation === "DELETE /api/platform_user/sessions";
      const headers =
        needsCookie && asker !== "anonymous" ? await world.signedIn(user) : { ...(await world.headersOf(asker)), origin: WEB_ORIGIN };
      const init = body && { headers: { ...headers, "content-type": "application/json" }, body: JSON.stringify(body) };
      const fresh = path.endsWith("/FRESH")
        ? path.replace("FRESH", (await world.start(user, path.includes("keyed") ? "keyed" : "test")).id)
        : path;
      const answer = await world.read(fresh + query, { method, ...(init ?? { headers }) });
      if ((answer.status === 400 && !refused.test(answer.text)) || (answer.status >= 500 && !mayFail))
        throw new Error(`${method} ${path} was refused: ${answer.text}`);
      if (world.leaks(answer.text)) leaking.push(`${method} ${path}${query}`);
      if (answer.status < 300) successes.set(operation, (successes.get(operation) ?? 0) + 1);
      if (asker === "member" && method === "DELETE") await reconnect(world);
    }
  }
  return { leaking, successes };
}
