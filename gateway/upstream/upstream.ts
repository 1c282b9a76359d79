/** What the gateway asks of an upstream beyond the port: who is asking, and how to open, check and close it. */
import type { Language } from "../../client/languages/language.ts";
import type { PromiseOrValue } from "../../schema/promise-or-value.ts";
import type {
  AccessTokenOutcome,
  Catalog,
  ConnectionWhere,
  OwnerConnections,
  PlatformAccess,
  TokenRequest,
  Viewer,
  ViewerConnections,
} from "../../schema/upstream.ts";
import type { SignIn } from "../auth/sign-in.ts";
import type { AuditActor, RequestOrigin } from "../custody/audit-event.ts";
import type { Exchange } from "../http/pipeline.ts";
import type { LimitedAction, RequestLimits } from "../http/rate-limits.ts";
import type { Vault } from "../vault/vault.ts";

/** Where a user goes on with what they start. */
export interface Browser {
  /** Gives the browser a secret for the attempt with that hash of its state, and answers it. */
  bind: (stateHash: string) => string;
  /** Where the browser of a page on another site goes on with what was started; null where the browser that asks is the one that is bound. */
  link: ((started: { slug: string; state: string }) => Promise<string>) | null;
  /** The language in which its user is spoken to. Left out or null: it did not say. */
  language?: Language | null;
  /** Where the request came from, for the audit. Left out: not known. */
  from?: RequestOrigin;
}

/** A signed-in user, with what is needed to act for them. */
export interface Caller<Connections = ViewerConnections> {
  /** Who it is. Where the upstream says so, it is asked at the first use and at most once. Throws UNAUTHENTICATED. */
  viewer: () => Promise<Viewer>;
  /** The same for the audit, as far as it is known now. */
  actor: () => AuditActor;
  /** Counts what they are about to do, where that is this gateway's to count. Throws RATE_LIMITED. */
  admit: (action: LimitedAction) => Promise<void>;
  /** Whether the user is still signed in by what they showed, and still in the same group. Asked at each change that is to be told. */
  stillAllowed: () => Promise<boolean>;
  connectionsIn: (browser: Browser) => Connections;
  /** What reads alone have of `connectionsIn`, the same object at each request of one credential; null where it depends on the request. */
  shared: Reads<Connections> | null;
}

/** What of a user's connections starts nothing, so that it needs no browser. */
type Reads<Connections> = Connections extends ViewerConnections ? OwnerConnections : Connections;

/** Who sent a request. */
export type Requester<Connections = ViewerConnections> =
  { kind: "anonymous" } | { kind: "platform"; keyId: string } | { kind: "user"; caller: Caller<Connections> };

/** Users, known to this gateway or to the upstream alone. */
export interface UpstreamUsers<Connections = ViewerConnections> {
  /** Says who sent a request. Throws UNAUTHENTICATED for a credential that is no good. */
  identify(exchange: Pick<Exchange, "request" | "limits" | "authenticate">): Requester<Connections> | Promise<Requester<Connections>>;
  /** Whether `identify` refuses malformed bearers alone, and the first use of a caller the others. */
  defersAuthentication: boolean;
  /** Whether the upstream has taken this bearer before, where authentication is deferred. */
  hasTaken(bearer: string): boolean;
  signIn: SignIn;
}

/** The vault as the pages of `connect/` have it: nothing of it gives a token. */
export type PagesVault = Omit<Vault, "forUser" | "connectionsOf" | "listConnections" | "findConnection">;

/** What the gateway's own pages work on. */
export interface OwnPages<Connections = ViewerConnections> {
  vault: PagesVault;
  /** The user whom the first-party session cookie names. */
  callerOf(viewer: Viewer, limits: RequestLimits): Caller<Connections>;
}

/** What every adapter has, however its users are known. */
export interface TokenHolder {
  catalog: Catalog;
  /** @param clientAddress Where the server is whose request this is for. Left out where it is for none. */
  forPlatform(clientAddress?: RequestLimits["clientAddress"]): PlatformAccess;
  /** Resolves when it can be asked. Throws the reason why it cannot. */
  check(): Promise<void>;
  /** What the operator has to mend and another instance of this gateway would not do better; null where there is nothing. */
  degradation(): string | null;
  /** Ends what is watched. */
  endSubscriptions(): void;
  /** Lets what is under way finish. */
  close(): Promise<void>;
}

/** Where an upstream sends news by itself. */
export interface Webhook {
  path: string;
  /** Throws UNAUTHENTICATED for news that are not the upstream's. */
  receive(this: void, request: Request): Promise<Response>;
}

/** What holds the tokens, as the gateway uses it. */
export interface Upstream<Connections = ViewerConnections> extends TokenHolder {
  users: UpstreamUsers<Connections>;
  /** Null where it sends none. */
  webhook: Webhook | null;
  /** For the pages where users connect; null when they are the upstream's own. */
  pages: OwnPages<Connections> | null;
}

/** A reading of a token, before anything is withheld. */
export interface TokenReading {
  outcome: AccessTokenOutcome;
  /** Who was asking, each time that was looked up around the reading. Without one, no token is given. */
  viewers: readonly Viewer[];
}

/**
 * A user's connections as an adapter holds them: the port and its tokens apart, which `withholdGroupTokens` alone brings together. In two
 * parts, as it is slow to leave a member out of an object at each request.
 */
export interface HeldConnections {
  /** Who is asking; null where the upstream alone knows. */
  viewer: Viewer | null;
  connections: Omit<ViewerConnections, "accessToken">;
  readToken(where: ConnectionWhere, request: TokenRequest): PromiseOrValue<TokenReading>;
}

/** An upstream before the gateway's own wrappers (`wrapAdapter`): it gives users no token. */
export type Adapter = Upstream<HeldConnections>;

/** A session at an upstream. */
export interface RelayedSession {
  /** What the user's bearer is from now on. */
  token: string;
  expiresAt: Date;
  viewer: Viewer;
  /** The cookies that the session is held by from now on, as a `Cookie` header takes them; null where there are none. */
  cookie: string | null;
}

/** The users of an upstream that itself says who is asking: their credentials are passed on. */
export interface UserRelay {
  /** Where browsers reach the upstream: a session of another one is none. */
  origin: string;
  /** The same on behalf of a client at this address; null where that is not known. */
  from(this: void, clientAddress: string | null): UserRelay;
  /** Whose bearer it is, now. Throws UNAUTHENTICATED. */
  whoIs(bearer: string): Promise<Viewer>;
  /**
   * `viewer` is asked only to say whose a connection is, where the upstream does not; before a token is given that is asked afresh.
   * @param language in which the user is spoken to. Default: it is not known.
   */
  forBearer(bearer: string, viewer: () => Promise<Viewer>, language?: Language | null): HeldConnections;
  /** Whatever it throws, it leaves no session at the upstream. */
  login(userToken: string): Promise<RelayedSession>;
  /** Throws UNAUTHENTICATED when the session has ended. */
  refresh(cookie: string): Promise<RelayedSession>;
  /** Succeeds also where the session has ended already. */
  logout(cookie: string): Promise<void>;
}
