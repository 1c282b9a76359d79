import type { CallOptions, Transport } from "../api/transport.ts";
import {
  DisableConnectionDocument,
  DisconnectConnectionDocument,
  EnableConnectionDocument,
  RefreshConnectionDocument,
  type RefreshConnectionMutation,
} from "./generated/graphql.ts";
import type { OwnedConnection } from "./owner.ts";

/** What became of a refresh, as `status` and as a sentence, and the connection. */
export type RefreshedConnection = RefreshConnectionMutation["refreshConnection"];

/** What a server does with a connection of any owner. Each throws NotFoundError when there is no such connection. */
export interface ConnectionActions {
  readonly id: string;
  /** Refreshes the token now, also one that is fresh, at most once in 30 s. `kind` is the kind of token, where one connection has several. */
  refresh: (kind?: string, call?: CallOptions) => Promise<RefreshedConnection>;
  /** Withholds its tokens from its user and from servers, in every process. Its user cannot connect it until `enable`. The grant is kept. */
  disable: (call?: CallOptions) => Promise<OwnedConnection>;
  /** Undoes `disable`. */
  enable: (call?: CallOptions) => Promise<OwnedConnection>;
  /** Disconnects it and revokes its grant at the provider. Its user may connect again. */
  disconnect: (call?: CallOptions) => Promise<OwnedConnection>;
}

export const createConnectionActions = (request: Transport["request"], id: string): ConnectionActions => ({
  id,
  refresh: async (kind, call) => (await request(RefreshConnectionDocument, { input: { id, kind } }, call)).refreshConnection,
  disable: async (call) => (await request(DisableConnectionDocument, { input: { id } }, call)).disableConnection.connection,
  enable: async (call) => (await request(EnableConnectionDocument, { input: { id } }, call)).enableConnection.connection,
  disconnect: async (call) => (await request(DisconnectConnectionDocument, { input: { id } }, call)).disconnectConnection.connection,
});
