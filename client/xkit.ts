import { createAccessTokens, type TokenOptions } from "./session/access-tokens.ts";
import { createApi } from "./api/api.ts";
import { type ConnectOptions, createConnect, startConnecting, type StartOptions, submitFields } from "./connecting/connect.ts";
import { xkitError } from "./api/errors.ts";
import { createEmitter, type XkitEventType, type XkitListener } from "./api/events.ts";
import {
  AccessTokenDocument,
  ConnectionDocument,
  ConnectionOrConnectorDocument,
  ConnectionsDocument,
  ConnectorDocument,
  ConnectorsDocument,
  DisconnectDocument,
  PlatformDocument,
} from "./generated/graphql.ts";
import { createLiveFeed } from "./api/live.ts";
import { createSession, type Session, type SessionOptions } from "./session/session.ts";
import { createTokenFetch } from "./session/token-fetch.ts";
import {
  type AccessTokenResult,
  type StartedAuthorization,
  type StartedConnection,
  type Connection,
  type ConnectionShell,
  isAccessToken,
  type ListedConnector,
  type Platform,
  type TokenCallback,
} from "./api/types.ts";
import { type ConnectionName, parseWhere } from "./api/where.ts";

export type XkitOptions = Omit<SessionOptions, "url">;

/** A connector, by itself or by its slug. */
export type ConnectorName = string | { slug: string };

/**
 * The platform's users' connections, from a page or a server. Every method can be taken off the object.
 * They throw XkitErrors; see errors.ts for what each code means.
 */
export interface Xkit {
  readonly url: string;
  /** Who is signed in. For operations of your own: `createClient({ session: xkit.session })`. */
  readonly session: Session;
  /** Runs `start` now: the script-tag bundle is ready when it has loaded. */
  ready: (start: () => unknown) => void;
  /** Signs in with a user token, or with what gives one. Throws when it is refused, unlike xkit.js. `later` gives further tokens once the session has ended. */
  login: (token: string | TokenCallback, later?: TokenCallback) => Promise<void>;
  /** Signs out, here and at the gateway, and forgets every token. */
  logout: () => Promise<void>;
  /** The page where the user connects, repairs or disconnects the connector. */
  connectorUrl: (slug: string) => string;
  /** A session token: what authenticates at the gateway, not at a third party. Throws UnauthenticatedError. */
  getAccessToken: () => Promise<string>;
  getPlatform: () => Promise<Platform>;
  listConnectors: () => Promise<ListedConnector[]>;
  /** Throws NotFoundError when the catalog has no such connector. */
  getConnector: (slug: string) => Promise<ListedConnector>;
  /** The viewer's connections, the healthiest of each connector first. */
  listConnections: (slug?: string) => Promise<Connection[]>;
  /** Throws NotFoundError when it was never made. */
  getConnection: (name: ConnectionName) => Promise<Connection>;
  /** `{ connector }` alone where nothing was connected or nobody is signed in. Throws NotFoundError when the catalog has no such connector. */
  getConnectionOrConnector: (slug: string) => Promise<Connection | ConnectionShell>;
  /** A live access token, or the exact reason why there is none. */
  getToken: (name: ConnectionName, options?: TokenOptions) => Promise<AccessTokenResult>;
  /** A live access token, or null when connecting would give one, or it is withheld. Throws what the user cannot mend. */
  getConnectionToken: (name: ConnectionName, options?: TokenOptions) => Promise<string | null>;
  /**
   * Calls a third party with the connection's token. A 401 is answered with a new token, once, unless the body is a stream:
   * such a request cannot be sent again, so its 401 is returned and the next call brings the new token.
   * Throws NoAccessTokenError when there is no token to send.
   */
  fetch: (name: ConnectionName, input: string | URL | Request, init?: RequestInit) => Promise<Response>;
  /**
   * Connects, or reconnects the connection that exists. Leaves the page, or resolves when the user is done in the popup.
   * Throws ConnectError when they did not succeed. Throws TypeError where there is no page.
   */
  connect: (connector: ConnectorName, options?: ConnectOptions) => Promise<Connection>;
  /** Only starts: for a server, or to send the browser to `authorization.authorizeUrl` yourself. */
  startConnecting: (connector: ConnectorName, options?: StartOptions) => Promise<StartedConnection>;
  /** As connect, for this very connection; it keeps its id. */
  reconnect: (connection: { id: string; connector: { slug: string } }, options?: ConnectOptions) => Promise<Connection>;
  /** As connect, for one more connection; where the connector supports one, the same as connect. `id` must be unique in the whole platform; default: a random one. */
  addConnection: (connector: ConnectorName, id?: string, options?: ConnectOptions) => Promise<Connection>;
  /** Disconnects and revokes at the provider. Answers the connection as it was. */
  disconnect: (name: ConnectionName) => Promise<Connection>;
  /** The same as disconnect. */
  removeConnection: (name: ConnectionName) => Promise<Connection>;
  /** Hands in collected fields, by `Authorization.state`. The slug is there for xkit.js's sake. */
  setAuthorizationFields: (slug: string, state: string, fields: Record<string, string>) => Promise<StartedAuthorization>;
  on: <Type extends XkitEventType>(type: Type, listener: XkitListener<Type>) => void;
  off: <Type extends XkitEventType>(type: Type, listener: XkitListener<Type>) => void;
}

/** 16 random bytes in hexadecimal. `crypto.randomUUID` is for secure contexts alone, and a page in development may be none. */
const createId = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

const slugOf = (connector: ConnectorName) => (typeof connector === "string" ? connector : connector.slug);

function found<T>(value: T | null | undefined, name: string): T {
  if (value === null || value === undefined) throw xkitError("NOT_FOUND", `There is no ${name}.`);
  return value;
}

const errorCodes: Partial<Record<AccessTokenResult["__typename"], string>> = {
  TemporarilyUnavailable: "TEMPORARILY_UNAVAILABLE",
  MinimumTtlUnavailable: "MINIMUM_TTL_UNAVAILABLE",
  ConnectorMisconfigured: "CONNECTOR_MISCONFIGURED",
};

/**
 * The gateway at `url`, as `https://connect.example.com`. Asks nothing before its first method is called, and needs no browser.
 * Throws TypeError when `url` is none.
 */
export function createXkit(url: string, options: XkitOptions = {}): Xkit {
  const session = createSession({ url, ...options });
  const api = createApi(session);
  const tokens = createAccessTokens(async (variables) => (await api.request(AccessTokenDocument, variables)).accessToken);
  const emitter = createEmitter();
  const fetchWithToken = createTokenFetch(tokens, session);
  const live = createLiveFeed(api, session, (connection) => {
    tokens.clear();
    emitter.emit("connection:change", connection);
  });
  session.onChange((viewer) => {
    tokens.clear();
    emitter.emit("config:update", { viewer });
  });

  const connect = createConnect(api, (connection) => {
    tokens.clear();
    emitter.emit("connection:enable", connection);
  });

  async function disconnect(name: ConnectionName): Promise<Connection> {
    const connection = (await api.request(DisconnectDocument, { where: parseWhere(name) })).disconnect;
    tokens.clear();
    emitter.emit("connection:remove", connection);
    emitter.emit("connection:disable", connection.connector.slug);
    return connection;
  }

  async function getConnection(name: ConnectionName): Promise<Connection> {
    const where = parseWhere(name);
    return found((await api.request(ConnectionDocument, { where })).connection, `connection ${where.slug ?? where.id}`);
  }

  async function getConnectionToken(name: ConnectionName, options?: TokenOptions): Promise<string | null> {
    const outcome = await tokens.get(parseWhere(name), options);
    if (isAccessToken(outcome)) return outcome.value;
    const { __typename: type, message, ...facts } = outcome;
    const code = errorCodes[type];
    if (code) throw xkitError(code, message, { facts });
    return null;
  }

  return {
    url: session.url,
    session,
    ready: (start) => void start(),
    async login(token, later) {
      tokens.clear();
      await session.login(token, later);
    },
    async logout() {
      tokens.clear();
      await session.logout();
    },
    connectorUrl: (slug) => `${session.url}/connectors/${encodeURIComponent(slug)}`,
    async getAccessToken() {
      if (session.stale) await session.renew();
      if (!session.token) throw xkitError("UNAUTHENTICATED", "Nobody is signed in.");
      return session.token;
    },
    getPlatform: async () => (await api.request(PlatformDocument, {})).platform,
    listConnectors: async () => (await api.request(ConnectorsDocument, {})).connectors,
    getConnector: async (slug) => found((await api.request(ConnectorDocument, { slug })).connector, `connector ${slug}`),
    listConnections: async (slug) => (await api.request(ConnectionsDocument, { slug })).connections,
    getConnection,
    async getConnectionOrConnector(slug) {
      const { connectionOrConnector } = await api.request(ConnectionOrConnectorDocument, { slug });
      const either = found(connectionOrConnector, `connector ${slug}`);
      return "connector" in either ? either : { connector: either };
    },
    getToken: async (name, options) => tokens.get(parseWhere(name), options),
    getConnectionToken,
    fetch: async (name, input, init) => fetchWithToken(parseWhere(name), input, init),
    connect: async (connector, options) => connect(slugOf(connector), undefined, options),
    startConnecting: async (connector, options) => startConnecting(api, slugOf(connector), options),
    reconnect: async ({ id, connector }, options) => connect(connector.slug, id, options),
    addConnection: async (connector, id, options) => connect(slugOf(connector), id ?? createId(), options),
    disconnect,
    removeConnection: disconnect,
    setAuthorizationFields: (_slug, state, fields) => submitFields(api, state, fields),
    on(type, listener) {
      emitter.on(type, listener);
      if (type === "connection:change") live.start();
    },
    off(type, listener) {
      emitter.off(type, listener);
      if (!emitter.isHeard("connection:change")) live.stop();
    },
  };
}
