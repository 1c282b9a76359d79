/**
 * Every behaviour of the port, stated once and run over every adapter. `vault.test.ts` runs it over the vault on each database,
 * `xkit.test.ts` over the `xkit` adapter in front of a second gateway on a real socket.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Catalog, Connection, PlatformAccess, TokenRequest, Viewer, ViewerConnections } from "../../schema/upstream.ts";
import type { AuthorizationServer } from "../support/authorization-server.ts";
import type { ManualClock } from "../support/clock.ts";
import { describeConnecting } from "./connecting.ts";
import { describeGroups } from "./groups.ts";
import { describeTokens } from "./tokens.ts";
import { describeWatching } from "./watching.ts";

/** A signed-in user before the adapter, in a browser of their own. */
export interface SuiteUser {
  viewer: Viewer;
  connections: ViewerConnections;
  /** Goes where an authorization sends the browser, through the provider, and back. */
  visit(authorizeUrl: string | null): Promise<void>;
}

/** An adapter with everything behind it, over a provider and a clock that tests command. */
export interface UpstreamHarness {
  catalog: Catalog;
  platform: PlatformAccess;
  /** Behind the connectors `test` and `single`. */
  provider: AuthorizationServer;
  clock: ManualClock;
  /** Makes a user known, and signs them in at this moment of the clock. Left undefined, the group stays as it is. */
  signIn(id: string, groupId?: string | null): Promise<SuiteUser>;
  close(): Promise<void>;
}

/** What a suite needs of the harness, and of the world. */
export interface Suite {
  harness: () => UpstreamHarness;
  /** An id that no other test uses. */
  unique: (prefix: string) => string;
  /** A new user without connections. */
  newUser: (groupId?: string | null) => Promise<SuiteUser>;
  /** The same user, signed in at this moment: bearers expire as time moves on. */
  again: (user: SuiteUser) => Promise<SuiteUser>;
  /** Connects and answers the connection. */
  connect: (user: SuiteUser, slug?: string, id?: string) => Promise<Connection>;
}

export interface SuiteOptions {
  /** Why an adapter is excused from a behaviour, by the test's title. */
  skips?: Readonly<Record<string, string>>;
}

export const HOUR_MS = 3_600_000;
export const anyToken: TokenRequest = { minimumTtl: null, rejected: null };
export const TEST = { slug: "test" };
export const STRANGER = "00000000-0000-4000-8000-000000000000";

/** The connectors of the configuration file beside `test`, which comes with `createTestConfig`. */
export const suiteConnectors = (provider: AuthorizationServer): Record<string, unknown>[] => [
  {
    slug: "single",
    name: "Single",
    short_description: "One of it",
    description: "**Only** one",
    mark_url: "https://single.example/mark.svg",
    provider: provider.providerFacts,
    client_id: provider.client.clientId,
    client_secret: provider.client.clientSecret,
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

/** States every behaviour of the port over one adapter. */
export function describeUpstream(name: string, createHarness: () => Promise<UpstreamHarness>, { skips = {} }: SuiteOptions = {}): void {
  // The title is the adapter's, the tests are everybody's.
  // oxlint-disable-next-line vitest/valid-title
  describe(name, () => {
    let harness: UpstreamHarness | undefined;
    let count = 0;
    beforeAll(async () => {
      harness = await createHarness();
    });
    afterAll(() => harness?.close());

    const present = (): UpstreamHarness => {
      if (!harness) throw new TypeError("The harness is there once the tests run.");
      return harness;
    };
    const unique = (prefix: string) => `${prefix}-${(count += 1)}`;
    const suite: Suite = {
      harness: present,
      unique,
      newUser: (groupId) => present().signIn(unique("user"), groupId),
      again: ({ viewer }) => present().signIn(viewer.userId),
      async connect(user, slug = "test", id) {
        const started = await user.connections.start(slug, { id: id ?? null, returnTo: null });
        await user.visit(started.authorization?.authorizeUrl ?? null);
        const connection = await user.connections.find({ id: started.id });
        if (!connection) throw new TypeError("What was started can be found.");
        return connection;
      },
    };
    const behaves = createIt(skips);
    describeCatalog(suite, behaves);
    describeConnecting(suite, behaves);
    describeTokens(suite, behaves);
    describeGroups(suite, behaves);
    describeWatching(suite, behaves);
  });
}

/** States a behaviour, or why this adapter is excused from it. */
export type Behaves = (title: string, check: () => Promise<void>) => void;

const createIt =
  (skips: Readonly<Record<string, string>>): Behaves =>
  (title, check) =>
    // Title and assertions are the caller's.
    // oxlint-disable-next-line vitest/valid-title, vitest/expect-expect
    it(title, async (context) => {
      const reason = skips[title];
      if (reason !== undefined) context.skip(reason);
      await check();
    });

function describeCatalog({ harness }: Suite, behaves: Behaves): void {
  describe("the catalog", () => {
    behaves("names the platform", async () => {
      expect(await harness().catalog.getPlatform()).toMatchObject({
        name: "Acme",
        slug: "platform",
        website: "https://acme.example",
        loginRedirectUrl: "https://acme.example/login",
      });
    });

    behaves("lists the connectors in the order of the configuration", async () => {
      const connectors = await harness().catalog.listConnectors();
      expect(connectors.map(({ slug }) => slug)).toEqual(["test", "single", "key"]);
    });

    behaves("answers one connector with everything the catalog shows, and its page", async () => {
      const connector = await harness().catalog.findConnector("single");
      expect(connector).toEqual({
        slug: "single",
        name: "Single",
        shortDescription: "One of it",
        description: "**Only** one",
        markUrl: "https://single.example/mark.svg",
        supportsMultipleConnections: false,
        connectorUrl: expect.stringMatching(/^https?:\/\/[^/]+\/connectors\/single$/),
      });
    });

    behaves("answers null for a connector that it does not have", async () => {
      expect(await harness().catalog.findConnector("nothing")).toBeNull();
    });
  });
}
