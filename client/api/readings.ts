import {
  ConnectionDocument,
  ConnectionOrConnectorDocument,
  ConnectionsDocument,
  ConnectorDocument,
  ConnectorsDocument,
  PlatformDocument,
} from "../generated/graphql.ts";
import type { Api } from "./api.ts";
import { xkitError } from "./errors.ts";
import type { Connection, ConnectionShell, ListedConnector, Platform } from "./types.ts";
import { type ConnectionName, parseWhere } from "./where.ts";

/** The platform, its catalog and the viewer's connections, as they are now. */
export interface Readings {
  getPlatform: () => Promise<Platform>;
  listConnectors: () => Promise<ListedConnector[]>;
  /** Throws NotFoundError when the catalog has no such connector. */
  getConnector: (slug: string) => Promise<ListedConnector>;
  /** The viewer's connections, the healthiest of each connector first. */
  listConnections: (slug?: string) => Promise<Connection[]>;
  /** Throws NotFoundError when it was never made. */
  getConnection: (name: ConnectionName) => Promise<Connection>;
  /** `{ connector }` alone where nothing was connected or no user is signed in. Throws NotFoundError when the catalog has no such connector. */
  getConnectionOrConnector: (slug: string) => Promise<Connection | ConnectionShell>;
}

function found<T>(value: T | null | undefined, name: string): T {
  if (value === null || value === undefined) throw xkitError("NOT_FOUND", `There is no ${name}.`);
  return value;
}

export const createReadings = (api: Api): Readings => ({
  getPlatform: async () => (await api.request(PlatformDocument, {})).platform,
  listConnectors: async () => (await api.request(ConnectorsDocument, {})).connectors,
  getConnector: async (slug) => found((await api.request(ConnectorDocument, { slug })).connector, `connector ${slug}`),
  listConnections: async (slug) => (await api.request(ConnectionsDocument, { slug })).connections,
  async getConnection(name) {
    const where = parseWhere(name);
    return found((await api.request(ConnectionDocument, { where })).connection, `connection ${where.slug ?? where.id}`);
  },
  async getConnectionOrConnector(slug) {
    const { connectionOrConnector } = await api.request(ConnectionOrConnectorDocument, { slug });
    const either = found(connectionOrConnector, `connector ${slug}`);
    return "connector" in either ? either : { connector: either };
  },
});
