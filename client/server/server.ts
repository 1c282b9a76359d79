import type { CallOptions, Transport } from "../api/transport.ts";
import { type ConnectionActions, createConnectionActions } from "./connection-actions.ts";
import { type EventOptions, followEvents, type GatewayEvent } from "./events.ts";
import {
  AllConnectionsDocument,
  AuditEventsDocument,
  type AuditEventsQuery,
  type AuditFilter,
  type ConnectionFilter,
  DeleteUserDocument,
  type DeleteUserMutation,
  GroupsDocument,
  ImportConnectionsDocument,
  type ImportConnectionsInput,
  type ImportConnectionsMutation,
  MoveUserDocument,
  type MoveUserMutation,
  ProvisionUserDocument,
  type ProvisionUserInput,
  type ProvisionUserMutation,
  RevokeSessionsDocument,
  RevokeUserTokensDocument,
  UserDocument,
  type UserPartsFragment,
  UsersDocument,
} from "./generated/graphql.ts";
import { createOwner, groupDocuments, type OwnedConnection, type Owner, userDocuments } from "./owner.ts";
import { type ListOptions, walkPages } from "./pages.ts";
import { createServerApi, type ServerOptions } from "./server-api.ts";

export type User = UserPartsFragment;
/** A user who can now sign in: `token` is for the user's browser, which gives it to `xkit.login`. */
export type ProvisionedUser = ProvisionUserMutation["provisionUser"];
export type MovedUser = MoveUserMutation["moveUser"];
export type DeletedUser = DeleteUserMutation["deleteUser"];
export type AuditEvent = NonNullable<AuditEventsQuery["auditEvents"]>["edges"][number]["node"];
export type ImportResult = ImportConnectionsMutation["importConnections"]["results"][number];

/** A user, and the connections that are the user's own. */
export interface UserOwner extends Owner {
  /** Null when the gateway does not know the user. */
  get: (call?: CallOptions) => Promise<User | null>;
  /** Moves the user to another group, or to none by null. No connection changes its owner. */
  move: (groupId: string | null, call?: CallOptions) => Promise<MovedUser>;
  /** Ends the user's sessions in every browser. Answers how many there were. User tokens stay good. */
  revokeSessions: (call?: CallOptions) => Promise<number>;
  /** Ends all tokens and sessions that the user has until now. Connections stay. */
  revokeTokens: (call?: CallOptions) => Promise<void>;
  /** Deletes all that is held of the user, and revokes the grants at the providers. It takes a few seconds. */
  delete: (call?: CallOptions) => Promise<DeletedUser>;
}

/**
 * The gateway, for the platform's own servers. Every method can be taken off the object. They throw the client's XkitErrors, and the reason of
 * a `signal` that aborts.
 */
export interface Server {
  readonly url: string;
  /** Creates or updates a user, and answers a user token. What is left out of `input` stays as it is; null clears it. */
  provisionUser: (input: ProvisionUserInput, call?: CallOptions) => Promise<ProvisionedUser>;
  user: (id: string) => UserOwner;
  group: (id: string) => Owner;
  /** A connection of any owner, by its id. */
  connection: (id: string) => ConnectionActions;
  /** All users, by their ids. */
  users: (options?: ListOptions) => AsyncIterable<User>;
  /** All groups, by their ids. */
  groups: (options?: ListOptions) => AsyncIterable<{ id: string }>;
  /** The connections of all users and groups, by their ids; with `updatedSince` by when they changed. */
  connections: (filter?: ConnectionFilter, options?: ListOptions) => AsyncIterable<OwnedConnection>;
  /** Who read which token, who connected, and who acted, the newest first. */
  auditEvents: (filter?: AuditFilter, options?: ListOptions) => AsyncIterable<AuditEvent>;
  /**
   * Each event from now on, or after one that is known. A stream that breaks is asked for again, after the last event that came: none is
   * missed once one has come or `after` is given. Ends when `signal` aborts. Throws XkitError for what waiting does not mend: a wrong key, and
   * an address where no gateway answers.
   */
  events: (options?: EventOptions) => AsyncIterable<GatewayEvent>;
  /** Imports at most 100 connections of another system. One that is wrong refuses no other: see each result. */
  importConnections: (input: ImportConnectionsInput, call?: CallOptions) => Promise<ImportResult[]>;
  /** The page where a user connects, repairs or disconnects the connector. */
  connectorUrl: (slug: string) => string;
  /** An operation of your own, typed by your codegen. */
  request: Transport["request"];
}

/**
 * The gateway at `url`, for servers: with an API key, without a session. It runs on every runtime that has `fetch`. Asks nothing before its
 * first method is called. Throws TypeError for a wrong option, and in a page.
 *
 * ```ts
 * const server = createServer({ url: "https://connect.example.com", apiKey: { publishable, secret } });
 * const { token } = await server.provisionUser({ id: "ada", groupId: "acme" });
 * const outcome = await server.group("acme").getToken("slack");
 * ```
 */
export function createServer(options: ServerOptions): Server {
  const api = createServerApi(options);
  const { url, request } = api;

  const user = (id: string): UserOwner => ({
    ...createOwner(api, userDocuments, id),
    get: async (call) => (await request(UserDocument, { id }, call)).user,
    move: async (groupId, call) => (await request(MoveUserDocument, { input: { id, groupId } }, call)).moveUser,
    revokeSessions: async (call) => (await request(RevokeSessionsDocument, { input: { id } }, call)).revokeSessions.count,
    revokeTokens: async (call) => void (await request(RevokeUserTokensDocument, { input: { id } }, call)),
    delete: async (call) => (await request(DeleteUserDocument, { input: { id } }, call)).deleteUser,
  });

  return {
    url,
    provisionUser: async (input, call) => (await request(ProvisionUserDocument, { input }, call)).provisionUser,
    user,
    group: (id) => createOwner(api, groupDocuments, id),
    connection: (id) => createConnectionActions(request, id),
    users: (list) => walkPages(async (page, call) => (await request(UsersDocument, page, call)).users, list),
    groups: (list) => walkPages(async (page, call) => (await request(GroupsDocument, page, call)).groups, list),
    connections: (filter, list) =>
      walkPages(async (page, call) => (await request(AllConnectionsDocument, { filter, ...page }, call)).allConnections, list),
    auditEvents: (filter, list) =>
      walkPages(async (page, call) => (await request(AuditEventsDocument, { filter, ...page }, call)).auditEvents, list),
    events: (following) => followEvents(api, following),
    importConnections: async (input, call) => (await request(ImportConnectionsDocument, { input }, call)).importConnections.results,
    connectorUrl: (slug) => `${url}/connectors/${encodeURIComponent(slug)}`,
    request,
  };
}
