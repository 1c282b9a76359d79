/** A job, as cron would run it: walks a group's connections and calls a third party with each one's live token. */
// In your own app: "@xkit-gateway/client/server".
import {
  createServer,
  NoAccessTokenError,
  NotFoundError,
  type OwnedConnection,
  type Owner,
  type ServerOptions,
} from "../../client/server/index.ts";

export interface Job {
  gatewayUrl: string;
  /** Of the gateway: `xkit-gateway keys create` makes one. */
  apiKey: ServerOptions["apiKey"];
  groupId: string;
}

/** Empty for a group that has no user yet. Throws an XkitError when the gateway does not answer. */
async function listConnections(group: Owner): Promise<OwnedConnection[]> {
  try {
    return (await group.connections()).filter(({ enabled }) => enabled);
  } catch (error) {
    if (error instanceof NotFoundError) return [];
    throw error;
  }
}

/** Asks the third party who this is. Its token is fetched when it is used: one that was fetched long before may have expired. */
async function callApi(group: Owner, { id }: OwnedConnection): Promise<string> {
  try {
    const response = await group.fetch({ id }, "/me");
    return `${response.status} ${await response.text()}`;
  } catch (error) {
    // There is no token: the outcome says why, and where the user can mend it.
    if (error instanceof NoAccessTokenError) return error.message;
    throw error;
  }
}

/** Answers how many connections the group has. Throws an XkitError when the gateway does not answer. */
export async function walkGroup({ gatewayUrl, apiKey, groupId }: Job): Promise<number> {
  const group = createServer({ url: gatewayUrl, apiKey }).group(groupId);
  const connections = await listConnections(group);
  for (const connection of connections) console.log(`${connection.connector.slug}: ${await callApi(group, connection)}`);
  return connections.length;
}
