/** A job, as cron would run it: walks a group's connections and calls a third party with each one's live token. */
import { gql } from "@urql/core";
// In your own app: "xkit-gateway/client".
import { createClient } from "../../client/index.ts";

export interface Job {
  gatewayUrl: string;
  /** The secret is for servers alone: the gateway refuses it in a page. */
  apiKey: { publishable: string; secret: string };
  groupId: string;
}

interface GroupConnections {
  group: { connections: { id: string; connector: { slug: string } }[] } | null;
}

/** Where the third party's API is for this account, and the header that carries the token; null where that is not known. */
interface ApiAccess {
  apiBaseUrl: string | null;
  authorizationHeader: { name: string; value: string } | null;
}

interface GroupToken {
  group: { accessToken: ApiAccess | { message: string } } | null;
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
        ... on AccessToken {
          apiBaseUrl
          authorizationHeader {
            name
            value
          }
        }
        ... on NoAccessToken {
          message
        }
      }
    }
  }
`;

/** Asks the third party who this is. */
async function callApi({ apiBaseUrl, authorizationHeader }: ApiAccess): Promise<string> {
  if (apiBaseUrl === null || authorizationHeader === null) return "where its API is, or how it takes the token, is not known.";
  const { name, value } = authorizationHeader;
  // A redirect to another host would take the header along, unless it is `Authorization`.
  const response = await fetch(`${apiBaseUrl}/me`, { headers: { [name]: value }, redirect: "error" });
  return `${response.status} ${await response.text()}`;
}

/** Answers how many connections the group has. Throws an XkitError when the gateway does not answer. */
export async function walkGroup({ gatewayUrl, apiKey, groupId }: Job): Promise<number> {
  const client = createClient({ url: gatewayUrl, apiKey });
  const { data, error } = await client.query(connectionsQuery, { groupId });
  if (error) throw error;
  const connections = data?.group?.connections ?? [];
  for (const { id, connector } of connections) {
    const answer = await client.query(tokenQuery, { groupId, id });
    if (answer.error) throw answer.error;
    const outcome = answer.data?.group?.accessToken;
    if (!outcome) continue;
    console.log(`${connector.slug}: ${"message" in outcome ? outcome.message : await callApi(outcome)}`);
  }
  return connections.length;
}
