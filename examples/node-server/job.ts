/**
 * A job, as cron would run it: walks a group's connections and calls a third party with each live token.
 *
 *   XKIT_PUBLISHABLE_KEY=… XKIT_SECRET_KEY=… npx tsx examples/node-server/job.ts <group id> <api url>
 *
 * A pair of keys: `npx xkit-gateway keys create`. The secret is for servers alone.
 */
import { gql } from "@urql/core";
// In your own app: "xkit-gateway/client".
import { createClient } from "../../client/index.ts";

interface GroupConnections {
  group: { connections: { id: string; connector: { slug: string } }[] } | null;
}

interface GroupToken {
  group: { accessToken: { __typename: string; value?: string; message?: string } } | null;
}

// Write yours beside your code and let codegen type them, as client/documents.ts does.
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

const tokenQuery = gql<GroupToken, { groupId: string; id: string }>`
  query GroupToken($groupId: ID!, $id: ID!) {
    group(id: $groupId) {
      accessToken(where: { id: $id }) {
        __typename
        ... on AccessToken {
          value
        }
        ... on ReconnectRequired {
          message
        }
        ... on TemporarilyUnavailable {
          message
        }
      }
    }
  }
`;

function required(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: npx xkit-gateway keys create`);
  return value;
}

const [groupId = "acme", apiUrl = "http://localhost:4001/me"] = process.argv.slice(2);
const client = createClient({
  url: process.env["XKIT_URL"] ?? "http://localhost:4000",
  apiKey: { publishable: required("XKIT_PUBLISHABLE_KEY"), secret: required("XKIT_SECRET_KEY") },
});

const { data, error } = await client.query(connectionsQuery, { groupId });
if (error) throw error;
if (!data?.group) console.log(`Nobody of group ${groupId} is known yet.`);
for (const { id, connector } of data?.group?.connections ?? []) {
  const answer = await client.query(tokenQuery, { groupId, id });
  if (answer.error) throw answer.error;
  const token = answer.data?.group?.accessToken;
  if (token?.value === undefined) {
    console.log(`${connector.slug} ${id}: ${token?.message ?? token?.__typename}`);
    continue;
  }
  const response = await fetch(apiUrl, { headers: { authorization: `Bearer ${token.value}` } });
  console.log(`${connector.slug} ${id}: ${response.status} ${await response.text()}`);
}
