/** An adapter over that table. docs/upstreams.md goes through it. */
import {
  accessToken,
  type Connection,
  type Connector,
  createAuthorization,
  notConnected,
  notFound,
  type OpenUpstream,
  type Owner,
  type OwnerConnections,
  ownerOfViewer,
  reconnectRequired,
  // In your own app: "xkit-gateway".
} from "../../gateway/index.ts";
import type { TokenRow, TokenTable } from "./table.ts";

export interface TableAdapterOptions {
  table: TokenTable;
  /** What the app offers, in the order of the catalog. */
  offers: readonly Omit<Connector, "connectorUrl">[];
  /** The app's own page where its users connect. */
  settingsUrl: string;
}

export const createTableAdapter =
  ({ table, offers, settingsUrl }: TableAdapterOptions): OpenUpstream =>
  ({ connectorUrl, publicUrl, clock }) => {
    const connectors = offers.map((offer) => ({ ...offer, connectorUrl: connectorUrl(offer.slug) }));
    const findConnector = (slug: string | undefined) => connectors.find((connector) => connector.slug === slug);

    /** No connection of a row whose connector is no longer offered. */
    function toConnections(owner: Owner, row: TokenRow): Connection[] {
      const connector = findConnector(row.connector);
      return connector ? [toConnection(owner, connector, row)] : [];
    }

    function connectionsOf(owner: Owner): OwnerConnections {
      const list = async (slug: string | null) =>
        table.list(owner).flatMap((row) => (slug === null || row.connector === slug ? toConnections(owner, row) : []));
      const find: OwnerConnections["find"] = async ({ slug, id }) =>
        (await list(slug ?? null)).find((connection) => id === undefined || connection.id === id) ?? null;
      return {
        list,
        find,
        async accessToken(where) {
          const connection = await find(where);
          const row = table.list(owner).find(({ id }) => id === connection?.id);
          if (!connection || !row || row.token === null) {
            const connector = connection?.connector ?? findConnector(where.slug);
            return notConnected(connector?.name ?? "This connection", connector?.connectorUrl ?? `${publicUrl}/`);
          }
          // The job that refreshes the table has failed for so long that only the user can mend it.
          if (row.expires_at <= clock.now()) return reconnectRequired(connection, "EXPIRED");
          return accessToken(connection, { value: row.token, expiresAt: new Date(row.expires_at) });
        },
      };
    }

    return {
      listConnectors: async () => connectors,
      connectionsOf,
      forUser(viewer) {
        const connections = connectionsOf(ownerOfViewer(viewer));
        return {
          ...connections,
          async disconnect(where) {
            const connection = await connections.find(where);
            if (!connection) throw notFound("There is no connection to disconnect.");
            table.removeToken(connection.id);
            return connection;
          },
          connectPage({ slug }, { returnTo }) {
            const page = new URL(slug, settingsUrl);
            if (returnTo !== null) page.searchParams.set("returnTo", returnTo);
            return page.href;
          },
        };
      },
      close: async () => table.close(),
    };
  };

const toConnection = (owner: Owner, connector: Connector, row: TokenRow): Connection => ({
  id: row.id,
  owner,
  enabled: row.token !== null,
  connector,
  authorization:
    row.token === null
      ? null
      : createAuthorization({
          id: `${row.id}:${row.connected_at}`,
          connectionId: row.id,
          status: "active",
          displayLabel: row.account,
          connectedAt: new Date(row.connected_at),
          expiresAt: new Date(row.expires_at),
        }),
  createdAt: null,
  updatedAt: null,
});
