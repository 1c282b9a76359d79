import type { Connector } from "../../../schema/upstream.ts";

/** A provider of better-auth's that is offered as a connector. */
export interface BetterAuthConnector extends Partial<Omit<Connector, "slug" | "connectorUrl">> {
  /** The provider's id at better-auth. */
  slug: string;
  /** What the app asks for when it links, so that it is told which of it was not granted. Default: nothing is told. */
  scopes?: readonly string[];
}

export interface BetterAuthUpstreamOptions {
  /**
   * The app's own page where its users link accounts. It is opened with the query parameters `connector`, `returnTo`, `connection` where one
   * is to be connected again, and `group` where it is a group's.
   */
  connectPage: string;
  /** What is offered, in the order of the catalog. Default: every provider that is configured at better-auth. */
  connectors?: readonly BetterAuthConnector[];
  /** The user of better-auth's whose accounts are a group's connections; null where it has none. Default: groups have no connections. */
  groupAccount?: (groupId: string) => string | null | Promise<string | null>;
  /** Ends a grant at its provider when a user disconnects. better-auth itself revokes nothing. */
  revoke?: (grant: { connector: string; refreshToken: string | null; accessToken: string | null }) => Promise<void>;
}
