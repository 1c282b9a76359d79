import { type Kysely, sql } from "kysely";
import type { ConnectorConfig } from "../providers/connector.ts";
import { peek } from "../store/peek.ts";
import type { Tables } from "../store/tables.ts";
import type { Finding } from "./connector-findings.ts";

/** How many connections of a connector have a grant of one client. */
interface ClientUse {
  connector: string;
  clientId: string;
  connections: number;
}

/** Facts about connectors, from the store. */
interface StoreFacts {
  clientUses: ClientUse[];
  /** How many accounts several owners have connected, by connector. */
  sharedAccounts: ReadonlyMap<string, number>;
}

const UNREADABLE = "it is not known which clients made its connections: the store cannot be read, or an earlier release wrote it";

/** Findings about the connections in the store. Empty if there is no store yet. Never throws. */
export async function createStoreFindings(databaseUrl: string): Promise<(connector: ConnectorConfig) => Finding[]> {
  const read = async (query: Kysely<Tables>): Promise<StoreFacts> => ({
    clientUses: await listClientUses(query),
    sharedAccounts: await countSharedAccounts(query),
  });
  const facts = await peek(databaseUrl, read).catch(() => "unreadable" as const);
  if (facts === null) return () => [];
  return (connector) => {
    if (facts === "unreadable") return connector.oauth ? [{ level: "note", text: UNREADABLE }] : [];
    const uses = facts.clientUses.filter((use) => use.connector === connector.slug);
    return [...clientFindings(connector, uses), ...sharedFindings(connector, facts.sharedAccounts.get(connector.slug) ?? 0)];
  };
}

const selectGrants = (query: Kysely<Tables>) =>
  query
    .selectFrom("connections")
    .innerJoin("authorizations", "authorizations.id", "connections.authorization_id")
    .select((row) => ["connections.connector_slug as connector", row.fn.countAll<number | string>().as("count")])
    .where("connections.enabled", "=", 1);

async function listClientUses(query: Kysely<Tables>): Promise<ClientUse[]> {
  const rows = await selectGrants(query)
    .select("authorizations.client_id")
    .where("authorizations.client_id", "is not", null)
    .groupBy(["connections.connector_slug", "authorizations.client_id"])
    .orderBy("authorizations.client_id")
    .execute();
  return rows.map(({ connector, client_id, count }) => ({ connector, clientId: client_id ?? "", connections: Number(count) }));
}

async function countSharedAccounts(query: Kysely<Tables>): Promise<ReadonlyMap<string, number>> {
  const rows = await selectGrants(query)
    .where("authorizations.account_id", "is not", null)
    .where("authorizations.status", "=", "active")
    .groupBy(["connections.connector_slug", "authorizations.account_id", "authorizations.account_id_path"])
    .having(sql`count(distinct owner_kind || ':' || owner_id)`, ">", 1)
    .execute();
  const counts = new Map<string, number>();
  for (const { connector } of rows) counts.set(connector, (counts.get(connector) ?? 0) + 1);
  return counts;
}

function clientFindings({ oauth }: ConnectorConfig, uses: readonly ClientUse[]): Finding[] {
  if (!oauth) return [];
  const { client, previousClients } = oauth;
  const previous = new Set(previousClients.map(({ clientId }) => clientId));
  // Clients that users enter have no id here.
  const others = uses.filter(({ clientId }) => clientId !== client.clientId && clientId !== "");
  const made = others.map(({ clientId, connections }): Finding => {
    const text = `${connections} ${connections === 1 ? "connection was" : "connections were"} made by the client ${clientId}`;
    if (previous.has(clientId)) return { level: "note", text: `${text}, one of previous_clients: keep it there` };
    const advice = "add the former client to previous_clients, or their users have to reconnect";
    return { level: "warning", text: `${text}, but the connector now has the client ${client.clientId}: ${advice}` };
  });
  const unused = [...previous].filter((id) => others.every(({ clientId }) => clientId !== id));
  const removable = unused.map((id): Finding => {
    const text = `no connection was made by the previous client ${id}: it can be removed`;
    return { level: "note", text };
  });
  return [...made, ...removable];
}

function sharedFindings({ sharedAccounts }: ConnectorConfig, count: number): Finding[] {
  if (count === 0) return [];
  const text = `${count} ${count === 1 ? "account is" : "accounts are"} connected by more than one user or group`;
  if (sharedAccounts === "allow") return [{ level: "note", text: `${text}, which "shared_accounts": "refuse" would refuse` }];
  return [{ level: "warning", text: `${text}, from before shared_accounts refused it: those connections keep working` }];
}
