import { createLog } from "../runtime/log.ts";
import type { Database, StoreOptions } from "./database.ts";

/**
 * Opens the store and brings it to the newest shape.
 * @param url `postgres://…`, or `file:` and a path for SQLite.
 * Throws when it cannot be reached, and `MigrationError` when it belongs to another version.
 */
export async function openDatabase(
  url: string,
  { clock, log = createLog("silent"), ...options }: Pick<StoreOptions, "clock"> & Partial<StoreOptions>,
): Promise<Database> {
  // Each brings a driver of its own: only the one in use is loaded.
  if (/^postgres(ql)?:/.test(url)) return (await import("./postgres.ts")).openPostgres(url, { clock, log, ...options });
  return (await import("./sqlite.ts")).openSqlite(url.replace(/^file:/, ""), { clock, log, ...options });
}
