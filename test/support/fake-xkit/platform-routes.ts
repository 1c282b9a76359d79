import { type Answer, type Call, notFound, ok, Refusal, type Routes } from "./exchange.ts";
import { clearableOf, entriesOf, textOf } from "./json.ts";
import type { Service } from "./service.ts";
import { problemOf, toConnection, toConnector, toOwner, toUser } from "./shapes.ts";
import { neverConnected, readSingle } from "./single-connection.ts";
import type { Owner } from "./state.ts";

type ForServer = (call: Call) => Answer | Promise<Answer>;

/** Contract, "Server endpoints". */
export function createPlatformRoutes(service: Service): Routes {
  const routes = {
    ...createProvisioning(service),
    ...createOwnerRoutes(service, "users", (id) => findUser(service, id)),
    ...createOwnerRoutes(service, "groups", (id) => findGroup(service, id)),
    ...createOwnerRoutes(service, "contexts", (id) => findUser(service, id) ?? findGroup(service, id)),
    "GET /connections/:external_id/:slug": (call: Call) => readBySlug(service, findUser(service, call.params["external_id"] ?? ""), call),
  };
  const asServer = (handle: ForServer) => (call: Call) => {
    service.credentials.requireKeys(call);
    return handle(call);
  };
  return Object.fromEntries(Object.entries(routes).map(([template, handle]) => [template, asServer(handle)]));
}

const findUser = ({ state }: Service, id: string): Owner | null => (state.users.has(id) ? { kind: "user", id } : null);
const findGroup = ({ state }: Service, id: string): Owner | null => (state.groups.has(id) ? { kind: "group", id } : null);

function createProvisioning({ state, credentials }: Service): Record<string, ForServer> {
  const idOf = (members: ReadonlyMap<string, unknown>, name: string): string => {
    const id = textOf(members, "external_id");
    if (id === null || id === "") throw new Refusal(400, "BAD_USER_INPUT", "external_id is missing.", { path: `${name}.external_id` });
    return id;
  };
  return {
    "POST /users": ({ body }) => {
      const given = entriesOf(body.get("user"));
      const columns = { groupId: clearableOf(given, "external_group_id"), name: clearableOf(given, "name") };
      const user = state.provision(idOf(given, "user"), columns);
      return ok({ ...credentials.mintUserToken(user), user: toUser(user) });
    },
    "POST /contexts": ({ body }) => {
      const given = entriesOf(body.get("context"));
      const id = idOf(given, "context");
      if (!state.users.has(id) && state.groups.has(id))
        throw new Refusal(400, "BAD_USER_INPUT", "This is a group's id.", { path: "context.external_id" });
      const user = state.provision(id, { groupId: undefined, name: clearableOf(given, "external_name") });
      const context = { external_id: user.id, external_name: user.name, kind: "user" };
      return ok({ ...credentials.mintUserToken(user), context });
    },
  };
}

type OwnerKind = "users" | "groups" | "contexts";

function createOwnerRoutes(service: Service, kind: OwnerKind, find: (id: string) => Owner | null): Record<string, ForServer> {
  const { state } = service;
  const get = ({ params }: Call): Owner => {
    const owner = find(params["external_id"] ?? "");
    if (!owner) throw notFound("owner");
    return owner;
  };
  return {
    [`GET /${kind}/:external_id`]: (call) => ok(toEnvelope(service, kind, get(call))),
    [`GET /${kind}/:external_id/connections`]: (call) => {
      const all = state.list(get(call), call.query.get("slug"));
      const listed = all.filter(({ enabled }) => enabled || call.query.get("include_disabled") === "true");
      return ok({ connections: listed.map((connection) => toConnection(service, null, connection)) });
    },
    [`GET /${kind}/:external_id/connections/:slug`]: (call) => readBySlug(service, get(call), call),
    [`GET /${kind}/:external_id/connection/:id`]: async (call) => {
      const connection = state.findById(get(call), call.params["id"] ?? "");
      if (!connection) throw neverConnected(service, null);
      return ok({ connection: await readSingle(service, null, connection, call) });
    },
  };
}

function toEnvelope({ state }: Service, kind: OwnerKind, owner: Owner): Record<string, unknown> {
  const user = state.users.get(owner.id);
  if (kind === "users" && user) return { user: toUser(user) };
  if (kind === "groups") return { group: { external_id: owner.id } };
  const name = owner.kind === "user" ? (user?.name ?? null) : null;
  return { context: { external_id: owner.id, external_name: name, kind: owner.kind } };
}

/** A known owner that never connected gets 200. */
async function readBySlug(service: Service, owner: Owner | null, call: Call): Promise<Answer> {
  if (!owner) throw notFound("owner");
  const slug = call.params["slug"] ?? "";
  const connection = service.state.findBySlug(owner, slug);
  if (connection) return ok({ connection: await readSingle(service, null, connection, call) });
  const connector = service.connectors.get(slug);
  if (!connector) throw notFound("connector");
  const absent = { type: "no_connection", id: null, enabled: false, owner: toOwner(owner), authorization: null };
  const token_problem = problemOf(service, connector, { outcome: "not connected" });
  return ok({ connection: { ...absent, connector: toConnector(service, connector), token_problem } });
}
