import type { Catalog, PlatformAccess, Viewer, ViewerConnections } from "../../schema/upstream.ts";
import type { Vault } from "../vault/vault.ts";

/** A signed-in user, and what an adapter may need to act for them. */
export interface Caller {
  viewer: Viewer;
  /** Gives the user's browser a secret for the attempt with that hash of its state, and answers it. */
  bind: (stateHash: string) => string;
  /** Where the browser of a page on another site goes on with what was started; null where the browser that asks is the one that is bound. */
  link: ((started: { slug: string; state: string }) => Promise<string>) | null;
  /** Whether the user is still signed in by what they showed, and still in the same group. Asked at each change that is to be told. */
  stillAllowed: () => Promise<boolean>;
}

/** Users of an upstream that leaves it to this gateway to say who is asking. */
export interface OwnUsers {
  knownHere: true;
  forUser(caller: Caller): ViewerConnections;
}

/** A session at an upstream. */
export interface RelayedSession {
  /** What the user's bearer is from now on. */
  token: string;
  expiresAt: Date;
  viewer: Viewer;
  /** The upstream's session cookie as a `Cookie` header takes it; null where it set none. */
  cookie: string | null;
}

/** Users of an upstream that itself says who is asking: their credentials are passed on. */
export interface RelayedUsers {
  knownHere: false;
  /** Whose bearer it is, now. Throws UNAUTHENTICATED. */
  whoIs(bearer: string): Promise<Viewer>;
  /** `viewer` is asked only to say whose a connection is, where the upstream does not; before a token is given that is asked afresh. */
  forBearer(bearer: string, viewer: () => Promise<Viewer>): ViewerConnections;
  login(userToken: string): Promise<RelayedSession>;
  /** Throws UNAUTHENTICATED when the session has ended. */
  refresh(cookie: string): Promise<RelayedSession>;
  logout(cookie: string): Promise<void>;
}

/** An adapter: what holds the tokens, as the gateway uses it. */
export interface Upstream {
  catalog: Catalog;
  users: OwnUsers | RelayedUsers;
  forPlatform(): PlatformAccess;
  /** For the pages where users connect; null when they are the upstream's own. */
  vault: Vault | null;
  /** Resolves when it can be asked. Throws the reason why it cannot. */
  check(): Promise<void>;
  /** Ends what is watched. */
  endSubscriptions(): void;
  /** Lets what is under way finish. */
  close(): Promise<void>;
}
