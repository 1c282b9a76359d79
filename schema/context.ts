import type { Language } from "../client/languages/language.ts";
import type { Answering } from "./answer-limit.ts";
import { forbidden, notFound, unauthenticated } from "./errors.ts";
import type { Catalog, ConnectionActions, PlatformAccess, Viewer, ViewerConnections } from "./upstream.ts";

export interface Session {
  /** A session token: what goes into `Authorization: Bearer`. */
  token: string;
  expiresAt: Date;
  viewer: Viewer;
}

/** Signing in and out, bound to one request: implementations read and set its session cookie. */
export interface Sessions {
  login(userToken: string): Promise<Session>;
  refresh(): Promise<Session>;
  logout(): Promise<void>;
}

/**
 * Everything a resolver can reach. Built once per request by the gateway and already bound to the principal,
 * so that no resolver can name another user.
 */
export interface Context extends Answering {
  /** In which language end users are told what is wrong. */
  language: () => Language;
  catalog: Catalog;
  sessions: Sessions;
  /** The signed-in user and what they may do, or null. Who they are may be the upstream's to say: then it is asked at the first use. */
  user: {
    viewer: () => Promise<Viewer>;
    /** Whether they are still signed in by what they showed, and still in the same group. */
    stillAllowed: () => Promise<boolean>;
    connections: ViewerConnections;
  } | null;
  /** What a server may do, or null when the request carries no platform credentials. */
  platform: PlatformAccess | null;
}

/** The signed-in user's connections. Throws UNAUTHENTICATED, or FORBIDDEN to a server, which must name an owner. */
export function requireUser(context: Context): ViewerConnections {
  if (context.user) return context.user.connections;
  if (context.platform) throw forbidden("Only users may ask for this. With an API key, use user(id:) or group(id:) instead.");
  throw unauthenticated("No user is signed in: send a session token as Authorization: Bearer.");
}

/** What a server may do. Throws UNAUTHENTICATED to anonymous callers and FORBIDDEN to users. */
export function requirePlatform(context: Context): PlatformAccess {
  if (context.platform) return context.platform;
  if (context.user) throw forbidden("Only a server with an API key may ask this.");
  throw unauthenticated("Only a server with an API key may ask this: send it as Authorization: Basic.");
}

/** What a server may do with a connection of any owner. Throws FORBIDDEN where the upstream offers nothing of it. */
export function requireConnectionActions({ connectionActions }: PlatformAccess): ConnectionActions {
  if (connectionActions) return connectionActions;
  throw forbidden("This gateway's upstream does not let servers change its connections: do it there, or as the connection's user.");
}

/** What was done to a connection. Throws NOT_FOUND for null: there is no such connection. */
export function requireFound<Answer>(answer: Answer | null): Answer {
  if (answer === null) throw notFound("No connection has this id, or the configuration no longer has its connector.");
  return answer;
}
