import type { Log } from "../runtime/log.ts";
import type { UserRelay } from "./upstream.ts";

/** Ends a session at the upstream as far as possible. A failure is logged and not thrown, because the browser is signed out in any case. */
export async function endSession({ logout }: Pick<UserRelay, "logout">, cookie: string | null, log: Pick<Log, "warn">): Promise<void> {
  if (cookie === null) return;
  try {
    await logout(cookie);
  } catch (error) {
    log.warn({ err: error }, "a session at the upstream could not be ended: it lasts until it expires");
  }
}
