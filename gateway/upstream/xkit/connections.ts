import { badUserInput, GatewayError } from "../../../schema/errors.ts";
import {
  type Authorization,
  type Connection,
  type ConnectionWhere,
  ownerOfViewer,
  type StartOptions,
  type Viewer,
} from "../../../schema/upstream.ts";
import { LANGUAGE_HEADER } from "../../http/language.ts";
import { nullWhenRefused } from "../../http/failure.ts";
import { isSameUser, keyOfViewer } from "../same-user.ts";
import type { SharedReads } from "../shared-reads.ts";
import type { Browser, HeldConnections, TokenReading, UserRelay } from "../upstream.ts";
import type { BrowserLinks } from "./browser-link.ts";
import { asked, pickListed } from "./asked.ts";
import type { ReadEntries } from "./entries.ts";
import { authorizationFromAnswer, connectionFromAnswer, statedOwnerOf, viewerFromAnswer } from "./from-wire.ts";
import type { Ask, UpstreamOperation } from "./operation.ts";
import { orNull } from "./or-null.ts";
import { type ConnectionRead, statusForMember, type TokenQuery, type TokenReader } from "./read-token.ts";
import { answers, entrySchemas, type ConnectionAnswer } from "./response-schemas.ts";
import type { RestRequest } from "./rest-client.ts";
import type { StartedSlugs } from "./started-slugs.ts";
import type { UpstreamTraits } from "./traits.ts";
import type { Watching } from "./watches.ts";

/** Stands for a connector's slug where none is known. */
const ANY_SLUG = "any";

/** The Platform User API within one operation, and what is kept of it for all users. */
export interface UserApi {
  /** Asks below `/api/platform_user`. */
  ask: Ask;
  operation: UpstreamOperation;
  whoIs: UserRelay["whoIs"];
  publicUrl: string;
  watching: Watching;
  /** Whose bearers are; null for one that is refused. */
  viewers: SharedReads<Viewer | null>;
  readToken: TokenReader;
  readEntries: ReadEntries;
  traits: UpstreamTraits;
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
 * whose a connection is, and `language` in which the user is spoken to.
 */
export function connectionsOfBearer(
  open: () => UserApi,
  bearer: string,
  viewer: () => Promise<Viewer>,
  language: Browser["language"] = null,
): HeldConnections {
  const asBearer = (): BearerApi => toBearerApi(open(), bearer, viewer);
  const connections: HeldConnections["connections"] = {
    find: (where) => find(asBearer(), where),
    list: (slug) => list(asBearer(), slug),
    start: (slug, options) => start(asBearer(), slug, options, language),
    submit: (state, fields) => submit(asBearer(), state, fields),
    disconnect: (where) => disconnect(asBearer(), where),
    findAuthorization: (id) => findAuthorization(asBearer(), id),
    watch: (slug) => watch(asBearer, slug),
    watchAuthorization: (id) => watchAuthorization(asBearer, id),
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

/** An upstream that may give a token all the same is asked for its list, which has none, and by a user of no group for what is not in it. */
async function find(api: BearerApi, where: ConnectionWhere): Promise<Connection | null> {
  if (!api.traits.omitsTokens()) {
    const listed = pickListed(await list(api, where.slug ?? null), where);
    if (listed || (await api.viewer()).groupId !== null) return listed;
  }
  const answer = await orNull(api.ask(requestOf(api, "GET", pathOf(where), { access_token: "false" }), asked.connection(where)));
  if (!answer) return null;
  api.traits.noteStatus(answer.body.connection);
  return api.toConnection(answer.body.connection);
}

async function list(api: BearerApi, slug: string | null, findViewer?: () => Promise<Viewer>): Promise<Connection[]> {
  const { connections } = (await api.ask(requestOf(api, "GET", ["connections"], { slug }), answers.connections)).body;
  const readable = api
    .readEntries("connection", connections, entrySchemas.connection)
    .filter(({ connector }) => slug === null || connector.slug === slug);
  return Promise.all(readable.map((connection) => api.toConnection(connection, findViewer)));
}

/**
 * A user who was in a group before or after the token was read gets none, also where the answer names another owner. Where the answer
 * does not say who that was (`isStated`), it takes three requests, one after the other: sent beside the read, the first would not see that
 * a user has left the group since.
 */
async function readWithToken(
  api: BearerApi,
  where: ConnectionWhere,
  query: TokenQuery,
  isStated = api.traits.statesViewer(),
): Promise<ConnectionRead | TokenReading> {
  const { ask, whoIs, bearer, traits } = api;
  const before = isStated ? null : await whoIs(bearer);
  if (before && before.groupId !== null) return readForMember(api, where, before);
  const { body } = await ask(requestOf(api, "GET", pathOf(where), { ...query, viewer: true }), asked.userConnection(where));
  traits.noteToken(body.connection, body.viewer);
  const first = body.viewer ? viewerFromAnswer(body.viewer.before) : before;
  // It said so before, and no longer does.
  if (!first) return readWithToken(api, where, query, false);
  const last = body.viewer?.after ? viewerFromAnswer(body.viewer.after) : await whoIs(bearer);
  const viewers = [...(before ? [before] : []), first, last];
  const owner = ownerOfViewer(viewers.find(({ groupId }) => groupId !== null) ?? last);
  return { answer: body.connection, owner, by: "user", viewers };
}

/** A member is told what the group's list says, which has no tokens. */
async function readForMember(api: BearerApi, where: ConnectionWhere, viewer: Viewer): Promise<TokenReading> {
  const listed = pickListed(await list(api, where.slug ?? null, () => Promise.resolve(viewer)), where);
  return { outcome: await statusForMember(api.operation.ask, where, listed, api.publicUrl), viewers: [viewer] };
}

/** The upstream is told the language as it would be by the user's own page. */
async function start(api: BearerApi, slug: string, wanted: StartOptions, language: Browser["language"]): Promise<Connection> {
  const { id, returnTo, scopes, kind, loginHint } = wanted;
  const { ask, viewer, links, slugs, publicUrl, credential } = api;
  // Nothing is made for a user who cannot be named.
  await viewer();
  const body = {
    ...(id !== null && { id }),
    ...(returnTo !== null && { return_to: new URL(returnTo, publicUrl).href }),
    ...(scopes && { scopes }),
    ...(kind !== undefined && { kind }),
    ...(loginHint !== undefined && { login_hint: loginHint }),
  };
  const headers = language ? { [LANGUAGE_HEADER]: language } : {};
  const answer = await ask({ ...requestOf(api, "POST", ["connections", slug]), body, headers }, asked.connection({ slug }));
  const { connection } = answer.body;
  const { authorization } = connection;
  const prototype = authorization?.authorizer?.prototype?.slug ?? slug;
  if (authorization) slugs.add(authorization, prototype);
  const shown = await api.toConnection(connection);
  const started = { ...shown, authorization: authorization ? authorizationFromAnswer(authorization, connection, "user") : null };
  return links.forBrowser(started, prototype, credential, answer.setCookies);
}

async function submit(api: BearerApi, state: string, fields: { name: string; value: string }[]): Promise<Authorization> {
  const slug = api.slugs.find(state) ?? null;
  const path = ["authorizations", slug ?? ANY_SLUG];
  const body = { ...Object.fromEntries(fields.map(({ name, value }) => [name, value])), state };
  const asking = api.ask({ ...requestOf(api, "PUT", path), body }, asked.authorization(slug, null));
  const answer = await asking.catch(namePlace(fields));
  return authorizationFromAnswer(answer.body.authorization, null, "user");
}

/** Rethrows a refusal of a member with the place of its field, by which the port names it. */
const namePlace =
  (fields: readonly { name: string }[]) =>
  (error: unknown): never => {
    const index = error instanceof GatewayError ? fields.findIndex(({ name }) => name === error.facts.path) : -1;
    throw error instanceof GatewayError && index >= 0 ? badUserInput(error.message, `fields.${index}.value`) : error;
  };

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

/** Read by one bearer for all of the user's. */
async function watch(open: () => BearerApi, slug: string | null): Promise<AsyncIterable<Connection>> {
  const { watching, viewers, viewer, bearer } = open();
  const first = await viewer();
  return watching.watch(
    {
      key: keyOfViewer(first),
      read: () => list(open(), null, () => Promise.resolve(first)),
      stillAllowed: async () => isSameUser(first, await viewers.read(bearer, () => open().whoIs(bearer).catch(nullWhenRefused))),
    },
    slug,
  );
}

/** Each bearer reads for itself, which also shows whether it is still good. */
const watchAuthorization = (open: () => BearerApi, id: string): Promise<AsyncIterable<Authorization>> =>
  open().watching.watchAuthorization({
    key: JSON.stringify([open().bearer, id]),
    read: () => findAuthorization(open(), id),
    stillAllowed: () => Promise.resolve(true),
  });

/** Where an authorization may be found: that of a connection here, of a reconnect that another process started anywhere. */
async function slugsOf(api: BearerApi, id: string): Promise<string[]> {
  const known = api.slugs.find(id);
  return known ? [known] : [...new Set((await list(api, null)).map(({ connector }) => connector.slug))];
}
