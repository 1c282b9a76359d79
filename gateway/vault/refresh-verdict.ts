import type { TokenResult } from "../oauth/result.ts";
import type { ConnectorConfig } from "../providers/connector.ts";
import type { AuthorizationRow } from "../store/tables.ts";

/** Why a token is refreshed: it is due, the third party refused it, or a check at the provider has said that it is dead. */
export type RefreshCause = "due" | "rejected" | "dead";

/**
 * When the refresh token is sent once more after a lost answer, and after further faults, in milliseconds (rule 5). Together they stay within
 * grace windows of 10 s, the first within one of 5 s also when a second fault follows.
 */
export const LOST_ANSWER_RETRIES_MS: readonly number[] = [1_000, 2_000, 4_000];
/** Later than this after a lost answer no grace window is hoped for: the back-off of rule 4 applies. */
const LOST_ANSWER_WINDOW_MS = 7_000;
/** How long after `invalid_grant` the refresh token is sent once more, in milliseconds: a single refusal can be false (rule 3). */
export const CONFIRM_REVOKED_MS = 2_000;

/** What a verdict depends on. */
interface JudgedGrant {
  authorization: Pick<AuthorizationRow, "perhaps_rotated_at">;
  connector: Pick<ConnectorConfig, "oauth">;
}

/**
 * Judges the answers to one refresh: which of them decides, and when to send the refresh token once more.
 *
 * A lost answer may have rotated the refresh token: the one that is sent again is then an old one. The grant remembers this in
 * `perhaps_rotated_at` until new tokens are stored. Such a token is not sent a third time where the provider declares `revokes_on_reuse`.
 */
export function createVerdict({ authorization, connector }: JudgedGrant, cause: RefreshCause) {
  const revokesOnReuse = connector.oauth?.provider.revokesOnReuse ?? false;
  let perhapsRotatedAt = authorization.perhaps_rotated_at;
  let faults = 0;
  let refusals = 0;

  function pauseAfterRefusal(): number | null {
    refusals += 1;
    const isFinal = refusals > 1 || cause === "dead" || (revokesOnReuse && perhapsRotatedAt !== null);
    return isFinal ? null : CONFIRM_REVOKED_MS;
  }

  return {
    /** When an answer was first lost since the tokens were stored; null: none was. */
    perhapsRotatedAt: () => perhapsRotatedAt,
    /** Milliseconds until the refresh token is sent once more; null: the answer decides. */
    pauseAfter(result: TokenResult, now: number): number | null {
      if (result.ok || result.kind === "withdrawn") return null;
      if (result.kind === "revoked") return pauseAfterRefusal();
      if (result.delivery === "lost") perhapsRotatedAt ??= now;
      if (perhapsRotatedAt === null || now - perhapsRotatedAt > LOST_ANSWER_WINDOW_MS) return null;
      faults += 1;
      return LOST_ANSWER_RETRIES_MS[faults - 1] ?? null;
    },
  };
}
