import type { AccessTokenOutcome, TokenRequest } from "../../schema/upstream.ts";
import type { BoundedClock } from "../store/store-clock.ts";
import type { AuthorizationRow } from "../store/tables.ts";
import { type StoredConnection, type StoredGrant, toConnection, type View } from "./connections.ts";
import { assessFreshness, type Freshness, refreshAheadOf } from "./freshness.ts";
import { apiAccessOf } from "./api-access.ts";
import type { RefreshCause } from "./refresh-verdict.ts";
import { isRenewable } from "./renewable.ts";
import { tokenKindOf } from "./token-kinds.ts";
import { missingScopesOf, parseScopes } from "./scopes.ts";
import { fingerprintOf, type Keys, openColumn, openFields } from "./sealed-columns.ts";

export type GrantedToken = Extract<AccessTokenOutcome, { type: "AccessToken" }>;

/** A connection that has tokens, its access token opened, and what is to be thought of it. */
export interface Held extends StoredGrant {
  token: GrantedToken;
  freshness: Freshness;
  /** Who refused the token: the caller by `rejected`, or the provider when it was asked. */
  refusedBy: "caller" | "provider" | null;
}

/** Null for a connection that has no token. Throws `SealError`. */
export type OpenHeld = (stored: StoredConnection, request: TokenRequest) => Held | null;

interface Dependencies extends Keys {
  clock: BoundedClock;
  metadataOf: View["metadataOf"];
  publicUrl: string;
}

/** Creates what opens the tokens of connections: each access token once for as long as its row is cached. */
export function createTokenOpener(dependencies: Dependencies): OpenHeld {
  const opened = new WeakMap<AuthorizationRow, GrantedToken>();
  return function openHeld(stored, request) {
    const { connection, authorization, connector, grants } = stored;
    if (authorization?.status !== "active") return null;
    const known = opened.get(authorization);
    const token = known ?? openToken(dependencies, stored, authorization);
    if (!token) return null;
    if (!known) opened.set(authorization, token);
    const life = { issuedAt: authorization.issued_at ?? 0, expiresAt: authorization.expires_at };
    const refresh = connector.facts?.refresh;
    const freshness = assessFreshness(life, request.minimumTtl, dependencies.clock.latest(), refresh && refreshAheadOf(refresh));
    const isRejected = request.rejected === token.fingerprint;
    const refusedBy = authorization.refused_at !== null ? "provider" : isRejected ? "caller" : null;
    return { connection, authorization, connector, grants, token, freshness, refusedBy };
  };
}

function openToken(
  { publicUrl, clock, metadataOf, ...keys }: Dependencies,
  stored: StoredConnection,
  authorization: AuthorizationRow,
): GrantedToken | null {
  const value = openColumn(keys, stored, "sealed_access_token");
  if (value === null) return null;
  return {
    type: "AccessToken",
    value,
    tokenType: authorization.token_type ?? "bearer",
    kind: tokenKindOf(authorization, stored.connector),
    expiresAt: authorization.expires_at === null ? null : new Date(authorization.expires_at),
    scopes: parseScopes(authorization.granted_scopes),
    missingScopes: missingScopesOf(authorization, stored.connector),
    fingerprint: fingerprintOf(value),
    fields: stored.connector.oauth ? null : openFields(keys, stored),
    // It works, so that users and servers are shown the same.
    ...apiAccessOf(keys, stored, value),
    connection: toConnection(stored, { publicUrl, clock, metadataOf, reader: null }),
  };
}

/** Whether a refresh ends the token before. Unknown counts as yes. */
export const isKilledByRefresh = ({ connector }: StoredConnection): boolean => connector.facts?.refresh.kills_old_token ?? true;

/** It has the life that was asked for, and the third party has not refused it. */
export const isAnswer = ({ freshness, refusedBy }: Held): boolean => freshness.isUsable && refusedBy === null;

/** Why its token is to be refreshed; null while it is fresh, and where nothing can refresh it and it will do. */
export function causeOf(held: Held): RefreshCause | null {
  const { freshness, refusedBy } = held;
  if (freshness.isDue && (!freshness.isUsable || isRenewable(held))) return "due";
  return refusedBy && ({ caller: "rejected", provider: "dead" } as const)[refusedBy];
}
