import { z } from "zod";
import { parseDatabaseUrl } from "../config/config.ts";
import { systemClock } from "../runtime/clock.ts";
import { UsageError } from "./usage-error.ts";

/** `backup`: copies a SQLite store. */
export async function makeBackup(path: string): Promise<void> {
  // Loads the SQLite driver, which most commands do not need.
  const { backUp } = await import("../store/backup.ts");
  const takenAt = await backUp(parseDatabaseUrl(process.env), path, systemClock);
  console.log(
    `${path} holds the store as of ${takenAt.toISOString()}. Only this store's sealing keys open it: keep them in another place.`,
  );
}

/** `restore`: replaces a SQLite store with a backup, or notes when the dump of a restored Postgres store was started. */
export async function restoreBackup(path: string, { "taken-at": instant }: { "taken-at"?: string }): Promise<void> {
  const { restore } = await import("../store/restore.ts");
  const { takenAt, previous } = await restore(parseDatabaseUrl(process.env), path || null, parseInstant(instant), systemClock);
  console.log(`The store is now the backup of ${takenAt.toISOString()}.${previous ? ` The previous store is kept as ${previous}.` : ""}`);
}

const instantSchema = z.iso.datetime({ offset: true });

function parseInstant(text: string | undefined): Date | null {
  if (text === undefined) return null;
  if (!instantSchema.safeParse(text).success) throw new UsageError("--taken-at must be a time such as 2026-11-25T12:00:00Z.");
  return new Date(text);
}
