import type { Kysely } from "kysely";
import type { ConnectorConfig } from "../providers/connector.ts";
import { peek } from "../store/peek.ts";
import type { Tables } from "../store/tables.ts";
import type { Finding } from "./connector-findings.ts";

/** How many connections of a connector have a grant that a client made. */
interface ClientUse {
  connector: string;
  clientId: string;
  connections: number;
}

/** Findings about the clients that made the grants in the store. Nothing where there is no store yet. Never throws. */
export async function createClientFindings(databaseUrl: string): Promise<(connector: ConnectorConfig) => Finding[]> {
  const uses = await peek(databaseUrl, listClientUses).catch(() => "unreadable" as const);
  if (uses === null) return () => [];
  return (connector) => {
    if (!connector.oauth) return [];
    if (uses === "unreadable")
      return [
        { level: "note", text: "which clients made its connections is unknown: the store cannot be read, or is an earlier release's" },
      ];
    return findingsAbout(
      connector.oauth,
      uses.filter((use) => use.connector === connector.slug),
    );
  };
}

async function listClientUses(query: Kysely<Tables>): Promise<ClientUse[]> {
  const rows = await query
    .selectFrom("connections")
    .innerJoin("authorizations", "authorizations.id", "connections.authorization_id")
    .select(["connections.connector_slug", "authorizations.client_id"])
    .select((row) => row.fn.countAll<number | string>().as("count"))
    .where("connections.enabled", "=", 1)
    .where("authorizations.client_id", "is not", null)
    .groupBy(["connections.connector_slug", "authorizations.client_id"])
    .orderBy("authorizations.client_id")
    .execute();
  return rows.map(({ connector_slug, client_id, count }) => ({
    connector: connector_slug,
    clientId: client_id ?? "",
    connections: Number(count),
  }));
}

function findingsAbout({ client, previousClients }: NonNullable<ConnectorConfig["oauth"]>, uses: readonly ClientUse[]): Finding[] {
  const previous = new Set(previousClients.map(({ clientId }) => clientId));
  // Users may type clients of their own, which have no id here.
  const others = uses.filter(({ clientId }) => clientId !== client.clientId && clientId !== "");
  const made = others.map(({ clientId, connections }): Finding => {
    const text = `${connections} ${connections === 1 ? "connection was" : "connections were"} made by the client ${clientId}`;
    if (previous.has(clientId)) return { level: "note", text: `${text}, one of previous_clients: keep it there` };
    const advice = "put that client into previous_clients, or their users have to reconnect";
    return { level: "warning", text: `${text}, and its client is ${client.clientId} now: ${advice}` };
  });
  const unused = [...previous].filter((id) => others.every(({ clientId }) => clientId !== id));
  return [
    ...made,
    ...unused.map((id): Finding => ({ level: "note", text: `no connection was made by the previous client ${id}: it can be removed` })),
  ];
}
