import type { OAuthProvider } from "../oauth/provider.ts";
import type { TokenResult } from "../oauth/result.ts";
import type { ConnectorConfig } from "../providers/connector.ts";
import type { AuthorizationRow } from "../store/tables.ts";

/** Why a token is refreshed: it is due, the third party refused it, or a check at the provider has said that it is dead. */
export type RefreshCause = "due" | "rejected" | "dead";

/**
 * An answer that has not come this long after the request was written counts as lost, though the call goes on, in milliseconds (rule 5).
 * With the first retry it is within grace windows of 10 s. Slow providers answer before: a second request can end a grant that has no window.
 */
export const SILENT_ANSWER_MS = 7_000;
/** The share of a declared grace window after which an answer counts as lost, where that is sooner. */
const SILENT_SHARE = 0.25;
/** The share of a declared grace window that a retry waits at most. */
const RETRY_SHARE = 0.5;
/**
 * When the refresh token is sent once more after a lost answer, and after further faults, in milliseconds (rule 5). Together they stay
 * within grace windows of 10 s, the first within one of 5 s also when a second fault follows. None is sent after a declared window.
 */
export const LOST_ANSWER_RETRIES_MS: readonly number[] = [1_000, 2_000, 4_000];
/** Later than this after a lost answer no grace window is hoped for: the back-off of rule 4 applies. */
const LOST_ANSWER_WINDOW_MS = 7_000;
/** How long after `invalid_grant` the refresh token is sent once more, in milliseconds: a single refusal can be false (rule 3). */
export const CONFIRM_REVOKED_MS = 2_000;

/**
 * How long an answer is waited for, in milliseconds, before the refresh token is sent once more while the first call goes on. Null: it is
 * never sent while a call with it goes on.
 *
 * Only declared facts tell whether a provider punishes that. A declared `reuse_grace_seconds` says that it does not within the window.
 * `revokes_on_reuse` without a window says that it does. A provider of which neither is declared may have a short window.
 */
export function silentAnswerMs({ revokesOnReuse, reuseGraceSeconds }: Pick<OAuthProvider, "revokesOnReuse" | "reuseGraceSeconds">) {
  if (reuseGraceSeconds !== null) return Math.min(SILENT_ANSWER_MS, reuseGraceSeconds * 1000 * SILENT_SHARE);
  return revokesOnReuse ? null : SILENT_ANSWER_MS;
}

/** What a verdict depends on. */
interface JudgedGrant {
  authorization: Pick<AuthorizationRow, "perhaps_rotated_at">;
  connector: Pick<ConnectorConfig, "oauth">;
}

/**
 * Judges the answers to one refresh: which of them decides, and when to send the refresh token once more.
 *
 * A lost answer may have rotated the refresh token: the one that is sent again is then an old one. The grant remembers this in
 * `perhaps_rotated_at` until new tokens are stored. Such a token is not sent a third time where the provider declares `revokes_on_reuse`,
 * nor a second time while the first call goes on (`silentAnswerMs`).
 */
export function createVerdict({ authorization, connector }: JudgedGrant, cause: RefreshCause) {
  const revokesOnReuse = connector.oauth?.provider.revokesOnReuse ?? false;
  const silentMs = connector.oauth ? silentAnswerMs(connector.oauth.provider) : SILENT_ANSWER_MS;
  const graceMs = (connector.oauth?.provider.reuseGraceSeconds ?? Infinity) * 1000;
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
    /**
     * Milliseconds until the refresh token is sent once more; null: the answer decides.
     * @param isPending the call goes on, and `result` only says that it has not answered.
     */
    pauseAfter(result: TokenResult, now: number, isPending = false): number | null {
      if (result.ok || result.kind === "withdrawn") return null;
      if (result.kind === "revoked") return pauseAfterRefusal();
      if (result.delivery === "lost") perhapsRotatedAt ??= now;
      if (perhapsRotatedAt === null || now - perhapsRotatedAt > LOST_ANSWER_WINDOW_MS) return null;
      if (isPending && silentMs === null) return null;
      const retryMs = LOST_ANSWER_RETRIES_MS[faults];
      if (retryMs === undefined) return null;
      faults += 1;
      const pauseMs = Math.min(retryMs, graceMs * RETRY_SHARE);
      // The window may have begun when the request was written.
      return now - perhapsRotatedAt + pauseMs > graceMs - (silentMs ?? 0) ? null : pauseMs;
    },
  };
}
