import { type Answer, type Call, notFound, ok, Refusal, type Routes } from "./exchange.ts";
import { fakePlatform } from "./catalog.ts";
import { textOf, textsOf } from "./json.ts";
import { bindingOf, type Service, stepOf } from "./service.ts";
import { toAuthorization, toCatalogConnector, toConnection, toConnectionOnly, toUser } from "./shapes.ts";
import { assertAllowed, neverConnected, readSingle } from "./single-connection.ts";
import { type Authorization, type Connection, isSameOwner, isShownTo, ownerOf, type User } from "./state.ts";

type ForUser = (user: User, call: Call) => Answer | Promise<Answer>;

const parameter = ({ params }: Call, name: string): string => params[name] ?? "";

/** Contract, "Browser endpoints", but for sessions. */
export function createUserRoutes(service: Service): Routes {
  const asUser =
    (handle: ForUser) =>
    (call: Call): Answer | Promise<Answer> =>
      handle(service.credentials.requireUser(call), call);
  return {
    ...createCatalogRoutes(service, asUser),
    ...createConnectionRoutes(service, asUser),
    ...createAuthorizationRoutes(service, asUser),
  };
}

type AsUser = (handle: ForUser) => (call: Call) => Answer | Promise<Answer>;

function createCatalogRoutes(service: Service, asUser: AsUser): Routes {
  const { connectors, state } = service;
  const get = (slug: string) => {
    const connector = connectors.get(slug);
    if (!connector) throw notFound("connector");
    return connector;
  };
  const withConnections = (user: User, slug: string) => {
    const enabled = state.list(ownerOf(user), slug).filter((connection) => connection.enabled);
    const connections = enabled.map((connection) => toConnectionOnly(service, user, connection));
    return { ...toCatalogConnector(service, get(slug)), connection: connections[0] ?? null, connections };
  };
  return {
    "GET /platform": () => ok({ platform: fakePlatform }),
    "GET /platform/connectors": () =>
      ok({ connectors: [...connectors.values()].map((connector) => toCatalogConnector(service, connector)) }),
    "GET /platform/connectors/:slug": (call) => ok({ connector: toCatalogConnector(service, get(parameter(call, "slug"))) }),
    "GET /connectors": asUser((user) => ok({ connectors: [...connectors.keys()].map((slug) => withConnections(user, slug)) })),
    "GET /connectors/:slug": asUser((user, call) => ok({ connector: withConnections(user, parameter(call, "slug")) })),
  };
}

function createConnectionRoutes(service: Service, asUser: AsUser): Routes {
  const { state, connectors, grants, credentials } = service;

  async function single(user: User, call: Call, connection: Connection | null): Promise<Answer> {
    if (!connection) throw neverConnected(service, call.params["slug"] ?? null);
    const before = toUser(user);
    const answer = { connection: await readSingle(service, user, connection, call) };
    if (call.query.get("viewer") !== "true") return ok(answer);
    const now = credentials.findUser(call);
    const isSame = now !== null && now.id === before.external_id && now.groupId === before.external_group_id;
    return ok({ ...answer, viewer: { before, after: isSame ? before : null } });
  }

  function start(user: User, call: Call): Answer {
    const connector = connectors.get(parameter(call, "slug"));
    if (!connector) throw notFound("connector");
    const wanted = { scopes: textsOf(call.body, "scopes"), loginHint: textOf(call.body, "login_hint") };
    assertAllowed(connector, wanted.scopes ?? []);
    const authorization = state.start(user, connector, textOf(call.body, "id"), wanted);
    if (!authorization) throw new Refusal(400, "BAD_USER_INPUT", "id: is in use.", { path: "id" });
    const connection = toConnection(service, user, authorization.connection);
    const started = toAuthorization(service, user, authorization, stepOf(service, authorization));
    return ok({ connection: { ...connection, authorization: started } }, { status: 201, headers: bindingOf(service, authorization) });
  }

  async function disconnect(user: User, connection: Connection | null): Promise<Answer> {
    if (!connection) throw notFound("connection");
    const before = toConnection(service, user, connection);
    const tokens = connection.authorization?.tokens;
    state.disconnect(connection);
    if (tokens && tokens.fields === null) await grants.revoke(tokens);
    return ok({ connection: before });
  }

  const bySlug = (user: User, call: Call) => state.findBySlug(ownerOf(user), parameter(call, "slug"));
  const byId = (user: User, call: Call) => state.findById(ownerOf(user), parameter(call, "id"));
  return {
    "GET /connections": asUser((user, { query }) =>
      ok({ connections: state.list(ownerOf(user), query.get("slug")).map((connection) => toConnection(service, user, connection)) }),
    ),
    "GET /connections/:slug": asUser((user, call) => single(user, call, bySlug(user, call))),
    "GET /connection/:id": asUser((user, call) => single(user, call, byId(user, call))),
    "POST /connections/:slug": asUser(start),
    "DELETE /connections/:slug": asUser((user, call) => disconnect(user, bySlug(user, call))),
    "DELETE /connection/:id": asUser((user, call) => disconnect(user, byId(user, call))),
  };
}

function createAuthorizationRoutes(service: Service, asUser: AsUser): Routes {
  const { state, dialect } = service;
  return {
    "GET /authorizations/:slug/:id": asUser((user, call) => {
      const found = state.authorizations.get(dialect.numberOf(parameter(call, "id")));
      const isTheirs = found && isShownTo(user, found) && isSameOwner(found.connection.owner, ownerOf(user));
      if (!isTheirs || found.connection.connector.slug !== parameter(call, "slug")) throw notFound("authorization");
      return ok({ authorization: toAuthorization(service, user, found) });
    }),
    "PUT /authorizations/:slug": asUser((user, { body }) => {
      const attempt = state.findAttempt(textOf(body, "state") ?? "");
      if (!attempt || attempt.startedBy.id !== user.id) throw notFound("authorization to finish");
      const fields = parseFields(attempt, body);
      attempt.isUsed = true;
      const secret = attempt.connection.connector.collect?.fields.find((field) => field.secret === true)?.name ?? "";
      const key = { accessToken: fields[secret] ?? "", tokenType: "api_key", refreshToken: null, scopes: [], expiresAt: null };
      state.succeed(attempt, { ...key, issuedAt: service.now(), fields }, null);
      return ok({ authorization: toAuthorization(service, user, attempt) });
    }),
  };
}

/** Each field that is asked for, and nothing else. */
function parseFields({ connection: { connector } }: Authorization, body: ReadonlyMap<string, unknown>): Record<string, string> {
  const asked = connector.collect?.fields ?? [];
  for (const name of body.keys())
    if (name !== "state" && !asked.some((field) => field.name === name))
      throw new Refusal(400, "BAD_USER_INPUT", `There is no field "${name}".`, { path: name });
  return Object.fromEntries(
    asked.map(({ name, label, optional = false, default: preset, enum: options }) => {
      const typed = textOf(body, name)?.trim() ?? "";
      const value = typed === "" && optional ? (preset ?? "") : typed;
      if (options && !options.includes(value)) throw new Refusal(400, "BAD_USER_INPUT", `${label} cannot be that.`, { path: name });
      if (value === "" && !optional) throw new Refusal(400, "BAD_USER_INPUT", `${label} is missing.`, { path: name });
      return [name, value];
    }),
  );
}
