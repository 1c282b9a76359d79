import { z } from "zod";
import { parseDatabaseUrl } from "../config/config.ts";
import { systemClock } from "../runtime/clock.ts";
import { UsageError } from "./usage-error.ts";

/** `backup`: copies a SQLite store. */
export async function makeBackup(path: string): Promise<void> {
  // A driver of SQLite, which other commands may have no use for.
  const { backUp } = await import("../store/backup.ts");
  const takenAt = await backUp(parseDatabaseUrl(process.env), path, systemClock);
  console.log(
    `${path} holds the store as of ${takenAt.toISOString()}. It opens with this store's sealing keys alone: keep those elsewhere.`,
  );
}

/** `restore`: puts a backup in a SQLite store's place, or says when the dump of a restored Postgres store was started. */
export async function restoreBackup(path: string, { "taken-at": instant }: { "taken-at"?: string }): Promise<void> {
  const { restore } = await import("../store/restore.ts");
  const { takenAt, previous } = await restore(parseDatabaseUrl(process.env), path || null, parseInstant(instant), systemClock);
  console.log(`The store is the backup of ${takenAt.toISOString()}.${previous ? ` What was there before is ${previous}.` : ""}`);
}

const instantSchema = z.iso.datetime({ offset: true });

function parseInstant(text: string | undefined): Date | null {
  if (text === undefined) return null;
  if (!instantSchema.safeParse(text).success) throw new UsageError("--taken-at must be an instant like 2026-11-25T12:00:00Z.");
  return new Date(text);
}
