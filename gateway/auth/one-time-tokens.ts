import type { Clock } from "../runtime/clock.ts";
import type { Database } from "../store/database.ts";
import type { RowMacs } from "../store/row-macs.ts";
import { createSecret, hashSecret } from "../store/sealing.ts";
import type { Lifetimes } from "./lifetimes.ts";
import type { MintedToken } from "./tokens.ts";

/** Expired one-time tokens deleted at most whenever one is created. */
const EXPIRED_TOKENS_DELETED = 100;
const SECOND_MS = 1_000;

/** Tokens that sign a user in once, where no cookie and no header can go: a link, or a window about to open. */
export interface OneTimeTokens {
  /**
   * 32 random bytes, of which only the hash is stored.
   * @param lifetimeSeconds Default: a minute, unless configured.
   */
  create(userId: string, lifetimeSeconds?: number): Promise<MintedToken>;
  /** The user it was made for, and it is used up; null when it is unknown, expired or used. */
  redeem(token: string): Promise<string | null>;
}

export interface OneTimeTokensOptions {
  database: Database;
  macs: RowMacs;
  clock: Clock;
  lifetimes: Pick<Lifetimes, "oneTimeTokenSeconds">;
}

export function createOneTimeTokens({ database, macs, clock, lifetimes }: OneTimeTokensOptions): OneTimeTokens {
  return {
    async create(userId, lifetimeSeconds = lifetimes.oneTimeTokenSeconds) {
      const token = createSecret();
      const now = clock.now();
      const expiresAt = now + lifetimeSeconds * SECOND_MS;
      await database.write([], async (transaction) => {
        const expired = transaction
          .selectFrom("one_time_tokens")
          .select("hash")
          .where("expires_at", "<=", now)
          .limit(EXPIRED_TOKENS_DELETED)
          .$if(database.kind === "postgres", (query) => query.forUpdate().skipLocked());
        await transaction.deleteFrom("one_time_tokens").where("hash", "in", expired).execute();
        const row = { hash: hashSecret(token), user_id: userId, expires_at: expiresAt };
        await transaction
          .insertInto("one_time_tokens")
          .values({ ...row, used_at: null, mac: macs.sign("one_time_tokens", row) })
          .execute();
      });
      return { token, expiresAt: new Date(expiresAt) };
    },

    async redeem(token) {
      // One conditional update, so that of two processes only one wins.
      const used = await database.query
        .updateTable("one_time_tokens")
        .set({ used_at: clock.now() })
        .where("hash", "=", hashSecret(token))
        .where("used_at", "is", null)
        .where("expires_at", ">", clock.now())
        .returningAll()
        .executeTakeFirst();
      return used && macs.accept("one_time_tokens", used) ? used.user_id : null;
    },
  };
}
