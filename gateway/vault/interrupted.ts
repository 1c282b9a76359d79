import { ATTEMPT_LIFETIME_SECONDS } from "./attempts.ts";
import type { AuthorizationRow } from "../store/tables.ts";

/** When an exchange that has stored nothing by then must have ended with its process, in milliseconds: null for none under way. */
export const interruptedAt = ({ status, updated_at }: AuthorizationRow): number | null =>
  status === "retrieving_tokens" ? updated_at + ATTEMPT_LIFETIME_SECONDS * 1000 : null;

/**
 * An authorization as it is shown: the process that could tell how an interrupted exchange ended is gone.
 * Not stored, so that an answer that comes still later is taken.
 */
export function shown(authorization: AuthorizationRow, now: number): AuthorizationRow {
  const endedAt = interruptedAt(authorization);
  return endedAt === null || endedAt > now ? authorization : { ...authorization, ...interrupted };
}

const interrupted = {
  status: "error",
  error_code: "interrupted",
  error_message: "Connecting was interrupted before the tokens were stored: start again.",
} as const;
