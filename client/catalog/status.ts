import type { CatalogEntry, Connection } from "../api/types.ts";
import { statusOf, summarise } from "../connecting/status.ts";
import type { Sentences } from "./language.tsx";

/** The account, as a person knows it; a short form of the connection's id where the provider tells no name. */
export const labelOf = ({ id, authorization, connector }: Connection): string =>
  authorization?.displayLabel ?? `${connector.name} ${id.slice(0, 4)}`;

/** The status in words: `Connected as ada@example.com`, `2 accounts connected`, `Needs attention`, `Not connected`. */
export function describe({ status: words }: Sentences, connections: CatalogEntry["connections"]): string {
  const status = summarise(connections);
  if (status !== "connected") return words[status];
  const connected = connections.filter((connection) => statusOf(connection) === "connected");
  const [first] = connected;
  if (connected.length > 1 || !first) return words.accountsConnected(connected.length);
  const account = first.authorization?.displayLabel;
  return account ? words.connectedAs(account) : words.connected;
}
