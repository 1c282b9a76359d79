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
        { name: "subdomain", label: "Subdomain", suffix: ".key.example" },
        { name: "api_key", label: "API key", secret: true },
      ],
    },
  },
];

/** The same with the provider behind `single`. */
export const suiteConnectors = ({ providerFacts, client }: AuthorizationServer): Record<string, unknown>[] =>
  suiteCatalog.map((connector) =>
    "collect" in connector
      ? connector
      : {
          ...connector,
          provider: { ...providerFacts, metadata: { account_id: "userinfo:sub" } },
          client_id: client.clientId,
          client_secret: client.clientSecret,
        },
  );
