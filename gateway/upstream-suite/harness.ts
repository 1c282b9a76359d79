import type { Authorization, Catalog, Connection, PlatformAccess, TokenRequest, Viewer, ViewerConnections } from "../../schema/upstream.ts";

/**
 * A provider that does what a test says. It grants what is asked for to the account `user-1@example.test`. Its access tokens live for an
 * hour of the suite's clock, and each refresh replaces the refresh token.
 */
export interface ScriptedProvider {
  controls: {
    /** What the provider grants in place of the scopes that are asked for; null for those. */
    grantedScopes: readonly string[] | null;
    /** The next user at the provider declines. */
    denyNext(): void;
    /** What the next request for tokens runs into: an answer, or tokens without a refresh token. */
    next(answer: ScriptedAnswer | "omit-refresh-token"): void;
    /** What every request for tokens runs into, until it is set to null. */
    always(answer: ScriptedAnswer | null): void;
    /** From now on no grant is honoured. */
    revokeGrants(): void;
  };
  /** Tokens that were revoked there, oldest first. */
  readonly revocations: readonly string[];
  liveAccessTokens(): readonly string[];
  /** How often tokens were refreshed there. */
  refreshCount(): number;
}

/** An answer of a token endpoint. An object as body is sent as JSON. */
export interface ScriptedAnswer {
  status: number;
  headers?: Record<string, string>;
  body?: object;
}

/** A clock that stands still until it is moved. */
export interface MovedClock {
  /** Milliseconds since the epoch. */
  now(): number;
  advance(milliseconds: number): void;
}

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
  provider?: ScriptedProvider;
  /** Absent where the harness lacks `movedClock`. */
  clock?: MovedClock;
  /** The user to whom the last code of the connector `code` was told enters it at the provider, and agrees. Absent where the harness lacks `deviceCodes`. */
  enterCode?: (() => void | Promise<void>) | undefined;
  /** Makes a user known, and signs them in at this moment of the clock. Left undefined, the group stays as it is. */
  signIn(id: string, groupId?: string | null): Promise<SuiteUser>;
  close(): Promise<void>;
}

/** What a suite needs of the harness, and of the world. */
export interface Suite {
  harness: () => UpstreamHarness;
  /** For behaviours that need `scriptedProvider`. */
  provider: () => ScriptedProvider;
  /** For behaviours that need `movedClock`. */
  clock: () => MovedClock;
  /** For behaviours that need `deviceCodes`. */
  enterCode: () => void | Promise<void>;
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
/** How long a grant of `single` lives, unless it is refreshed before. */
export const GRANT_MS = 30 * 24 * HOUR_MS;
export const anyToken: TokenRequest = { minimumTtl: null, rejected: null, verify: null };
/** Starts a connection of the connector, or reconnects the one that exists. */
export const newConnection = { id: null, returnTo: null };
/** Starts a further connection of the connector. */
export const another = () => ({ id: crypto.randomUUID(), returnTo: null });
export const TEST = { slug: "test" };
/** What the connector `key` asks of the user. */
export const collect: NonNullable<Authorization["collect"]> = {
  instructions: "Look under *Settings*",
  saveLabel: "Go",
  fields: [
    {
      name: "subdomain",
      label: "Subdomain",
      hint: "As in your address.",
      suffix: ".key.example",
      secret: false,
      optional: false,
      default: null,
      options: null,
    },
    { name: "api_key", label: "API key", hint: null, suffix: null, secret: true, optional: false, default: null, options: null },
    { name: "region", label: "Region", hint: null, suffix: null, secret: false, optional: true, default: "eu", options: ["eu", "us"] },
  ],
};
export const STRANGER = "00000000-0000-4000-8000-000000000000";
