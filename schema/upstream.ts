/**
 * The port: what the gateway asks of an upstream, which holds the tokens.
 *
 * Adapters (`gateway/upstream/`) implement it; resolvers and REST handlers are its only users. Shapes are plain, instants are
 * `Date`s, absent is `null`. Nothing here knows how an adapter does its work, and no shape but `AccessToken` holds a token.
 */
import type { MarkdownTree } from "../client/markdown/tree.ts";
import type { ConnectorCategory } from "./connector-category.ts";
import type { AuditFilter, AuditRecord } from "./audit-record.ts";
import type { GatewayEvent, HistoryEntry } from "./events.ts";
import type { Problem } from "./problems.ts";
import type { PromiseOrValue } from "./promise-or-value.ts";

/** The app that runs this gateway. */
export interface Platform {
  name: string;
  slug: string;
  website: string | null;
  loginRedirectUrl: string | null;
  /** The catalog's accent colour, as `#rrggbb`. */
  color: string | null;
  logoUrl: string | null;
  /** The platform's privacy page. Left out or null: none. */
  privacyUrl?: string | null | undefined;
  /** The logo on dark pages; left out, or null, where it is the same. */
  logoDarkUrl?: string | null;
}

/** A value that a connector asks of the user before or instead of OAuth. */
export interface CollectField {
  name: string;
  label: string;
  /** What to enter, and where to find it. Left out or null: the label says it all. */
  hint?: string | null | undefined;
  /** Text after the field, such as `.zendesk.com`. */
  suffix: string | null;
  /** Typed hidden, never shown again. */
  secret: boolean;
  /** Whether the field may be empty. Left out: no. */
  optional?: boolean | undefined;
  /** What it is filled in with at first, and what it means where it may stay empty and does. Left out or null: nothing. */
  default?: string | null | undefined;
  /** What can be chosen. Left out or null: any text. */
  options?: readonly string[] | null | undefined;
}

/** A scope that a connector asks for, or may ask for later. */
export interface Permission {
  scope: string;
  /** What it allows, in a few words of English. Null where the provider's facts have none. */
  text: string | null;
  /** Whether connecting asks for it; false where a page of the platform may ask for it later. */
  isRequired: boolean;
}

/** A provider in the platform's catalog. */
export interface Connector {
  slug: string;
  name: string;
  shortDescription: string | null;
  /** In Markdown. */
  description: string | null;
  /** The description, parsed. Left out or null: it is parsed when it is first shown. */
  descriptionTree?: PromiseOrValue<MarkdownTree> | null | undefined;
  markUrl: string | null;
  supportsMultipleConnections: boolean;
  /** The page where the user connects, repairs or disconnects it. */
  connectorUrl: string;
  /** What it is for. Left out: unknown. */
  categories?: readonly ConnectorCategory[] | undefined;
  /** Other names that people search for, in lower case. Left out: nothing else. */
  searchTerms?: readonly string[] | undefined;
  /** What it asks for at the provider. Left out: unknown. */
  permissions?: readonly Permission[] | undefined;
}

/** Who a connection belongs to: a user, or a group of users, by the platform's own id. */
export interface Owner {
  kind: "user" | "group";
  id: string;
}

/** The signed-in platform user of a request. */
export interface Viewer {
  userId: string;
  groupId: string | null;
  name: string | null;
}

/** Whose connections a user sees: a member the group's, other users their own. */
export const ownerOfViewer = ({ userId, groupId }: Pick<Viewer, "userId" | "groupId">): Owner =>
  groupId === null ? { kind: "user", id: userId } : { kind: "group", id: groupId };

export type AuthorizationStatus = "awaiting_callback" | "retrieving_tokens" | "active" | "error";

/**
 * What the last refresh or check of a grant has shown: it works, the provider does not answer as it should, the connector is set up wrong,
 * or only the user can mend it.
 */
export type Health = "working" | "unavailable" | "misconfigured" | "reconnect_required";

/** A code that the user enters at the provider (RFC 8628). */
export interface DeviceCode {
  userCode: string;
  /** Where it is entered: an https address. */
  verificationUri: string;
  /** The same with the code in it; null where the provider has none. */
  verificationUriComplete: string | null;
  expiresAt: Date;
}

/** The form that a user fills in before, or instead of, a visit to the provider. */
export interface CollectForm {
  /** In Markdown. */
  instructions: string | null;
  /** The instructions, parsed. Left out or null: they are parsed when they are first shown. */
  instructionsTree?: PromiseOrValue<MarkdownTree> | null | undefined;
  saveLabel: string;
  fields: CollectField[];
}

/** The grant behind a connection. */
export interface Authorization {
  id: string;
  /** Null if an upstream does not say. */
  connectionId: string | null;
  status: AuthorizationStatus;
  displayLabel: string | null;
  errorCode: string | null;
  /** In the reader's words: to users those of `problem`, to servers with what the provider said. */
  errorMessage: string | null;
  /** Null before it was connected, and where an upstream does not tell. */
  health: Health | null;
  /** Why it does not work, as a code. */
  healthCode: string | null;
  /** Since when `health` has this value; null if unknown. */
  healthChangedAt: Date | null;
  /** What is wrong, in an end user's words; null where nothing is. */
  problem: Problem | null;
  /** When it was last connected or reconnected; null before that, and if unknown. */
  connectedAt: Date | null;
  /** The user who connected it; null before that, and when unknown. */
  connectedBy: { id: string; name: string | null } | null;
  scopes: string[];
  missingScopes: string[];
  expiresAt: Date | null;
  /** When the grant itself ends, so that only the user can renew it, unless it is refreshed before. Null or left out: unknown. */
  grantExpiresAt?: Date | null | undefined;
  /** While `awaiting_callback`, for the user who started it: where to send the browser. */
  authorizeUrl: string | null;
  /** While `awaiting_callback`, for the user who started it: what `submit` needs where fields are to be collected. */
  state: string | null;
  collect: CollectForm | null;
  /** While `awaiting_callback`, for the user who started it: what to enter at the provider. Null or left out: nothing. */
  deviceCode?: DeviceCode | null | undefined;
}

/** A value that the provider told of a connection, which calls of its API need: `realmId`, `instance_url`. */
export interface MetadataEntry {
  name: string;
  value: string;
}

/** An owner's link to a connector. */
export interface Connection {
  id: string;
  owner: Owner;
  /** Whether it gives tokens. False before it was connected, once it was disconnected, and while it is disabled. */
  enabled: boolean;
  /** When a server disabled it, so that its user cannot connect it again. Null or left out: it is not. */
  disabledAt?: Date | null | undefined;
  connector: Connector;
  authorization: Authorization | null;
  /** Never a secret. Left out: none. */
  metadata?: readonly MetadataEntry[] | undefined;
  /** When connecting was first started; null if unknown. */
  createdAt: Date | null;
  /** When it last changed; null if unknown. */
  updatedAt: Date | null;
}

/** Names one connection: by id, or the healthiest of a connector (enabled, then active, then newest). */
export type ConnectionWhere = { slug: string; id?: never } | { id: string; slug?: never };

export interface TokenRequest {
  /** Minimum remaining lifetime of the token, in seconds. Default: 60, but at most a tenth of the token's whole lifetime. */
  minimumTtl: number | null;
  /** Fingerprint of the token that the third party refused. */
  rejected: string | null;
  /** Whether the provider is asked first if the token still works. Null: when the session asks again for a token that it was given. */
  verify: boolean | null;
  /** Scopes that the token must have. Left out: those that were granted. An upstream that knows none of a token ignores them. */
  scopes?: readonly string[] | undefined;
  /** The kind of token, if one connection has several. Left out: the connector's default. What has no such kind gives no token. */
  kind?: string | undefined;
  /** Why it is asked for, for the audit. Left out: not said. No adapter needs it. */
  purpose?: string | undefined;
}

/** How connecting is started. */
export interface StartOptions {
  id: string | null;
  returnTo: string | null;
  /** What to ask for beside what is granted already, within what the operator allows. Left out: the connector's scopes. */
  scopes?: readonly string[] | undefined;
  /** The kind of token that `scopes` are for, if one connection has several. Left out: the connector's default. */
  kind?: string | undefined;
  /** Who is expected to sign in at the provider, as its `login_hint` (OpenID Connect Core section 3.1.2.1). It may be ignored. */
  loginHint?: string | undefined;
}

export interface AccessToken {
  value: string;
  tokenType: string;
  /** Its kind, where one connection has several. Left out or null: there is one, without a name. */
  kind?: string | null | undefined;
  expiresAt: Date | null;
  scopes: string[];
  missingScopes: string[];
  /** base64url of the first 16 bytes of the value's SHA-256. */
  fingerprint: string;
  /** What the user typed for a connector without OAuth, its API key included; null with OAuth. For servers. */
  fields: Record<string, string> | null;
  /** Where the provider's API is for this account, without a slash at the end. Left out or null: not known. */
  apiBaseUrl?: string | null | undefined;
  /** How the token is sent to it. Left out: as the token's type says. */
  authorizationHeader?: { name: string; value: string } | null | undefined;
  connection: Connection;
}

export type ReconnectReason = "REVOKED" | "RESTORED_BACKUP" | "EXPIRED" | "TOKEN_REJECTED" | "CLIENT_CHANGED";

/** Every expected answer to "a token, please". `message` is one sentence for the reader. */
export type AccessTokenOutcome =
  | ({ type: "AccessToken" } & AccessToken)
  | { type: "NotConnected"; message: string; connectorUrl: string }
  | { type: "ReconnectRequired"; message: string; reason: ReconnectReason; connectorUrl: string; connection: Connection }
  | { type: "ScopesMissing"; message: string; missingScopes: string[]; connectorUrl: string }
  | { type: "TokenWithheld"; message: string }
  | { type: "TemporarilyUnavailable"; message: string; retryAfter: number }
  | { type: "MinimumTtlUnavailable"; message: string; maximumTtl: number }
  | { type: "ConnectorMisconfigured"; message: string };

/** The connections of one owner. The holder of this object may ask about that owner alone. */
export interface OwnerConnections {
  /** The connection, or null when it never existed for this owner. */
  find(where: ConnectionWhere): Promise<Connection | null>;
  /** All connections, the healthiest of each connector first. */
  list(slug: string | null): Promise<Connection[]>;
  /** What happened to a connection; null for one that is not the owner's. Left out: the upstream keeps no history. */
  history?: ((connectionId: string, page: PageRequest) => Promise<Page<HistoryEntry> | null>) | undefined;
  /** A live token or the exact reason why not. Throws NOT_FOUND for a connector that the catalog does not have. */
  accessToken(where: ConnectionWhere, request: TokenRequest): PromiseOrValue<AccessTokenOutcome>;
  /** When a token of one of them was last given, to an hour; null when unknown. The gateway knows it of every upstream: no adapter does. */
  lastUsedAt?(connectionId: string): Promise<Date | null>;
}

/** What the signed-in user may do with the connections that are theirs to see. */
export interface ViewerConnections extends OwnerConnections {
  /**
   * Begins connecting, or reconnecting where a connection exists; the answer's authorization says where to send the browser.
   * An existing working connection keeps working until the new grant succeeds. Of a connector that supports one connection, every `id`
   * names the one that exists. Throws NOT_FOUND, BAD_USER_INPUT for an id that is taken or a scope that is not allowed, FORBIDDEN where the
   * connection is disabled, and RATE_LIMITED.
   */
  start(slug: string, options: StartOptions): Promise<Connection>;
  /** Hands in collected fields. Throws NOT_FOUND for an unknown, used or expired state. */
  submit(state: string, fields: { name: string; value: string }[]): Promise<Authorization>;
  /** Disables the connection here and revokes its grant at the provider; answers it as it was. Throws NOT_FOUND. */
  disconnect(where: ConnectionWhere): Promise<Connection>;
  /** An authorization of one of these connections, unfinished ones included, or null. */
  findAuthorization(id: string): Promise<Authorization | null>;
  /** Yields a connection each time it changes, until the reader stops. Every change after it has resolved is told. */
  watch(slug: string | null): Promise<AsyncIterable<Connection>>;
  /** Yields an authorization now and each time it changes, until it is `active` or `error`. Throws NOT_FOUND. */
  watchAuthorization(id: string): Promise<AsyncIterable<Authorization>>;
}

export interface KnownUser {
  id: string;
  name: string | null;
  groupId: string | null;
}

export interface ProvisionedUser {
  user: KnownUser;
  /** A user token: what `login` takes. */
  token: string;
  expiresAt: Date;
}

/** Which part of a list is asked for. */
export interface PageRequest {
  /** Most items, at least 1. */
  first: number;
  /** `next` of the page before, or the cursor of one of its items. Null: from the start. */
  after: string | null;
}

/** A part of a list, in the list's own, stable order. It may have fewer items than were asked for, and none, also where more follow. */
export interface Page<Item> {
  items: readonly { cursor: string; item: Item }[];
  /** Where the next page begins; null at the end of the list. */
  next: string | null;
  /** How many items the whole list has; null where too many would have to be looked at. */
  count(): Promise<number | null>;
}

/** Which connections of a platform: those to which all that is stated applies. */
export interface ConnectionFilter {
  /** The connector's slug. */
  connector?: string | undefined;
  health?: Health | undefined;
  owner?: Owner | undefined;
  /** The account's id at the provider. */
  accountId?: string | undefined;
  /** `Authorization.displayLabel`, in full. */
  accountLabel?: string | undefined;
  /** Changed at this instant or later. */
  updatedSince?: Date | undefined;
}

/** Finds one of all connections: by its own id, or by that of its authorization. */
export type FindConnection = (this: void, where: { id: string } | { authorizationId: string }) => Promise<Connection | null>;

/** The result of a refresh that a server requested. */
export type RefreshStatus =
  | "refreshed"
  | "still_fresh"
  | "not_refreshable"
  | "not_connected"
  | "disabled"
  | "reconnect_required"
  | "temporarily_unavailable"
  | "connector_misconfigured";

/** A connection after a server asked for its refresh. */
export interface ConnectionRefresh {
  connection: Connection;
  status: RefreshStatus;
  /** One sentence for the server. */
  message: string;
  /** When it may be asked for again, in seconds; null where that is not a question of time. */
  retryAfter: number | null;
}

/** What a server may do with a connection of any owner, by its id. Each answers null where there is no such connection. */
export interface ConnectionActions {
  /** Ends the connection here and revokes its grant at the provider, as its user's own `disconnect` does. Once it has ended nothing changes. */
  disconnect(id: string): Promise<Connection | null>;
  /**
   * Refreshes the token now, at most once in 30 s, and never while the provider is left alone after a failure.
   * @param kind where one connection has several kinds of token. Left out: that of the connection's own grant. Throws BAD_USER_INPUT.
   */
  refresh(id: string, kind?: string): Promise<ConnectionRefresh | null>;
  /**
   * Withholds its tokens from users and servers, and lets its user connect it no more, until it is enabled. Its grant stays. Once it is
   * disabled nothing changes.
   */
  disable(id: string): Promise<Connection | null>;
  /** Undoes `disable`. */
  enable(id: string): Promise<Connection | null>;
}

/**
 * What a connection is to a user who has moved: it stays the connection of the group that they left, it is theirs and unseen while they are in
 * a group, or they see it from now on.
 */
export type MovedConnectionStatus = "left_with_group" | "kept_unseen" | "seen";

/** A user who has moved to another group, or to none. No connection changes its owner. */
export interface MovedUser {
  user: KnownUser;
  /** The previous group; null for none. */
  previousGroupId: string | null;
  /** The user's own connections, and those of both groups. */
  connections: { connection: Connection; status: MovedConnectionStatus }[];
}

/**
 * What became of a grant of a deleted user at its provider: `nothing` where there was no token or the provider has no way to revoke one,
 * `failed` where it lives on, `unknown_connector` where it lives on as the configuration no longer has its connector.
 */
export type GrantRevocation = "revoked" | "nothing" | "failed" | "unknown_connector";

/** What became of the connections of a user who was deleted. `connector` is a slug. */
export interface DeletedUser {
  /** The user's own, which are deleted. */
  connections: { id: string; connector: string; revocation: GrantRevocation }[];
  /** What they had connected for groups, which stays, without their name. */
  groupConnections: { id: string; connector: string; group: string }[];
}

/**
 * What becomes of a connection that is to be imported.
 *
 * - `imported`: its tokens are stored, in a new connection, or in one that did not work.
 * - `skipped`: it was imported before.
 * - `kept`: the owner has such a connection here, which stays as it is.
 * - `refused`: it cannot be imported.
 */
export type ImportStatus = "imported" | "skipped" | "kept" | "refused";

/** What became of one connection that was to be imported. */
export interface ImportResult {
  status: ImportStatus;
  /** Null where the input does not say whose connection of what it is. */
  importId: string | null;
  owner: Owner | null;
  /** The connector's slug. */
  connector: string | null;
  /** Null where it has no connection here. */
  connectionId: string | null;
  /** One sentence for each reason why it was not imported. */
  messages: string[];
}

/** A user whose sessions have ended. */
export interface RevokedSessions {
  user: KnownUser;
  /** How many sessions have ended with this. */
  count: number;
}

/** What a server with platform credentials may do. Lists and what is found by its own id: left out where the upstream has no such list. */
export interface PlatformAccess {
  findUser(id: string): Promise<KnownUser | null>;
  findGroup(id: string): Promise<{ id: string } | null>;
  /** All users, by their ids. */
  listUsers?: ((this: void, page: PageRequest) => Promise<Page<KnownUser>>) | undefined;
  /** All groups, by their ids. */
  listGroups?: ((this: void, page: PageRequest) => Promise<Page<{ id: string }>>) | undefined;
  /** Connections of a known owner, tokens included. */
  connectionsOf(owner: Owner): OwnerConnections;
  /** The connections of all owners by their ids; those changed since an instant by when they changed, the longest ago first. */
  listConnections?: ((this: void, filter: ConnectionFilter, page: PageRequest) => Promise<Page<Connection>>) | undefined;
  /** One of the connections of all owners, or null. */
  findConnection?: FindConnection | undefined;
  /** Creates or updates a user. `groupId` and `name` left undefined keep what is stored; null clears. */
  provisionUser(input: { id: string; groupId?: string | null; name?: string | null }): Promise<ProvisionedUser>;
  /**
   * Ends all tokens and sessions of a user that were issued until now, those at the operator's page included. Connections stay. Null when
   * there is no such user, and no such operator either.
   * Throws FORBIDDEN where users sign in elsewhere.
   */
  revokeUserTokens(id: string): Promise<KnownUser | null>;
  /** The gateway's audit, the newest first. The gateway keeps it over every upstream: no adapter does. */
  listAuditEvents?(filter: AuditFilter, page: PageRequest): Promise<Page<AuditRecord>>;
  /** One of them by its id, or null. */
  findAuditEvent?(id: string): Promise<AuditRecord | null>;
  /**
   * Yields each event after the one with this id, or from now on, until the reader stops. Throws BAD_USER_INPUT for one that is not kept.
   * Left out: the upstream tells none.
   */
  events?: ((after: string | null) => Promise<AsyncIterable<GatewayEvent>>) | undefined;
  /** Moves a known user to another group, or by null to none. Null when there is no such user. Left out: the upstream alone moves users. */
  moveUser?: ((id: string, groupId: string | null) => Promise<MovedUser | null>) | undefined;
  /**
   * Ends the sessions of a user, those at the operator's page included, with their session tokens and one-time tokens. User tokens and JWTs
   * of issuers stay good, unlike with `revokeUserTokens`. Null when there is no such user, and no such operator either. Left out: users sign
   * in elsewhere.
   */
  revokeSessions?: ((id: string) => Promise<RevokedSessions | null>) | undefined;
  /**
   * Deletes all that is held of a user, and revokes their grants at the providers. What they have connected for groups stays. Null where
   * nothing was held. Left out: users or their connections are held elsewhere.
   */
  deleteUser?: ((id: string) => Promise<DeletedUser | null>) | undefined;
  /**
   * Imports connections of another system, each in the form of a line of JSON (docs/moving-in.md), or says in a dry run what would become
   * of them. What became of each is answered in their order. Left out: the upstream takes none.
   */
  importConnections?: ((connections: readonly unknown[], options: { isDryRun: boolean }) => Promise<ImportResult[]>) | undefined;
  /** Left out: the upstream's connections can be changed by their users alone. */
  connectionActions?: ConnectionActions | undefined;
}

/** What may be read without a credential. */
export interface Catalog {
  getPlatform(): Promise<Platform>;
  listConnectors(): Promise<Connector[]>;
  findConnector(slug: string): Promise<Connector | null>;
}
