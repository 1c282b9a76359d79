import type { Catalog, Connection, PlatformAccess, TokenRequest, Viewer, ViewerConnections } from "../../schema/upstream.ts";
import type { AuthorizationServer } from "../support/authorization-server.ts";
import type { ManualClock } from "../support/clock.ts";

/** A signed-in user before the adapter, in a browser of their own. */
export interface SuiteUser {
  viewer: Viewer;
  connections: ViewerConnections;
  /** Goes where an authorization sends the browser, through the provider, and back. */
  visit(authorizeUrl: string | null): Promise<void>;
}

/** An adapter with everything behind it. */
export interface UpstreamHarness {
  catalog: Catalog;
  platform: PlatformAccess;
  /** Behind the connectors `test` and `single`. Absent where the harness lacks `scriptedProvider`. */
  provider?: AuthorizationServer;
  /** Absent where the harness lacks `movedClock`. */
  clock?: ManualClock;
  /** Makes a user known, and signs them in at this moment of the clock. Left undefined, the group stays as it is. */
  signIn(id: string, groupId?: string | null): Promise<SuiteUser>;
  close(): Promise<void>;
}

/** What a suite needs of the harness, and of the world. */
export interface Suite {
  harness: () => UpstreamHarness;
  /** For behaviours that need `scriptedProvider`. */
  provider: () => AuthorizationServer;
  /** For behaviours that need `movedClock`. */
  clock: () => ManualClock;
  /** An id that no other test uses. */
  unique: (prefix: string) => string;
  /** A new user without connections. */
  newUser: (groupId?: string | null) => Promise<SuiteUser>;
  /** The same user, signed in at this moment: bearers expire as time moves on. */
  again: (user: SuiteUser) => Promise<SuiteUser>;
  /** Connects and answers the connection. */
  connect: (user: SuiteUser, slug?: string, id?: string) => Promise<Connection>;
}

export const HOUR_MS = 3_600_000;
export const anyToken: TokenRequest = { minimumTtl: null, rejected: null, verify: null };
/** Starts a connection of the connector, or reconnects the one that exists. */
export const newConnection = { id: null, returnTo: null };
/** Starts a further connection of the connector. */
export const another = () => ({ id: crypto.randomUUID(), returnTo: null });
export const TEST = { slug: "test" };
export const STRANGER = "00000000-0000-4000-8000-000000000000";

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
      : { ...connector, provider: providerFacts, client_id: client.clientId, client_secret: client.clientSecret },
  );
