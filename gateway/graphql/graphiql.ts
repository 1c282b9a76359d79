import type { GraphiQLOptions } from "graphql-yoga";

const GRAPHIQL_QUERY = `# A live access token for the signed-in user, or the exact reason why there is none.
#
# Who is asking? In development, open the sign-in link that the server printed at its start:
# this page then asks as the user who signed in. Anywhere else put a session token under
# "Headers":  { "Authorization": "Bearer …" }   and get one on the command line:
# npx xkit-gateway users token <user id>

query Token {
  viewer {
    id
  }
  accessToken(where: { slug: "SLUG" }) {
    ... on AccessToken {
      value
      expiresAt
      fingerprint
    }
    ... on NotConnected {
      message
      connectorUrl
    }
    ... on ReconnectRequired {
      message
      reason
      connectorUrl
    }
    ... on TokenWithheld {
      message
    }
    ... on TemporarilyUnavailable {
      message
      retryAfter
    }
    ... on ConnectorMisconfigured {
      message
    }
  }
}
`;

/** What GraphiQL opens with: an example that asks for `exampleSlug`, as the user of `bearer` where there is one. */
export const graphiqlOptions = (exampleSlug: string, bearer: string | null): GraphiQLOptions => ({
  title: "Xkit Gateway",
  defaultQuery: GRAPHIQL_QUERY.replace("SLUG", exampleSlug),
  ...(bearer && { additionalHeaders: { Authorization: `Bearer ${bearer}` } }),
});
