import { type Kysely, sql } from "kysely";
import type Libsql from "libsql";
import { z } from "zod";
import type { Tables } from "./tables.ts";

/** Tables that no cache and no subscription reads. Writes to them leave the caches of other processes alone. */
export const quietTables: readonly string[] = [
  "audit_events",
  "audit_heads",
  "audit_checkpoints",
  "connection_uses",
  "connector_healings",
  "connector_troubles",
  "counters",
  "leases",
  "migrations",
  "rates",
];

const tablesSchema = z.array(z.object({ name: z.string() }));

/**
 * Has the file count each changed row of every other table, in the transaction of the change itself. As triggers, so that no writer can leave
 * it out: an earlier release that still runs, or an operator's own statement.
 */
export async function countChanges(transaction: Kysely<Tables>): Promise<void> {
  await sql`insert into counters (name, last) values ('changes', 0) on conflict do nothing`.execute(transaction);
  const { rows } = await sql`select name from sqlite_schema where type = 'table' and name not like 'sqlite_%'`.execute(transaction);
  for (const { name } of tablesSchema.parse(rows)) {
    if (quietTables.includes(name)) continue;
    for (const act of ["insert", "update", "delete"])
      await sql
        .raw(
          `create trigger if not exists ${name}_${act}_counts after ${act} on ${name}
           begin update counters set last = last + 1 where name = 'changes'; end`,
        )
        .execute(transaction);
  }
}

/** What a look has seen of a file. */
interface Seen {
  /** Another one where another connection has committed since (sqlite.org/pragma.html#pragma_data_version). */
  version: number;
  /** Rows that any process has changed, as `countChanges` counts them. */
  count: number;
  /** Commits of this process until then. */
  commits: number;
}

const numberSchema = z.tuple([z.number()]);

/**
 * Creates a look at whether another process has changed anything that may be cached. It answers null where that cannot be seen, as while the
 * file is locked.
 * @param reader is never in a transaction: it sees what is committed alone
 */
export function createLook(writer: Libsql.Database, reader: Libsql.Database): (commits: number) => boolean | null {
  const version = writer.prepare("pragma data_version").raw(true);
  const counter = reader.prepare("select last from counters where name = 'changes'").raw(true);
  const readVersion = () => numberSchema.parse(version.get())[0];
  const readCount = () => numberSchema.parse(counter.get())[0];
  let seen: Seen | null = null;

  function look(commits: number): boolean {
    // Before the version: where that is the same, what was counted is this process's own. Where another process has committed before this
    // one has looked, it counts as theirs.
    const ours = seen === null || seen.commits === commits ? seen?.count : readCount();
    const now = readVersion();
    if (seen !== null && ours !== undefined && now === seen.version) {
      seen = { version: now, count: ours, commits };
      return false;
    }
    // After the version: what is committed in between is counted now, and not again.
    const count = readCount();
    const isChanged = count !== seen?.count;
    seen = { version: now, count, commits };
    return isChanged;
  }

  return (commits) => {
    try {
      return look(commits);
    } catch {
      return null;
    }
  };
}
