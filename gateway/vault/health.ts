import { CLIENT_CHANGED_CODE, EXPIRED_CODE } from "../../schema/outcomes.ts";
import type { Health } from "../../schema/upstream.ts";
import type { AuthorizationRow } from "../store/tables.ts";
import { isRenewable, type Renewing } from "./renewable.ts";

/** The code of a grant whose stored secrets do not open. */
export const UNOPENED_CODE = "unopened";

/** The columns that the health of a grant depends on. */
export type HealthColumns = Pick<
  AuthorizationRow,
  "version" | "status" | "error_code" | "expires_at" | "failure_kind" | "failure_code" | "health_changed_at" | "sealed_refresh_token"
>;

/** A grant whose health is judged. */
export type JudgedGrant = Renewing & { authorization: AuthorizationRow };

interface HealthFacts {
  health: Health | null;
  code: string | null;
  changedAt: number | null;
}

/**
 * What the last refresh or check of a grant has shown, and since when. Null before it was connected.
 * @param hasClient whether the client that made it is configured: no other one can refresh it.
 */
export function healthOf(
  { authorization, connector }: Renewing & { authorization: HealthColumns },
  now: number,
  hasClient = true,
): HealthFacts {
  const { version, status, error_code, expires_at, failure_kind, failure_code } = authorization;
  const canRenew = isRenewable({ authorization, connector });
  const changedAt = authorization.health_changed_at;
  if (version === 0 || (status !== "active" && status !== "error")) return { health: null, code: null, changedAt: null };
  if (status === "error") return { health: "reconnect_required", code: error_code, changedAt };
  if (failure_kind === "misconfigured") return { health: "misconfigured", code: failure_code, changedAt };
  if (expires_at !== null && expires_at <= now && (!canRenew || !hasClient))
    return { health: "reconnect_required", code: canRenew ? CLIENT_CHANGED_CODE : EXPIRED_CODE, changedAt: expires_at };
  if (failure_kind === "temporary") return { health: "unavailable", code: failure_code, changedAt };
  return { health: "working", code: null, changedAt };
}

/** An earlier release noted only when connecting was started, minutes before. */
export const connectedAtOf = ({ connected_at, created_at, version }: AuthorizationRow): number | null =>
  connected_at ?? (version > 0 ? created_at : null);

/** The columns, with the instant where they change the grant's health. */
export function noteHealth<Columns extends Partial<AuthorizationRow>>(grant: JudgedGrant, columns: Columns, now: number) {
  const after = { ...grant, authorization: { ...grant.authorization, ...columns } };
  const isSame = healthOf(grant, now).health === healthOf(after, now).health;
  return isSame ? columns : { ...columns, health_changed_at: now };
}
