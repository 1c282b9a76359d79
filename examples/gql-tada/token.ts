/** Asks for a token with a document whose types come from the schema. */
import { cacheExchange, Client, fetchExchange } from "@urql/core";
import { initGraphQLTada } from "gql.tada";
import type { introspection } from "./graphql-env.d.ts";

const graphql = initGraphQLTada<{ introspection: introspection; scalars: { DateTime: string; ID: string } }>();

const loginDocument = graphql(`
  mutation Login($token: String!) {
    login(token: $token) {
      token
    }
  }
`);

const tokenDocument = graphql(`
  query Token($slug: ID!) {
    accessToken(where: { slug: $slug }) {
      __typename
      ... on AccessToken {
        value
        expiresAt
      }
      ... on NoAccessToken {
        message
      }
      ... on NotConnected {
        connectorUrl
      }
    }
  }
`);

const url = `${process.env["XKIT_URL"] ?? "http://localhost:4000"}/graphql`;
const headers: Record<string, string> = {};
const client = new Client({
  url,
  preferGetMethod: false,
  exchanges: [cacheExchange, fetchExchange],
  fetchOptions: () => ({ credentials: "include", headers }),
});

// What your server answers to your page: `npx xkit-gateway users token ada` prints one.
const login = await client.mutation(loginDocument, { token: process.env["XKIT_USER_TOKEN"] ?? "" });
if (login.error || !login.data) throw login.error ?? new Error("There is no answer.");
headers["authorization"] = `Bearer ${login.data.login.token}`;

const { data, error } = await client.query(tokenDocument, { slug: "demo" }, { requestPolicy: "network-only" });
if (error) throw error;
const outcome = data?.accessToken;
if (outcome?.__typename === "AccessToken") console.log(`A token until ${outcome.expiresAt}.`);
else if (outcome?.__typename === "NotConnected") console.log(`${outcome.message} ${outcome.connectorUrl}`);
else console.log(outcome?.message);
