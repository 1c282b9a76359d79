import { type Account, idPathsOf } from "../oauth/account.ts";
import type { AuthorizationRow } from "../store/tables.ts";
import type { StartedConnection } from "./connections.ts";

/**
 * What the account of a new grant is to the one that the connection has.
 *
 * - `unknown`: the provider did not name it where it is expected to.
 * - `incomparable`: the known id is from a path that the configuration no longer has, and the answer holds nothing there.
 */
type AccountRelation = "same" | "other" | "unknown" | "incomparable";

type KnownAccount = Pick<AuthorizationRow, "account_id" | "account_id_path">;

/** What the account of a started grant is to that of the grant which it replaces. */
export const relationTo = ({ connector }: StartedConnection, previous: KnownAccount, account: Account | null): AccountRelation =>
  relateAccounts(previous, account, connector.protocol ? idPathsOf(connector.protocol) : []);

/** Only ids of one path are compared. Both unknown counts as the same. `idPaths`: of the configuration. */
function relateAccounts(known: KnownAccount, account: Account | null, idPaths: readonly string[]): AccountRelation {
  const { account_id: id, account_id_path: path } = known;
  const newId = account?.id ?? null;
  if (id === null) return newId === null ? "same" : "other";
  if (account === null || newId === null) return "unknown";
  if (path === null) return newId === id || rounded(newId) === id ? "same" : "other";
  const comparable = account.idPath === path ? newId : account.idAtKnownPath;
  if (comparable !== null) return comparable === id ? "same" : "other";
  return idPaths.includes(path) ? "unknown" : "incomparable";
}

/** As an id was stored before its path was: a JSON integer beyond 2^53 was rounded. */
const rounded = (id: string): string => (/^-?\d+$/.test(id) ? String(Number(id)) : id);
