import { createHash } from "node:crypto";
import type { Recorded } from "../custody/recorder.ts";
import type { Actor, Happening, Refreshes, ScopeChange } from "../custody/history.ts";
import type { AuthorizationRow } from "../store/tables.ts";
import { healthOf, type JudgedGrant } from "./health.ts";
import { parseScopes } from "./scopes.ts";

/** The columns of a grant that was just refreshed: it is counted, and written into the history with what happens next. */
export const countRefresh = (
  { refreshes, first_refreshed_at: firstAt }: Pick<AuthorizationRow, "refreshes" | "first_refreshed_at">,
  now: number,
) => ({ refreshes: refreshes + 1, first_refreshed_at: firstAt ?? now });

/** What a grant's new columns mean to its connection's history, and these columns when that is written. Null: nothing to be written. */
export function recordedOf<Columns extends Partial<AuthorizationRow>>(
  grant: JudgedGrant,
  columns: Columns,
  now: number,
): { columns: Columns | (Columns & Partial<AuthorizationRow>); recorded: Recorded | null } {
  const happenings = happeningsOf(grant, columns, now);
  if (happenings.length === 0) return { columns, recorded: null };
  // What broke has folded the refreshes before it, and there was none since.
  if (happenings.every(({ isUncertain }) => isUncertain)) return { columns, recorded: { happenings, refreshes: [] } };
  const { authorization } = grant;
  const isRefresh = (columns.refreshes ?? authorization.refreshes) > authorization.refreshes;
  const counted = isRefresh ? countRefresh(notCounted, now) : notCounted;
  return { columns: { ...columns, ...counted }, recorded: { happenings, refreshes: refreshesOf([authorization]) } };
}

const notCounted = { refreshes: 0, first_refreshed_at: null };

function happeningsOf(grant: JudgedGrant, columns: Partial<AuthorizationRow>, now: number): Happening[] {
  const { authorization } = grant;
  const before = healthOf(grant, now).health;
  const { health: after, code } = healthOf({ ...grant, authorization: { ...authorization, ...columns } }, now);
  const of = { tokenKind: furtherKindOf(authorization), ...(authorization.came_with !== null && { isTold: false }) };
  const scopes = scopeChangeOf(authorization.granted_scopes, columns.granted_scopes);
  const changed: Happening[] = scopes && authorization.version > 0 ? [{ ...of, kind: "scopes_changed", scopes }] : [];
  if (after === before || after === null) return changed;
  if (after === "reconnect_required") return [...changed, { ...of, kind: "broke", code }];
  if (after === "misconfigured") return [...changed, { ...of, kind: "misconfigured", code }];
  return after === "working" ? [...changed, ...healedOf(grant.authorization, before).map((healed) => ({ ...of, ...healed }))] : changed;
}

/** A provider that was away for a while may have hidden that the grant did not work before: the history knows. */
function healedOf({ failures }: AuthorizationRow, before: HealthBefore): Happening[] {
  if (isBroken(before)) return [{ kind: "healed" }];
  return before === "unavailable" && failures > 1 ? [{ kind: "healed", isUncertain: true }] : [];
}

type HealthBefore = ReturnType<typeof healthOf>["health"];

const isBroken = (health: HealthBefore): boolean => health === "reconnect_required" || health === "misconfigured";

/** Null for the connection's own grant. */
const furtherKindOf = ({ came_with, token_kind }: AuthorizationRow): string | null => (came_with === null ? null : token_kind);

/** Null where they are the same. */
function scopeChangeOf(before: string, after: string | undefined): ScopeChange | null {
  if (after === undefined || after === before) return null;
  const [had, has] = [parseScopes(before), parseScopes(after)];
  const added = has.filter((scope) => !had.includes(scope));
  const removed = had.filter((scope) => !has.includes(scope));
  return added.length + removed.length > 0 ? { added, removed } : null;
}

/** The refreshes of grants that are not in the history yet. */
export const refreshesOf = (grants: readonly AuthorizationRow[]): Refreshes[] =>
  grants
    .filter(({ refreshes }) => refreshes > 0)
    .map((grant) => ({
      count: grant.refreshes,
      firstAt: grant.first_refreshed_at ?? grant.updated_at,
      lastAt: grant.issued_at ?? grant.updated_at,
      tokenKind: furtherKindOf(grant),
    }));

/** A grant that has just become its connection's. */
export interface Connected {
  /** Who connected. */
  by: Actor;
  /** Whether the connection was enabled before. */
  wasEnabled: boolean;
  /** Its own grant before; null for none. */
  previous: JudgedGrant | null;
  columns: Partial<AuthorizationRow>;
  slug: string;
  /** What the account was when it was last connected; null where that is not known. */
  lastAccount: string | null;
}

/** What connecting or reconnecting means to a connection's history. */
export function happeningsOfConnecting({ by, wasEnabled, previous, columns, slug, lastAccount }: Connected, now: number): Happening[] {
  const account = accountFingerprint(slug, columns);
  const connected: Happening = { kind: wasEnabled ? "reconnected" : "connected", by, account };
  const changed: Happening[] = isOtherAccount(lastAccount, account) ? [{ kind: "account_changed", by }] : [];
  if (!wasEnabled || !previous) return [connected, ...changed];
  const scopes = scopeChangeOf(previous.authorization.granted_scopes, columns.granted_scopes);
  const { health } = healthOf(previous, now);
  return [
    connected,
    ...healedOf(previous.authorization, health).map((healed) => ({ ...healed, by })),
    ...changed,
    ...(scopes ? [{ kind: "scopes_changed" as const, by, scopes }] : []),
  ];
}

/** Tells accounts of one connector apart without naming them: the path that named the account, and its id. */
function accountFingerprint(slug: string, { account_id: id, account_id_path: path }: Partial<AuthorizationRow>): string | null {
  return id ? `${digest([slug, path ?? ""])}.${digest([slug, id])}` : null;
}

const digest = (parts: readonly string[]): string =>
  createHash("sha256").update(JSON.stringify(parts)).digest().subarray(0, 16).toString("base64url");

/** Only ids from one path are compared. */
function isOtherAccount(before: string | null, after: string | null): boolean {
  if (before === null || after === null || before === after) return false;
  return before.split(".")[0] === after.split(".")[0];
}
