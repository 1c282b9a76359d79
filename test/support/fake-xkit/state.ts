import { randomUUID } from "node:crypto";
import type { FakeConnector } from "./catalog.ts";

export interface User {
  readonly id: string;
  groupId: string | null;
  name: string | null;
}

export interface Owner {
  readonly kind: "user" | "group";
  readonly id: string;
}

/** What a grant has brought: the provider's tokens, or the fields that the user typed. */
export interface Tokens {
  readonly accessToken: string;
  readonly tokenType: string;
  readonly refreshToken: string | null;
  readonly scopes: readonly string[];
  readonly issuedAt: number;
  readonly expiresAt: number | null;
  readonly fields: Readonly<Record<string, string>> | null;
  /** The second token of one consent. */
  readonly user?: Tokens | null;
}

/** Why the last refresh brought no token, and until when the provider is left alone. */
export interface Failure {
  readonly kind: "unavailable" | "misconfigured";
  readonly code: string;
  readonly said: string;
  readonly retryAt: number;
}

/** A grant, from the moment it is asked for. */
export interface Authorization {
  readonly number: number;
  readonly connection: Connection;
  readonly startedBy: User;
  readonly startedAt: number;
  /** What the provider brings back. */
  readonly state: string;
  /** The scopes that are asked for, and who is expected. */
  readonly asked: readonly string[];
  readonly loginHint: string | null;
  /** The browser that may finish it. */
  browser: string;
  isUsed: boolean;
  status: "awaiting_callback" | "retrieving_tokens" | "active" | "error";
  label: string | null;
  error: { code: string; said: string | null } | null;
  tokens: Tokens | null;
  /** The grant of the second token, which is refreshed by itself. */
  user?: Authorization | null;
  connectedAt: number | null;
  healthChangedAt: number | null;
  failure: Failure | null;
  forcedAt: number | null;
}

export interface Connection {
  readonly id: string;
  readonly owner: Owner;
  readonly connector: FakeConnector;
  readonly createdAt: number;
  updatedAt: number;
  enabled: boolean;
  authorization: Authorization | null;
}

/** Contract, "Browser endpoints": how long a state can be finished. */
const ATTEMPT_MS = 600_000;

export const ownerOf = ({ id, groupId }: User): Owner => (groupId === null ? { kind: "user", id } : { kind: "group", id: groupId });

export const isSameOwner = (a: Owner, b: Owner): boolean => a.kind === b.kind && a.id === b.id;

/** Contract, "Shapes": what has not succeeded is its starter's. Null is a server. */
export const isShownTo = (reader: User | null, { connectedAt, startedBy }: Authorization): boolean =>
  reader === null || connectedAt !== null || startedBy.id === reader.id;

export type State = ReturnType<typeof createState>;

/** What the fake remembers, and everything that may happen to it. */
export function createState(now: () => number) {
  const users = new Map<string, User>();
  const groups = new Set<string>();
  const connections = new Map<string, Connection>();
  const authorizations = new Map<number, Authorization>();
  return {
    users,
    groups,
    connections,
    authorizations,
    ...createDirectory(users, groups),
    ...createListing(connections),
    ...createConnecting({ connections, authorizations, now }),
    ...createKeeping({ authorizations, now }),
  };
}

const change = <Row extends object>(row: Row, columns: Partial<Row>): void => void Object.assign(row, columns);

function createDirectory(users: Map<string, User>, groups: Set<string>) {
  return {
    /** What is undefined stays, null clears. */
    provision(id: string, { groupId, name }: { groupId: string | null | undefined; name: string | null | undefined }): User {
      const user = users.get(id) ?? { id, groupId: null, name: null };
      if (groupId !== undefined) user.groupId = groupId;
      if (name !== undefined) user.name = name;
      if (user.groupId !== null) groups.add(user.groupId);
      users.set(id, user);
      return user;
    },
  };
}

/** Contract, "Lists": enabled before disabled, active before any other status, and the newest of those. */
const byHealth = (a: Connection, b: Connection): number => rankOf(b) - rankOf(a) || b.createdAt - a.createdAt;
const rankOf = ({ enabled, authorization }: Connection): number => (enabled ? 2 : 0) + (authorization?.status === "active" ? 1 : 0);

function createListing(connections: ReadonlyMap<string, Connection>) {
  const list = (owner: Owner, slug: string | null): Connection[] =>
    [...connections.values()]
      .filter((each) => isSameOwner(each.owner, owner) && (slug === null || each.connector.slug === slug))
      .toSorted(byHealth);
  return {
    list,
    findBySlug: (owner: Owner, slug: string): Connection | null => list(owner, slug)[0] ?? null,
    findById: (owner: Owner, id: string): Connection | null => list(owner, null).find((each) => each.id === id) ?? null,
  };
}

/** What the body of a start may name beside the id. Null is the connector's own. */
export interface Wanted {
  readonly scopes: readonly string[] | null;
  readonly loginHint: string | null;
}

interface Rows {
  readonly connections: Map<string, Connection>;
  readonly authorizations: Map<number, Authorization>;
  readonly now: () => number;
}

function createConnecting({ connections, authorizations, now }: Rows) {
  let started = 0;
  return {
    /** Null for an id that another owner or connector has. */
    start(startedBy: User, connector: FakeConnector, id: string | null, wanted: Wanted): Authorization | null {
      const owner = ownerOf(startedBy);
      const owned = [...connections.values()]
        .filter((each) => each.connector === connector && isSameOwner(each.owner, owner))
        .toSorted(byHealth);
      const isOne = id === null || connector.supports_multiple_connections !== true;
      const existing = owned.find((each) => each.id === id) ?? (isOne ? owned[0] : undefined);
      if (!existing && id !== null && connections.has(id)) return null;
      const times = { createdAt: now(), updatedAt: now() };
      const connection = existing ?? { id: id ?? randomUUID(), owner, connector, enabled: false, authorization: null, ...times };
      const held = connection.authorization?.tokens?.scopes ?? [];
      const asked = [...new Set([...(wanted.scopes ?? connector.scopes ?? []), ...held])];
      const attempt = { connection, startedBy, asked, loginHint: wanted.loginHint };
      const authorization = newAuthorization((started += 1), attempt, now());
      connections.set(connection.id, connection);
      authorizations.set(authorization.number, authorization);
      if (!connection.enabled) change(connection, { authorization, updatedAt: now() });
      return authorization;
    },

    /** The attempt of a state that can still be finished by the user who started it. */
    findAttempt(state: string): Authorization | null {
      const found = [...authorizations.values()].find((each) => each.state === state);
      if (!found || found.isUsed || now() >= found.startedAt + ATTEMPT_MS) return null;
      return isSameOwner(ownerOf(found.startedBy), found.connection.owner) ? found : null;
    },

    succeed(authorization: Authorization, tokens: Tokens, label: string | null): void {
      const { connection } = authorization;
      const user = tokens.user ? { ...authorization, tokens: tokens.user } : null;
      change(authorization, { status: "active", tokens, user, label, error: null, connectedAt: now(), healthChangedAt: now() });
      change(connection, { enabled: true, authorization, updatedAt: now() });
    },

    /** Of a connection that works, nothing changes. */
    fail(authorization: Authorization, code: string, said: string | null): void {
      change(authorization, { status: "error", error: { code, said } });
      authorization.connection.updatedAt = now();
    },
  };
}

type Attempt = Pick<Authorization, "connection" | "startedBy" | "asked" | "loginHint">;

const newAuthorization = (number: number, attempt: Attempt, now: number): Authorization => ({
  number,
  ...attempt,
  startedAt: now,
  state: randomUUID(),
  browser: randomUUID(),
  isUsed: false,
  status: "awaiting_callback",
  label: null,
  error: null,
  tokens: null,
  connectedAt: null,
  healthChangedAt: null,
  failure: null,
  forcedAt: null,
});

function createKeeping({ authorizations, now }: Pick<Rows, "authorizations" | "now">) {
  return {
    refreshed(authorization: Authorization, tokens: Tokens): void {
      if (authorization.failure) authorization.healthChangedAt = now();
      change(authorization, { tokens, failure: null });
    },

    /** The provider no longer honours the grant. */
    revoked(authorization: Authorization, code: string, said: string): void {
      change(authorization, { status: "error", error: { code, said }, tokens: null, failure: null, healthChangedAt: now() });
    },

    failing(authorization: Authorization, failure: Failure): void {
      if (authorization.failure?.kind !== failure.kind) authorization.healthChangedAt = now();
      authorization.failure = failure;
    },

    /** The connection stays, disabled. What was started for it can no longer be finished. */
    disconnect(connection: Connection): void {
      for (const [number, each] of authorizations) if (each.connection === connection) authorizations.delete(number);
      change(connection, { enabled: false, authorization: null, updatedAt: now() });
    },
  };
}
