import { type RawBuilder, sql } from "kysely";
import type { ConnectorConfig } from "../providers/connector.ts";
import { defaultKindOf } from "../providers/provider.ts";
import type { AuthorizationRow } from "../store/tables.ts";

/** The grants of a connection, as `StoredConnection` has them. */
interface Grants {
  authorization: AuthorizationRow | null;
  grants?: readonly AuthorizationRow[] | undefined;
  connector: Pick<ConnectorConfig, "facts">;
}

/** The kind of a grant's tokens. A grant of an earlier release has no kind stored: it is of the default one. Null where the provider has one kind. */
export const tokenKindOf = ({ token_kind: kind }: Pick<AuthorizationRow, "token_kind">, { facts }: Grants["connector"]): string | null =>
  kind ?? (facts && defaultKindOf(facts));

/** All grants of a connection, its own first. */
export const grantsOf = ({ authorization, grants = authorization ? [authorization] : [] }: Grants): readonly AuthorizationRow[] => grants;

/** The connection with its grant of this kind. `kind` null: its own grant. Returns null where it has none of this kind. */
export function ofKind<Stored extends Grants>(stored: Stored, kind: string | null): Stored | null {
  const grants = grantsOf(stored);
  if (kind === null || grants.length === 0) return stored;
  const found = grants.find((grant) => tokenKindOf(grant, stored.connector) === kind);
  return found ? { ...stored, authorization: found } : null;
}

/** The connection with its own grant, where its grant is a further kind's, which came with that one. */
export function ownGrantOf<Stored extends Grants>(stored: Stored): Stored {
  const { authorization } = stored;
  const own = authorization?.came_with ? grantsOf(stored).find(({ id }) => id === authorization.came_with) : undefined;
  return own ? { ...stored, authorization: own } : stored;
}

/** Of a join with connections: the grant is the connection's own, or came with it. */
export const servesConnection = (): RawBuilder<boolean> =>
  sql<boolean>`connections.authorization_id in (authorizations.id, authorizations.came_with)`;
