import type {
  AccessTokenQuery,
  AuthorizationPartsFragment,
  CatalogListQuery,
  ConnectionPartsFragment,
  ConnectMutation,
  ConnectorPartsFragment,
  ListedConnectorPartsFragment,
  PlatformQuery,
  StartedAuthorizationPartsFragment,
  ViewerPartsFragment,
} from "../generated/graphql.ts";

/** The app that runs the gateway. */
export type Platform = PlatformQuery["platform"];
/** The signed-in platform user. */
export type Viewer = ViewerPartsFragment;
/** A provider in the platform's catalog. */
export type Connector = ConnectorPartsFragment;
/** A connector with the viewer's connections of it, the healthiest first; none when no user is signed in. */
export type ListedConnector = ListedConnectorPartsFragment;
/** The same as the catalog's list shows it. */
export type CatalogEntry = CatalogListQuery["connectors"][number];
/** A scope that a connector asks for, in the provider's words. */
export type Permission = ListedConnector["permissions"][number];
/** An owner's link to a connector. Holds no token. */
export type Connection = ConnectionPartsFragment;
/** The grant behind a connection. Holds no token. */
export type Authorization = AuthorizationPartsFragment;
/** With the connection that it is of, which can be another one than was reconnected; null where an upstream does not tell. */
export type EndedAuthorization = Authorization & { connectionId?: string | null };
/** What is wrong with a connection, in an end user's words. */
export type Problem = NonNullable<Authorization["problem"]>;
/** A grant on its way: with where to send the browser, and what to ask of the user first. */
export type StartedAuthorization = StartedAuthorizationPartsFragment;
/** A connection with the grant that was started for it; what it had before keeps working until that succeeds. */
export type StartedConnection = ConnectMutation["connect"];
/** The form that a user fills in before, or instead of, a visit to the provider. */
export type CollectForm = NonNullable<StartedAuthorization["collect"]>;
/** A code that the user enters at the provider, in any browser. */
export type DeviceCode = NonNullable<StartedAuthorization["deviceCode"]>;
/** What getConnectionOrConnector answers where nothing was ever connected. */
export interface ConnectionShell {
  connector: Connector;
}
/** A live token or the exact reason why there is none, told apart by `__typename`. */
export type AccessTokenResult = AccessTokenQuery["accessToken"];
export type AccessToken = Extract<AccessTokenResult, { __typename: "AccessToken" }>;
/** Every outcome but a token. */
export type NoAccessToken = Exclude<AccessTokenResult, AccessToken>;
/** Gives a user token: of the gateway (provisionUser) or of a configured issuer. */
export type TokenCallback = () => string | Promise<string>;

/** Whether there is a token. What is left otherwise says why not: see `__typename`. */
export const isAccessToken = (result: AccessTokenResult): result is AccessToken => "value" in result;
