import {
  type Authorization,
  type Connection,
  type ConnectionWhere,
  ownerOfViewer,
  type Viewer,
  type ViewerConnections,
} from "../../../schema/upstream.ts";
import type { HeldConnections, UserRelay } from "../upstream.ts";
import type { BrowserLinks } from "./browser-link.ts";
import { asked } from "./asked.ts";
import type { ReadEntries } from "./entries.ts";
import { authorizationFromAnswer, connectionFromAnswer, statedOwnerOf } from "./from-wire.ts";
import type { Ask, UpstreamOperation } from "./operation.ts";
import { orNull } from "./or-null.ts";
import type { Polling } from "./polling.ts";
import type { ConnectionRead, TokenQuery, TokenReader } from "./read-token.ts";
import { answers, entrySchemas, type ConnectionAnswer } from "./response-schemas.ts";
import type { RestRequest } from "./rest-client.ts";
import type { StartedSlugs } from "./started-slugs.ts";
import { createWatches } from "./watches.ts";

/** Stands for a connector's slug where none is known. */
const ANY_SLUG = "any";

/** The Platform User API within one operation, and what is kept of it for all users. */
export interface UserApi {
  /** Asks below `/api/platform_user`. */
  ask: Ask;
  operation: UpstreamOperation;
  whoIs: UserRelay["whoIs"];
  publicUrl: string;
  polling: Polling;
  readToken: TokenReader;
  readEntries: ReadEntries;
  links: BrowserLinks;
  slugs: StartedSlugs;
}

/** The same for one bearer. */
interface BearerApi extends UserApi {
  bearer: string;
  credential: { authorization: string };
  viewer: () => Promise<Viewer>;
  /** Only of a plain Xkit, which does not tell whose a connection is, the caller has to be known. */
  toConnection(answer: ConnectionAnswer, findViewer?: () => Promise<Viewer>): Promise<Connection>;
}

/**
 * The connections that a bearer's user sees. `open` begins an operation. `viewer` says who the user is where the upstream does not tell
 * whose a connection is.
 */
export function connectionsOfBearer(open: () => UserApi, bearer: string, viewer: () => Promise<Viewer>): HeldConnections {
  const asBearer = (): BearerApi => toBearerApi(open(), bearer, viewer);
  const connections: HeldConnections["connections"] = {
    find: (where) => find(asBearer(), where),
    list: (slug) => list(asBearer(), slug),
    start: (slug, options) => start(asBearer(), slug, options),
    submit: (state, fields) => submit(asBearer(), state, fields),
    disconnect: (where) => disconnect(asBearer(), where),
    findAuthorization: (id) => findAuthorization(asBearer(), id),
    ...createWatches({
      polling: open().polling,
      viewer: () => open().whoIs(bearer),
      list: (slug, findViewer) => list(asBearer(), slug, findViewer),
      findAuthorization: (id) => findAuthorization(asBearer(), id),
    }),
  };
  return {
    viewer: null,
    connections,
    readToken(where, wanted) {
      const api = asBearer();
      return api.readToken(api.operation.ask, where, wanted, (query) => readWithToken(api, where, query));
    },
  };
}

function toBearerApi(userApi: UserApi, bearer: string, known: () => Promise<Viewer>): BearerApi {
  const { operation, publicUrl } = userApi;
  const viewer = () => operation.within(known());
  return {
    ...userApi,
    bearer,
    viewer,
    credential: { authorization: `Bearer ${bearer}` },
    toConnection: async (answer, findViewer = viewer) =>
      connectionFromAnswer(answer, statedOwnerOf(answer) ?? ownerOfViewer(await findViewer()), publicUrl, "user"),
  };
}

const pathOf = (where: ConnectionWhere): string[] => (where.slug === undefined ? ["connection", where.id] : ["connections", where.slug]);

const requestOf = (
  { credential }: BearerApi,
  method: RestRequest["method"],
  path: readonly string[],
  query: RestRequest["query"] = {},
): RestRequest => ({ method, path, query, credential });

async function find(api: BearerApi, where: ConnectionWhere): Promise<Connection | null> {
  const answer = await orNull(api.ask(requestOf(api, "GET", pathOf(where), { access_token: "false" }), asked.connection(where)));
  return answer && api.toConnection(answer.body.connection);
}

async function list(api: BearerApi, slug: string | null, findViewer?: () => Promise<Viewer>): Promise<Connection[]> {
  const { connections } = (await api.ask(requestOf(api, "GET", ["connections"], { slug }), answers.connections)).body;
  const readable = api
    .readEntries("connection", connections, entrySchemas.connection)
    .filter(({ connector }) => slug === null || connector.slug === slug);
  return Promise.all(readable.map((connection) => api.toConnection(connection, findViewer)));
}

/**
 * Three requests, one after the other: a user who was in a group before or after the token was read gets none, also where the answer
 * names another owner. Sent beside the read, the first would not see that a user has left the group since.
 */
async function readWithToken(api: BearerApi, where: ConnectionWhere, query: TokenQuery): Promise<ConnectionRead> {
  const { ask, whoIs, bearer } = api;
  const before = await whoIs(bearer);
  const { connection: answer } = (await ask(requestOf(api, "GET", pathOf(where), query), asked.connection(where))).body;
  const after = await whoIs(bearer);
  return { answer, owner: ownerOfViewer(before.groupId === null ? after : before), by: "user", viewers: [before, after] };
}

async function start(api: BearerApi, slug: string, { id, returnTo }: Parameters<ViewerConnections["start"]>[1]): Promise<Connection> {
  const { ask, viewer, links, slugs, publicUrl, credential } = api;
  // Nothing is made for a user who cannot be named.
  await viewer();
  const body = {
    ...(id !== null && { id }),
    ...(returnTo !== null && { return_to: new URL(returnTo, publicUrl).href }),
  };
  const answer = await ask({ ...requestOf(api, "POST", ["connections", slug]), body }, asked.connection({ slug }));
  const { authorization } = answer.body.connection;
  const prototype = authorization?.authorizer?.prototype?.slug ?? slug;
  if (authorization) slugs.add(authorization, prototype);
  return links.forBrowser(await api.toConnection(answer.body.connection), prototype, credential, answer.setCookies);
}

async function submit(api: BearerApi, state: string, fields: { name: string; value: string }[]): Promise<Authorization> {
  const slug = api.slugs.find(state) ?? null;
  const path = ["authorizations", slug ?? ANY_SLUG];
  const body = { ...Object.fromEntries(fields.map(({ name, value }) => [name, value])), state };
  const answer = await api.ask({ ...requestOf(api, "PUT", path), body }, asked.authorization(slug, null));
  return authorizationFromAnswer(answer.body.authorization, null, "user");
}

async function disconnect(api: BearerApi, where: ConnectionWhere): Promise<Connection> {
  return api.toConnection((await api.ask(requestOf(api, "DELETE", pathOf(where)), asked.connection(where))).body.connection);
}

async function findAuthorization(api: BearerApi, id: string): Promise<Authorization | null> {
  for (const slug of await slugsOf(api, id)) {
    const answer = await orNull(api.ask(requestOf(api, "GET", ["authorizations", slug, id]), asked.authorization(slug, id)));
    if (answer) return authorizationFromAnswer(answer.body.authorization, null, "user");
  }
  return null;
}

/** Where an authorization may be found: that of a connection here, of a reconnect that another process started anywhere. */
async function slugsOf(api: BearerApi, id: string): Promise<string[]> {
  const known = api.slugs.find(id);
  return known ? [known] : [...new Set((await list(api, null)).map(({ connector }) => connector.slug))];
}
