import { createHash } from "node:crypto";
import { z } from "zod";
import type { Owner } from "../../schema/upstream.ts";
import { jwtExpiry } from "../oauth/jwt.ts";
import type { TokenSet } from "../oauth/result.ts";
import type { StatedValues } from "../oauth/stated-values.ts";
import type { ConnectorConfig } from "../providers/connector.ts";
import { ownerOf, type StoredConnection } from "./connections.ts";
import { factsOf, type NamedConnection } from "./log-facts.ts";
import { parseScopes } from "./scopes.ts";
import type { RowMacs } from "../store/row-macs.ts";
import { contextOf } from "../store/sealed-places.ts";
import { SealError, type Sealer } from "../store/sealing.ts";
import type { AuthorizationRow, ConnectionRow } from "../store/tables.ts";

/** The columns that hold secrets. Each is sealed for its own place: owner, connection, authorization and column. */
type SealedColumn = "sealed_access_token" | "sealed_refresh_token" | "sealed_fields" | "sealed_stated";

export interface TokenPlace {
  owner: Owner;
  connectionId: string;
  authorizationId: string;
}

export const placeOf = (connection: ConnectionRow, authorizationId: string): TokenPlace => ({
  owner: ownerOf(connection),
  connectionId: connection.id,
  authorizationId,
});

const contextIn = ({ owner, ...ids }: TokenPlace, column: SealedColumn): string =>
  contextOf.token({ ownerKind: owner.kind, ownerId: owner.id, ...ids }, column);

export const sealColumn = (sealer: Sealer, place: TokenPlace, column: SealedColumn, value: string): string =>
  sealer.seal(value, contextIn(place, column));

/** What opens and verifies rows. */
export interface Keys {
  sealer: Sealer;
  macs: RowMacs;
}

/** What the HMAC of a connection's authorization is made of. */
export const grantFacts = (connection: ConnectionRow, { id, issued_at, expires_at, token_kind }: GrantLife) => {
  const { id: connection_id, owner_kind, owner_id, connector_slug, disabled_at } = connection;
  return { id, connection_id, owner_kind, owner_id, issued_at, expires_at, connector_slug, token_kind, disabled_at };
};

type GrantLife = Pick<AuthorizationRow, "id" | "issued_at" | "expires_at" | "token_kind">;

/** Opens one secret of a stored connection; null where there is none. Throws `SealError`, also where the row does not verify. */
export function openColumn({ sealer, macs }: Keys, { connection, authorization }: StoredConnection, column: SealedColumn): string | null {
  const envelope = authorization?.[column];
  if (!authorization || !envelope) return null;
  if (!macs.accept("authorizations", { ...grantFacts(connection, authorization), mac: authorization.mac }))
    throw new SealError("The row of a stored secret does not verify: this gateway did not write it.");
  return sealer.open(envelope, contextIn(placeOf(connection, authorization.id), column));
}

/** What tells which rows are spoken of. */
export interface RowNames extends NamedConnection {
  authorization: Pick<AuthorizationRow, "id"> | null;
}

/** What names a stored connection's rows in the log. */
export const rowOf = (stored: RowNames) => ({ ...factsOf(stored), grant: stored.authorization?.id ?? null });

/** A longer life of an access token is taken for this one: 100 years. */
const LONGEST_LIFETIME_SECONDS = 3_155_760_000;

const textsSchema = z.record(z.string(), z.string());

/** The fields that were collected from the user, opened. */
export const openFields = (keys: Keys, stored: StoredConnection): Record<string, string> =>
  textsSchema.parse(JSON.parse(openColumn(keys, stored, "sealed_fields") ?? "{}"));

/** The values that the provider stated, opened. */
export const openStated = (keys: Keys, stored: StoredConnection): StatedValues =>
  textsSchema.parse(JSON.parse(openColumn(keys, stored, "sealed_stated") ?? "{}"));

/** `AccessToken.fingerprint`: base64url of the first 16 bytes of the SHA-256. */
export const fingerprintOf = (token: string): string => createHash("sha256").update(token).digest().subarray(0, 16).toString("base64url");

/**
 * The columns that a provider's answer changes (rule 6: what it did not send again stays).
 * @param known what was stated before; null where it does not open, and stays as it is
 * @param askedAt milliseconds: before the request was sent. The token's life is counted from there, so that it never seems longer than it is.
 */
export function tokenColumns(
  sealer: Sealer,
  place: TokenPlace,
  connector: ConnectorConfig,
  tokens: TokenSet,
  before: AuthorizationRow,
  known: StatedValues | null,
  askedAt: number,
) {
  return {
    sealed_access_token: sealColumn(sealer, place, "sealed_access_token", tokens.accessToken),
    sealed_refresh_token: tokens.refreshToken
      ? sealColumn(sealer, place, "sealed_refresh_token", tokens.refreshToken)
      : before.sealed_refresh_token,
    sealed_stated: known
      ? sealStated(sealer, place, { ...known, ...keptOf(tokens.stated, secretsIn(tokens), connector) })
      : before.sealed_stated,
    token_type: tokens.tokenType,
    granted_scopes: JSON.stringify(tokens.scopes ?? assumedScopes(before)),
    issued_at: askedAt,
    expires_at: expiryOf(tokens, connector, askedAt),
    grant_expires_at: grantExpiryOf(tokens, connector, askedAt) ?? before.grant_expires_at,
    version: before.version + 1,
  } satisfies Partial<AuthorizationRow>;
}

const secretsIn = ({ further = {}, ...tokens }: TokenSet): (string | null)[] =>
  [tokens, ...Object.values(further)].flatMap(({ accessToken, refreshToken }) => [accessToken, refreshToken]);

/** The columns that the answer to a request for a narrower token changes: its access token is not the grant's. */
export function narrowedColumns(
  sealer: Sealer,
  place: TokenPlace,
  connector: ConnectorConfig,
  tokens: TokenSet,
  before: AuthorizationRow,
  askedAt: number,
): TokenColumns {
  const columns = tokenColumns(sealer, place, connector, tokens, before, null, askedAt);
  const { sealed_access_token, token_type, granted_scopes, issued_at, expires_at } = before;
  return {
    ...columns,
    sealed_access_token: sealed_access_token ?? columns.sealed_access_token,
    token_type: token_type ?? columns.token_type,
    granted_scopes,
    issued_at: issued_at ?? askedAt,
    expires_at,
  };
}

export const sealStated = (sealer: Sealer, place: TokenPlace, stated: StatedValues): string | null =>
  Object.keys(stated).length === 0 ? null : sealColumn(sealer, place, "sealed_stated", JSON.stringify(stated));

/** The values that are declared to be kept, never one of the secrets. */
export function keptOf(stated: StatedValues, secrets: readonly (string | null)[], { protocol }: ConnectorConfig): StatedValues {
  const kept = (protocol?.keptSources ?? []).flatMap((source) => {
    const value = stated[source];
    return value === undefined || secrets.includes(value) ? [] : [[source, value] as const];
  });
  return Object.fromEntries(kept);
}

export type TokenColumns = ReturnType<typeof tokenColumns>;

/** An answer without `scope` grants what was asked (RFC 6749 section 5.1), or on refresh what was granted (section 6). */
const assumedScopes = (before: AuthorizationRow): string[] =>
  parseScopes(before.status === "active" ? before.granted_scopes : before.requested_scopes);

/** Rule 7: `expires_in`, else the connector's default life, else the JWT's `exp`, else unknown. */
export function expiryOf(
  tokens: Pick<TokenSet, "accessToken" | "expiresInSeconds">,
  connector: ConnectorConfig,
  askedAt: number,
): number | null {
  const seconds = tokens.expiresInSeconds ?? connector.oauth?.provider.accessTokenLifetimeSeconds ?? null;
  if (seconds !== null) return toInstant(askedAt + seconds * 1000, askedAt);
  const expiresAtSeconds = jwtExpiry(tokens.accessToken);
  return expiresAtSeconds === null ? null : toInstant(expiresAtSeconds * 1000, askedAt);
}

/** When the refresh token ends: as the answer states, else the connector's default for one that it brings. Null: nothing new is known. */
function grantExpiryOf({ refreshToken, refreshExpiresInSeconds }: TokenSet, { oauth }: ConnectorConfig, askedAt: number): number | null {
  const assumed = refreshToken === null ? null : (oauth?.provider.refreshTokenLifetimeSeconds ?? null);
  const seconds = refreshExpiresInSeconds ?? assumed;
  return seconds === null ? null : toInstant(askedAt + seconds * 1000, askedAt);
}

/** An instant that every store can hold, in whole milliseconds: an answer that cannot be stored is lost. */
const toInstant = (instant: number, askedAt: number): number =>
  Math.floor(Math.min(Math.max(instant, 0), askedAt + LONGEST_LIFETIME_SECONDS * 1000));
