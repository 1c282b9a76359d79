import { GRANT_MS } from "../../gateway/upstream-suite/harness.ts";
import type { AuthorizationServer } from "./authorization-server.ts";

/** The catalog beside `test`, which comes with `createTestConfig`, as a configuration file writes it. */
export const suiteCatalog = [
  {
    slug: "single",
    name: "Single",
    short_description: "One of it",
    description: "**Only** one",
    mark_url: "https://single.example/mark.svg",
    scopes: ["read"],
  },
  {
    slug: "key",
    name: "Key",
    collect: {
      instructions: "Look under *Settings*",
      save_label: "Go",
      fields: [
        { name: "subdomain", label: "Subdomain", hint: "As in your address.", suffix: ".key.example" },
        { name: "api_key", label: "API key", secret: true },
        { name: "region", label: "Region", optional: true, default: "eu", enum: ["eu", "us"] },
      ],
    },
  },
];

/** What `single` has beside that: where its API is, how long its grants live, and what can be asked for. */
export const singleApi = { base_url: "https://api.single.example/v1", header: "X-Single-Token" };
export const singleScopes = { allowed_scopes: ["write"] };

/** The same with the provider behind `single`, which gives a token of the kind `user` beside the one of the kind `main`. */
export const suiteConnectors = ({ providerFacts, client }: AuthorizationServer): Record<string, unknown>[] =>
  suiteCatalog.map((connector) =>
    "collect" in connector
      ? connector
      : {
          ...connector,
          ...singleScopes,
          scopes: { main: connector.scopes, user: ["me"] },
          provider: {
            ...providerFacts,
            metadata: { account_id: "userinfo:sub" },
            tokens: { main: { path: "access_token" }, user: { path: "user.access_token", scope_param: "user_scope" } },
            api: { base_url: singleApi.base_url, auth: `${singleApi.header}: {access_token}` },
            expiry: { refresh_default: GRANT_MS / 1000 },
          },
          client_id: client.clientId,
          client_secret: client.clientSecret,
        },
  );

/** A connector whose users enter a code at the provider. */
export const codeConnector = ({ providerFacts, url, client }: AuthorizationServer): Record<string, unknown> => ({
  slug: "code",
  name: "Code",
  provider: { ...providerFacts, kind: "device", device_authorization_endpoint: `${url}/device` },
  client_id: client.clientId,
  client_secret: client.clientSecret,
  scopes: ["read"],
});
