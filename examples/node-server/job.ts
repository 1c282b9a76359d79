/** A job, as cron would run it: walks a group's connections and calls a third party with each one's live token. */
import { gql } from "@urql/core";
// In your own app: "xkit-gateway/client".
import { createClient } from "../../client/index.ts";

export interface Job {
  gatewayUrl: string;
  /** The third party's API. */
  apiUrl: string;
  /** The secret is for servers alone: the gateway refuses it in a page. */
  apiKey: { publishable: string; secret: string };
  groupId: string;
}

interface GroupConnections {
  group: { connections: { id: string; connector: { slug: string } }[] } | null;
}

interface GroupToken {
  group: { accessToken: { __typename: "AccessToken"; value: string } | { __typename: string; message: string } } | null;
}

// Write yours beside your code and let codegen type them, as codegen.ts does for client/api/documents/.
const connectionsQuery = gql<GroupConnections, { groupId: string }>`
  query GroupConnections($groupId: ID!) {
    group(id: $groupId) {
      connections {
        id
        connector {
          slug
        }
      }
    }
  }
`;

// Each token is asked for when it is used: one that was asked for long before may have expired.
const tokenQuery = gql<GroupToken, { groupId: string; id: string }>`
  query GroupToken($groupId: ID!, $id: ID!) {
    group(id: $groupId) {
      accessToken(where: { id: $id }) {
        __typename
        ... on AccessToken {
          value
        }
        ... on NotConnected {
          message
        }
        ... on ReconnectRequired {
          message
        }
        ... on TemporarilyUnavailable {
          message
        }
        ... on ConnectorMisconfigured {
          message
        }
      }
    }
  }
`;

/** Answers how many connections the group has. Throws an XkitError when the gateway does not answer. */
export async function walkGroup({ gatewayUrl, apiUrl, apiKey, groupId }: Job): Promise<number> {
  const client = createClient({ url: gatewayUrl, apiKey });
  const { data, error } = await client.query(connectionsQuery, { groupId });
  if (error) throw error;
  const connections = data?.group?.connections ?? [];
  for (const { id, connector } of connections) {
    const answer = await client.query(tokenQuery, { groupId, id });
    if (answer.error) throw answer.error;
    const outcome = answer.data?.group?.accessToken;
    if (!outcome) continue;
    if (!("value" in outcome)) {
      console.log(`${connector.slug}: ${outcome.message}`);
      continue;
    }
    const response = await fetch(apiUrl, { headers: { authorization: `Bearer ${outcome.value}` } });
    console.log(`${connector.slug}: ${response.status} ${await response.text()}`);
  }
  return connections.length;
}
