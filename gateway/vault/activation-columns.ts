import type { Account } from "../oauth/account.ts";
import type { StatedValues } from "../oauth/stated-values.ts";
import type { Log } from "../runtime/log.ts";
import { SealError } from "../store/sealing.ts";
import type { AuthorizationRow } from "../store/tables.ts";
import type { StartedConnection, StoredConnection } from "./connections.ts";
import { clientIdOf } from "./grant-client.ts";
import { relationTo } from "./same-account.ts";
import { type Keys, openColumn, keptOf, openStated, placeOf, rowOf, sealColumn, sealStated, tokenColumns } from "./sealed-columns.ts";
import type { Granted } from "./spool.ts";
import { NO_USERINFO_AT } from "./token-check.ts";
import { credentialOf } from "./credential.ts";

/** What a grant receives when it becomes active. */
export type ActivationColumns = Omit<Partial<AuthorizationRow>, "id">;

/** What a user typed into a connector's form, opened, and whose it is. */
export interface CollectedKey {
  values: Record<string, string>;
  account: Account | null;
  stated: StatedValues;
  isKnownToUserInfo: boolean;
}

export interface ColumnDependencies extends Keys {
  log: Pick<Log, "error">;
}

/** The columns of a grant whose code brought tokens, beside what it takes from the grant that it replaces. */
export function columnsOfTokens(
  dependencies: ColumnDependencies,
  started: StartedConnection,
  previous: AuthorizationRow | null,
  { tokens, askedAt, clientId, account, isKnownToUserInfo }: Granted,
): ActivationColumns {
  const { connection, authorization, connector } = started;
  // What is known of the one account must not turn up under the name of another, which an unknown one may be.
  const kept = previous && relationTo(started, previous, account) === "same" ? previous : null;
  const inherited = kept !== null && isOfClient(kept, started, clientId) ? kept : null;
  const known = openIfPossible(dependencies, { connection, connector, authorization: kept }, openStated) ?? {};
  const place = placeOf(connection, authorization.id);
  const columns = tokenColumns(dependencies.sealer, place, connector, tokens, authorization, known, askedAt);
  return {
    ...columns,
    // Those that the exchange used, not those that were submitted during it.
    sealed_fields: authorization.sealed_fields,
    client_id: clientId,
    grant_expires_at: columns.grant_expires_at ?? (columns.sealed_refresh_token ? null : (inherited?.grant_expires_at ?? null)),
    sealed_refresh_token: columns.sealed_refresh_token ?? inheritRefreshToken(dependencies, started, inherited),
    account_id: account?.id ?? null,
    account_id_path: account?.idPath ?? null,
    display_label: account?.label ?? kept?.display_label ?? null,
    checked_at: isKnownToUserInfo ? null : NO_USERINFO_AT,
  };
}

/** Whether the client of a new grant has made the one before, whose refresh token it can use then. */
export const isOfClient = (previous: AuthorizationRow, { connector }: StartedConnection, clientId: string | null): boolean =>
  clientIdOf({ authorization: previous, connector }) === (clientId ?? connector.oauth?.client.clientId);

/** The columns of a grant whose form brought an API key, or a user and a password. */
export function columnsOfKey(
  { sealer }: Pick<Keys, "sealer">,
  { connection, authorization, connector }: StartedConnection,
  { values, account, stated, isKnownToUserInfo }: CollectedKey,
  now: number,
): ActivationColumns {
  const place = placeOf(connection, authorization.id);
  const credential = credentialOf(connector, values);
  return {
    sealed_fields: authorization.sealed_fields,
    sealed_access_token: sealColumn(sealer, place, "sealed_access_token", credential),
    sealed_stated: sealStated(sealer, place, keptOf(stated, [credential], connector)),
    account_id: account?.id ?? null,
    account_id_path: account?.idPath ?? null,
    display_label: account?.label ?? null,
    checked_at: isKnownToUserInfo ? null : NO_USERINFO_AT,
    token_type: connector.facts?.kind === "basic" ? "basic" : "api_key",
    granted_scopes: authorization.requested_scopes,
    issued_at: now,
    expires_at: null,
    version: authorization.version + 1,
  };
}

/** Rule 6: a reconnect of the same account without a new refresh token keeps the old one, sealed again for its new place. */
function inheritRefreshToken(
  dependencies: ColumnDependencies,
  { connection, connector, authorization }: StartedConnection,
  previous: AuthorizationRow | null,
): string | null {
  const openToken = (keys: Keys, stored: StoredConnection) => openColumn(keys, stored, "sealed_refresh_token");
  const refreshToken = openIfPossible(dependencies, { connection, connector, authorization: previous }, openToken);
  return refreshToken && sealColumn(dependencies.sealer, placeOf(connection, authorization.id), "sealed_refresh_token", refreshToken);
}

/** Connecting again is what mends a connection whose secrets do not open: it must not fail for them. */
export function openIfPossible<Secret>(
  { log, ...keys }: ColumnDependencies,
  stored: StoredConnection,
  open: (keys: Keys, stored: StoredConnection) => Secret,
): Secret | null {
  try {
    return open(keys, stored);
  } catch (error) {
    if (!(error instanceof SealError)) throw error;
    log.error({ ...rowOf(stored), err: error }, "a stored secret cannot be decrypted: it is replaced without being read");
    return null;
  }
}
