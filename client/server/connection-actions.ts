import type { Transport } from "../api/transport.ts";
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
  refresh: (kind?: string) => Promise<RefreshedConnection>;
  /** Withholds its tokens from its user and from servers, in every process. Its user cannot connect it until `enable`. The grant is kept. */
  disable: () => Promise<OwnedConnection>;
  /** Undoes `disable`. */
  enable: () => Promise<OwnedConnection>;
  /** Disconnects it and revokes its grant at the provider. Its user may connect again. */
  disconnect: () => Promise<OwnedConnection>;
}

export const createConnectionActions = (request: Transport["request"], id: string): ConnectionActions => ({
  id,
  refresh: async (kind) => (await request(RefreshConnectionDocument, { input: { id, kind } })).refreshConnection,
  disable: async () => (await request(DisableConnectionDocument, { input: { id } })).disableConnection.connection,
  enable: async () => (await request(EnableConnectionDocument, { input: { id } })).enableConnection.connection,
  disconnect: async () => (await request(DisconnectConnectionDocument, { input: { id } })).disconnectConnection.connection,
});
