import type { OAuthClient } from "../oauth/provider.ts";
import type { Log } from "../runtime/log.ts";
import type { ConnectorConfig } from "../providers/connector.ts";
import type { AuthorizationRow } from "../store/tables.ts";

/** A grant, and the clients that its connector has. */
interface ClientGrant {
  authorization: Pick<AuthorizationRow, "client_id">;
  connector: Pick<ConnectorConfig, "oauth">;
}

/** The id of the client that made a grant. Where that is not stored, it counts as the current one. Null: the connector has no client. */
export const clientIdOf = ({ authorization, connector: { oauth } }: ClientGrant): string | null =>
  authorization.client_id ?? oauth?.client.clientId ?? null;

/** The client that made a grant, which alone can refresh and revoke it; null where the configuration no longer has it. */
export function grantClientOf(grant: ClientGrant): OAuthClient | null {
  const { oauth } = grant.connector;
  const made = clientIdOf(grant);
  return (oauth ? [oauth.client, ...oauth.previousClients] : []).find(({ clientId }) => clientId === made) ?? null;
}

/** Tells the log, once per connector, of a grant whose client is gone. */
export function createMissingClientLog(log: Pick<Log, "warn">) {
  const noted = new Set<string>();
  return function noteMissingClient(grant: ClientGrant & { connector: ConnectorConfig }): void {
    const { slug, oauth } = grant.connector;
    if (noted.has(slug)) return;
    noted.add(slug);
    const facts = { connector: slug, made: clientIdOf(grant), current: oauth?.client.clientId ?? null };
    log.warn(facts, "a grant was given to another client id: add that client to previous_clients, or its users have to reconnect");
  };
}
