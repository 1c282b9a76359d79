import type { AuthorizationRow } from "../store/tables.ts";
import { type ColumnDependencies, columnsOfTokens, isOfClient, openIfPossible } from "./activation-columns.ts";
import type { StartedConnection } from "./connections.ts";
import { tokenKindOf } from "./token-kinds.ts";
import { newAuthorization } from "./new-rows.ts";
import { relationTo } from "./same-account.ts";
import { parseFurtherScopes } from "./scopes.ts";
import { grantFacts, type Keys, openColumn, placeOf, sealColumn } from "./sealed-columns.ts";
import type { Granted } from "./spool.ts";

/** The one of these grants that has the same kind of token. */
export const findOfSameKind = (
  { connector }: Pick<StartedConnection, "connector">,
  grants: readonly AuthorizationRow[],
  grant: AuthorizationRow,
): AuthorizationRow | null => grants.find((before) => tokenKindOf(before, connector) === tokenKindOf(grant, connector)) ?? null;

/** An active row, beside the connection's own, for each further kind of token that the answer holds and the connector has. */
export function furtherGrants(
  dependencies: ColumnDependencies,
  started: StartedConnection,
  before: readonly AuthorizationRow[],
  { tokens: { further = {}, stated }, ...granted }: Granted,
  now: number,
): AuthorizationRow[] {
  const { connection, connector } = started;
  const isOffered = (kind: string) => connector.tokenKinds.some((each) => each.kind === kind);
  return Object.entries(further).flatMap(([kind, token]) => {
    if (!isOffered(kind) || kind === tokenKindOf(started.authorization, connector)) return [];
    const asked = askedGrant(dependencies, started, kind, now);
    // Userinfo was asked with the default kind's token.
    const given = { ...granted, tokens: { ...token, stated, misread: [] }, isKnownToUserInfo: false };
    const columns = columnsOfTokens(dependencies, { ...started, authorization: asked }, findOfSameKind(started, before, asked), given);
    const row = { ...asked, ...columns, status: "active" as const, connected_at: now, health_changed_at: now };
    return [{ ...row, mac: dependencies.macs.sign("authorizations", grantFacts(connection, row)) }];
  });
}

/** A further kind's grant before it has its tokens, with the fields that the user typed. */
function askedGrant(
  { log, ...keys }: ColumnDependencies,
  { connection, connector, authorization }: StartedConnection,
  kind: string,
  now: number,
): AuthorizationRow {
  const { id, started_by: userId, started_by_name: name, further_scopes: scopes } = authorization;
  const startedBy = userId === null ? null : { userId, name };
  const asked = newAuthorization(keys.macs, connection, { scopes: parseFurtherScopes(scopes)[kind] ?? [], kind, startedBy }, now);
  const openTyped = (of: Keys) => openColumn(of, { connection, connector, authorization }, "sealed_fields");
  const fields = openIfPossible({ log, ...keys }, { connection, connector, authorization }, openTyped);
  const sealedFields = fields && sealColumn(keys.sealer, placeOf(connection, asked.id), "sealed_fields", fields);
  return { ...asked, came_with: id, sealed_fields: sealedFields };
}

/** Rule 6: a kind that the answer to a reconnect does not hold is kept where the account and the client are the same. */
export const keptGrants = (
  started: StartedConnection,
  previous: readonly AuthorizationRow[],
  further: readonly AuthorizationRow[],
  { account, clientId }: Granted,
): AuthorizationRow[] =>
  previous.filter(
    (grant) =>
      findOfSameKind(started, [started.authorization, ...further], grant) === null &&
      relationTo(started, grant, account) === "same" &&
      isOfClient(grant, started, clientId),
  );
