import type { TypedDocumentNode } from "@graphql-typed-document-node/core";
import { xkitError } from "../api/errors.ts";
import type { CallOptions } from "../api/transport.ts";
import type { NoAccessToken } from "../api/types.ts";
import { type ConnectionName, parseWhere } from "../api/where.ts";
import type { TokenOptions } from "../session/access-tokens.ts";
import type { XkitRequestInit } from "../session/api-request.ts";
import { createTokenFetch } from "../session/token-fetch.ts";
import {
  GroupConnectionDocument,
  GroupConnectionsDocument,
  GroupHistoryDocument,
  type GroupHistoryQuery,
  type GroupHistoryQueryVariables,
  GroupTokenDocument,
  type HistoryPartsFragment,
  type OwnedConnectionPartsFragment,
  type OwnedTokenPartsFragment,
  UserConnectionDocument,
  UserConnectionsDocument,
  UserHistoryDocument,
  UserTokenDocument,
} from "./generated/graphql.ts";
import { type ListOptions, walkPages } from "./pages.ts";
import type { ServerApi } from "./server-api.ts";

/** An owner's link to a connector, as servers see it. Holds no token. */
export type OwnedConnection = OwnedConnectionPartsFragment;
/** A live token of an owner or the exact reason why there is none, told apart by `__typename`. */
export type OwnedTokenResult = OwnedTokenPartsFragment;
/** What happened to a connection. */
export type HistoryEntry = HistoryPartsFragment["edges"][number]["node"];

export interface OwnedTokenOptions extends TokenOptions, CallOptions {
  /** `AccessToken.fingerprint` of a token that the third party refused: a new one is fetched if that one is still current. */
  rejected?: string | undefined;
  /** Why the token is asked for, in your words. The operator's audit shows it; it must name no person. */
  purpose?: string | undefined;
}

/** A request, and what its token must be. */
export interface OwnedRequestInit extends XkitRequestInit, Pick<OwnedTokenOptions, "minimumTtl" | "scopes" | "purpose"> {}

/** A user or a group. Nothing is asked before a method is called. Each throws NotFoundError when the gateway does not know the owner. */
export interface Owner {
  readonly id: string;
  /** A live access token, or the exact reason why there is none. `isAccessToken` tells them apart. */
  getToken: (name: ConnectionName, options?: OwnedTokenOptions) => Promise<OwnedTokenResult>;
  /** The owner's connections, the healthiest of each connector first. Those disconnected and those never finished are among them. */
  connections: (slug?: string, call?: CallOptions) => Promise<OwnedConnection[]>;
  /** Null when it was never made. */
  connection: (name: ConnectionName, call?: CallOptions) => Promise<OwnedConnection | null>;
  /** What happened to a connection, the newest first: at most 100 entries. None where it was never made, or its upstream keeps no history. */
  history: (name: ConnectionName, options?: ListOptions) => AsyncIterable<HistoryEntry>;
  /**
   * Calls the provider's API with the connection's token, as `xkit.fetch` does in a page: `input` is a path below `AccessToken.apiBaseUrl`,
   * or an absolute URL of that origin. A 401 is answered with a new token, once, unless the body is a stream.
   * Throws NoAccessTokenError when there is no token to send, and TypeError for an address that the token is not for.
   */
  fetch: (name: ConnectionName, input: string | URL | Request, init?: OwnedRequestInit) => Promise<Response>;
}

interface OwnerDocuments {
  token: typeof UserTokenDocument | typeof GroupTokenDocument;
  connections: typeof UserConnectionsDocument | typeof GroupConnectionsDocument;
  connection: typeof UserConnectionDocument | typeof GroupConnectionDocument;
  history: TypedDocumentNode<GroupHistoryQuery, GroupHistoryQueryVariables>;
  /** What a NotFoundError says. */
  unknown: (id: string) => string;
}

export const userDocuments: OwnerDocuments = {
  token: UserTokenDocument,
  connections: UserConnectionsDocument,
  connection: UserConnectionDocument,
  history: UserHistoryDocument,
  unknown: (id) => `There is no user ${id}. provisionUser makes a user known.`,
};
export const groupDocuments: OwnerDocuments = {
  token: GroupTokenDocument,
  connections: GroupConnectionsDocument,
  connection: GroupConnectionDocument,
  history: GroupHistoryDocument,
  unknown: (id) => `There is no group ${id}. provisionUser makes a group known by the first of its users.`,
};

export function createOwner({ request, fetch }: ServerApi, documents: OwnerDocuments, id: string): Owner {
  function known<T>(owner: T | null): T {
    if (owner === null) throw xkitError("NOT_FOUND", documents.unknown(id));
    return owner;
  }

  const getToken: Owner["getToken"] = async (name, { signal, ...options } = {}) =>
    known((await request(documents.token, { owner: id, where: parseWhere(name), ...options }, { signal })).owner).accessToken;

  return {
    id,
    getToken,
    connections: async (slug, call) => known((await request(documents.connections, { owner: id, slug }, call)).owner).connections,
    connection: async (name, call) =>
      known((await request(documents.connection, { owner: id, where: parseWhere(name) }, call)).owner).connection,
    history(name, options) {
      const where = parseWhere(name);
      return walkPages(
        async (page, call) => known((await request(documents.history, { owner: id, where, ...page }, call)).owner).connection?.history,
        options,
      );
    },
    fetch(name, input, init = {}) {
      const { minimumTtl, scopes, purpose, signal } = init;
      let rejected: string | undefined;
      const tokens = {
        get: (of: ConnectionName, options?: TokenOptions) =>
          getToken(of, { minimumTtl, scopes, purpose, signal: signal ?? undefined, ...options, rejected }),
        reject: (_of: ConnectionName, fingerprint: string) => void (rejected = fingerprint),
      };
      return createTokenFetch(tokens, { fetch, viewer: undefined })(name, input, init);
    },
  };
}

/** Whether there is a token. What is left otherwise says why not: see `__typename`. */
export const isAccessToken = (result: OwnedTokenResult): result is Extract<OwnedTokenResult, { __typename: "AccessToken" }> =>
  result.__typename === "AccessToken";

/** Every outcome but a token. */
export type { NoAccessToken };
