import type { Kysely } from "kysely";
import type { Tables } from "./tables.ts";

/** Notes that the store is a restored backup, taken at `takenAt`, in milliseconds since the epoch. */
export async function noteRestoredBackup(query: Kysely<Tables>, takenAt: number): Promise<void> {
  await query
    .insertInto("restored_backups")
    .values({ taken_at: takenAt })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** Whether a grant is one of a restored backup: `issuedAt` is when its current token was asked for, in milliseconds since the epoch. */
export async function isOfRestoredBackup(query: Kysely<Tables>, issuedAt: number | null): Promise<boolean> {
  const takenAt = await lastRestoredBackup(query);
  return takenAt !== null && (issuedAt ?? 0) <= takenAt;
}

/** When the newest of the backups that the store was restored from was taken; null when it never was. */
export async function lastRestoredBackup(query: Kysely<Tables>): Promise<number | null> {
  const row = await query
    .selectFrom("restored_backups")
    .select(({ fn }) => fn.max("taken_at").as("takenAt"))
    .executeTakeFirst();
  return row?.takenAt ?? null;
}
