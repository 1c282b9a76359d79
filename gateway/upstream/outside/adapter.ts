/** What the author of an adapter writes, and what the gateway gives them: the package's port to a holder of tokens. */
import type {
  Connection,
  ConnectionWhere,
  Connector,
  KnownUser,
  Owner,
  OwnerConnections,
  StartOptions,
  Viewer,
  ViewerConnections,
} from "../../../schema/upstream.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Log } from "../../runtime/log.ts";
import type { Notes } from "../../store/notes.ts";
import type { SingleFlight } from "../../store/single-flight.ts";
import type { RelayedSession } from "../upstream.ts";

/**
 * A holder of tokens. Its users are this gateway's, unless it has `users`: sessions, user tokens, issuers and API keys are then not its
 * concern. It is asked through the same wrappers as the gateway's own adapters, which withhold group tokens, check `returnTo`, limit and
 * count.
 */
export interface UpstreamAdapter {
  /** The connectors on offer, in the order of the catalog. */
  listConnectors(): Promise<Connector[]>;
  /** For servers: the connections of a user or of a group, tokens included. */
  connectionsOf(owner: Owner): OwnerConnections;
  /** For a signed-in user: the connections of `ownerOfViewer(viewer)`. Group tokens may be given: the gateway withholds them. */
  forUser(viewer: Viewer): UserConnections;
  /** Users whom the holder alone knows: their bearers and sessions are passed on to it. Left out, users are this gateway's. */
  users?: RelayedUsers;
  /** Resolves when it can be asked. Throws the reason why it cannot. Left out, it always can. */
  check?(): Promise<void>;
  /** Lets what is under way finish. */
  close?(): Promise<void>;
}

/** Where a request came from. */
export interface RelayedClient {
  /** The client's address; null where it is not known. */
  address: string | null;
}

/** Users of a service that itself says who is asking. API keys of servers stay this gateway's. */
export interface RelayedUsers {
  /** Where browsers reach the service: a session of another one is none. */
  origin: string;
  /** Whose bearer it is, now. Asked before and after each token. Throws a `GatewayError` of code UNAUTHENTICATED for one that is no good. */
  whoIs(bearer: string, client: RelayedClient): Promise<Viewer>;
  /** Starts a session with the platform's token of a user. Whatever it throws, it leaves no session. Throws UNAUTHENTICATED. */
  login(userToken: string, client: RelayedClient): Promise<RelayedSession>;
  /** The session that these cookies hold, with a bearer that lasts longer. Throws UNAUTHENTICATED when it has ended. */
  refresh(cookie: string, client: RelayedClient): Promise<RelayedSession>;
  /** Ends the session. Succeeds also where it has ended already. */
  logout(cookie: string, client: RelayedClient): Promise<void>;
  /** For servers. Null where there is no such user or group. Left out, every id counts as known. */
  findUser?(id: string): Promise<KnownUser | null>;
  findGroup?(id: string): Promise<{ id: string } | null>;
}

/** A user's connections, and what the user may do with them. Live views are made of `list`. */
export type UserConnections = OwnerConnections & {
  /** Disables the connection and answers it as it was. Throws NOT_FOUND. */
  disconnect(where: ConnectionWhere): Promise<Connection>;
} & (ConnectsHere | ConnectsElsewhere);

/** Users connect through the port. `returnTo` is checked and absolute. */
export type ConnectsHere = Pick<ViewerConnections, "start" | "submit" | "findAuthorization">;

/** Users connect on a page that is not the gateway's. The connection counts as made once `find` answers it as active. */
export interface ConnectsElsewhere {
  /**
   * The page's address, http or https. It has to know by itself who its visitor is. `returnTo` is checked and absolute. `connection` is the
   * one that is connected again; null for a further one. `scopes` and `loginHint` say what is to be asked of the provider.
   */
  connectPage(connector: Connector, options: Omit<StartOptions, "id"> & { connection: Connection | null }): string | Promise<string>;
}

/** What an adapter may use of the gateway. */
export interface UpstreamRuntime {
  /** Where browsers reach the gateway, without a slash at the end. */
  publicUrl: string;
  /** The page of a connector: its `connectorUrl`. */
  connectorUrl(this: void, slug: string): string;
  clock: Clock;
  log: Log;
  /** Tells live views, in every process, that an owner's connections have changed. Without it a change is seen within seconds. */
  changed(this: void, owner: Owner): Promise<void>;
  /** Refreshes one connection at a time, over all processes of the gateway's store. */
  singleFlight: SingleFlight;
  /** Short texts in the gateway's store, for what the holder of the tokens has no place for. */
  notes: Notes;
  /** Longest a provider may take, in milliseconds. */
  providerTimeoutMs: number;
  /** Longest a request for a token waits for a refresh, in milliseconds. The refresh goes on behind it. */
  requestDeadlineMs: number;
}

/** Opens an adapter: what `createApp(config, { upstream })` takes. */
export type OpenUpstream = (runtime: UpstreamRuntime) => UpstreamAdapter | Promise<UpstreamAdapter>;
