/**
 * What a Nango environment holds, and what changes it. Written from Nango's own documentation, and independent of the gateway: it imports
 * nothing of `gateway/` or `schema/`.
 */
import { randomBytes, randomUUID } from "node:crypto";

export type AuthMode = "OAUTH2" | "API_KEY" | "BASIC";

export interface Integration {
  uniqueKey: string;
  provider: string;
  displayName: string;
  authMode: AuthMode;
  /** What a program of the platform notes on each new connection. */
  noted?: Readonly<Record<string, unknown>>;
  /** Of OAUTH2. */
  oauth?: {
    authorizeUrl: string;
    tokenUrl: string;
    clientId: string;
    clientSecret: string | null;
    scopes: readonly string[];
  };
}

export type Tags = Readonly<Record<string, string>>;

export interface EndUser {
  id: string;
  displayName: string | null;
  email: string | null;
  organization: { id: string; displayName: string | null } | null;
}

/** As the wire has them, the refresh token included. */
export type Credentials = { readonly type: string } & Readonly<Record<string, unknown>>;

export interface HeldConnection {
  readonly id: number;
  readonly connectionId: string;
  readonly providerConfigKey: string;
  readonly createdAt: number;
  updatedAt: number;
  lastFetchedAt: number | null;
  credentials: Credentials;
  tags: Tags;
  /** What a program of the platform has noted. */
  metadata: Readonly<Record<string, unknown>> | null;
  /** What belongs to the account, as Nango has it of the provider. */
  connectionConfig: Readonly<Record<string, unknown>>;
  endUser: EndUser | null;
  /** What the list calls `errors` of the type `auth`: set by a failed refresh, cleared by one that works. */
  hasAuthError: boolean;
  lastRefreshFailureAt: number | null;
  /** Calendar days in a row on which refreshes failed. */
  failedDays: number;
  isExhausted: boolean;
}

export interface ConnectSession {
  readonly token: string;
  readonly expiresAt: number;
  readonly tags: Tags;
  readonly endUser: EndUser | null;
  readonly allowedIntegrations: readonly string[] | null;
  /** The connection that is connected again; null where one is made. */
  readonly reconnects: HeldConnection | null;
}

/** A session that is at the provider. */
export interface PendingOAuth {
  readonly session: ConnectSession;
  readonly integration: Integration;
}

export interface State {
  readonly now: () => number;
  readonly integrations: Integration[];
  readonly connections: HeldConnection[];
  readonly sessions: Map<string, ConnectSession>;
  readonly pendingOAuth: Map<string, PendingOAuth>;
}

export const createState = (now: () => number, integrations: readonly Integration[]): State => ({
  now,
  integrations: [...integrations],
  connections: [],
  sessions: new Map(),
  pendingOAuth: new Map(),
});

/** How long a connect session can be used. */
const SESSION_LIFETIME_MS = 30 * 60_000;

/** On so many days in a row a refresh may fail before none is tried any more. */
const MAXIMUM_FAILED_DAYS = 4;

const DAY_MS = 86_400_000;

export const findIntegration = ({ integrations }: State, key: string): Integration | undefined =>
  integrations.find(({ uniqueKey }) => uniqueKey === key);

/** A connection's id is unique only together with its integration's. */
export const findConnection = ({ connections }: State, connectionId: string, key: string): HeldConnection | undefined =>
  connections.find((held) => held.connectionId === connectionId && held.providerConfigKey === key);

export function openSession(state: State, asked: Pick<ConnectSession, "tags" | "endUser" | "allowedIntegrations" | "reconnects">) {
  const token = `nango_connect_session_${randomBytes(32).toString("hex")}`;
  const session: ConnectSession = { ...asked, token, expiresAt: state.now() + SESSION_LIFETIME_MS };
  state.sessions.set(token, session);
  return session;
}

/** The session of a token, while it can be used. */
export function findSession({ sessions, now }: State, token: string): ConnectSession | undefined {
  const session = sessions.get(token);
  return session && session.expiresAt > now() ? session : undefined;
}

export type NewConnection = Pick<HeldConnection, "providerConfigKey" | "credentials" | "tags"> &
  Partial<Pick<HeldConnection, "connectionId" | "endUser" | "metadata" | "connectionConfig">>;

export function addConnection(state: State, given: NewConnection): HeldConnection {
  const now = state.now();
  const held: HeldConnection = {
    connectionId: randomUUID(),
    endUser: null,
    metadata: null,
    connectionConfig: {},
    ...given,
    id: Math.max(0, ...state.connections.map(({ id }) => id)) + 1,
    createdAt: now,
    updatedAt: now,
    lastFetchedAt: now,
    hasAuthError: false,
    lastRefreshFailureAt: null,
    failedDays: 0,
    isExhausted: false,
  };
  state.connections.push(held);
  return held;
}

/** Connecting again replaces credentials and tags, and keeps the id. `updated_at` stays. */
export function overrideConnection(held: HeldConnection, credentials: Credentials, tags: Tags): void {
  held.credentials = credentials;
  held.tags = tags;
  clearFailure(held);
}

export function noteRefresh(held: HeldConnection, credentials: Credentials, now: number): void {
  held.credentials = credentials;
  held.updatedAt = now;
  clearFailure(held);
}

/** Failures of one calendar day count once. */
export function noteFailedRefresh(held: HeldConnection, now: number): void {
  const { lastRefreshFailureAt: last } = held;
  if (last === null || Math.floor(last / DAY_MS) !== Math.floor(now / DAY_MS)) held.failedDays += 1;
  held.lastRefreshFailureAt = now;
  held.isExhausted = held.failedDays >= MAXIMUM_FAILED_DAYS;
  held.hasAuthError = true;
}

function clearFailure(held: HeldConnection): void {
  held.hasAuthError = false;
  held.lastRefreshFailureAt = null;
  held.failedDays = 0;
  held.isExhausted = false;
}

export function removeConnection({ connections }: State, held: HeldConnection): void {
  connections.splice(connections.indexOf(held), 1);
}
