import type { ConnectorConfig } from "../providers/connector.ts";
import type { ConnectionRow } from "../store/tables.ts";

/** A connection as the log names it. */
export interface NamedConnection {
  connection: Pick<ConnectionRow, "id" | "owner_kind" | "owner_id">;
  connector: Pick<ConnectorConfig, "slug">;
}

/** What the log says of a connection: ids and its connector's slug. The account's label is the user's, and is in no line. */
export const factsOf = ({ connection, connector }: NamedConnection) => ({
  connection: connection.id,
  connector: connector.slug,
  [connection.owner_kind]: connection.owner_id,
});
