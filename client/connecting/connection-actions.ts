import type { Api } from "../api/api.ts";
import type { Emitter } from "../api/events.ts";
import type { Connection, StartedAuthorization, StartedConnection } from "../api/types.ts";
import { type ConnectionName, type ConnectorName, parseWhere } from "../api/where.ts";
import { DisconnectDocument } from "../generated/graphql.ts";
import { type ConnectOptions, createConnect, startConnecting, type StartOptions, submitFields } from "./connect.ts";

/** What a user does with their connections. */
export interface ConnectionActions {
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
}

/** 16 random bytes in hexadecimal. `crypto.randomUUID` is for secure contexts alone, and a page in development may be none. */
const createId = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

const slugOf = (connector: ConnectorName) => (typeof connector === "string" ? connector : connector.slug);

/** `tell` hears of each success. */
export function createConnectionActions(api: Api, tell: Emitter["emit"]): ConnectionActions {
  const connect = createConnect(api, (connection) => tell("connection:enable", connection));

  async function disconnect(name: ConnectionName): Promise<Connection> {
    const connection = (await api.request(DisconnectDocument, { where: parseWhere(name) })).disconnect;
    tell("connection:remove", connection);
    tell("connection:disable", connection.connector.slug);
    return connection;
  }

  return {
    connect: async (connector, options) => connect(slugOf(connector), undefined, options),
    startConnecting: async (connector, options) => startConnecting(api, slugOf(connector), options),
    reconnect: async ({ id, connector }, options) => connect(connector.slug, id, options),
    addConnection: async (connector, id, options) => connect(slugOf(connector), id ?? createId(), options),
    disconnect,
    removeConnection: disconnect,
    setAuthorizationFields: (_slug, state, fields) => submitFields(api, state, fields),
  };
}
