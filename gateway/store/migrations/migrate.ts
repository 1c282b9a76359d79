import { createHash } from "node:crypto";
import { type Kysely, sql } from "kysely";
import type { Tables } from "../tables.ts";

export interface Migration {
  name: string;
  /** SQL that SQLite and Postgres both take; columns of `text` and `bigint` only. */
  statements: readonly string[];
}

/** The store was made by another version of the gateway, or by hand. */
export class MigrationError extends Error {
  override readonly name = "MigrationError";
}

type Ledger = { migrations: { name: string; checksum: string; applied_at: number } };

/**
 * Brings the store to the newest shape in one transaction. `transaction` holds a lock that other processes wait for.
 * Throws `MigrationError` when an applied migration is unknown or its checksum differs.
 */
export async function migrate(transaction: Kysely<Tables>, migrations: readonly Migration[], now: number): Promise<void> {
  const ledger = transaction.withTables<Ledger>();
  await sql`create table if not exists migrations (name text primary key, checksum text not null, applied_at bigint not null)`.execute(
    ledger,
  );
  const applied = await ledger.selectFrom("migrations").selectAll().orderBy("name").execute();
  assertKnown(applied, migrations);
  for (const migration of migrations.slice(applied.length)) {
    for (const statement of migration.statements) await sql.raw(statement).execute(transaction);
    await ledger
      .insertInto("migrations")
      .values({ name: migration.name, checksum: checksumOf(migration), applied_at: now })
      .execute();
  }
}

function assertKnown(applied: readonly Ledger["migrations"][], migrations: readonly Migration[]): void {
  for (const [index, { name, checksum }] of applied.entries()) {
    const migration = migrations[index];
    if (migration?.name !== name) {
      throw new MigrationError(
        `The store has migration ${name}, which this version does not have: run the version that wrote the store, or a newer one.`,
      );
    }
    if (checksumOf(migration) !== checksum) {
      throw new MigrationError(
        `Migration ${name} was applied to the store with other statements than this version has: run the version that wrote the store.`,
      );
    }
  }
}

const checksumOf = (migration: Migration): string =>
  createHash("sha256")
    .update(migration.statements.map((statement) => statement.replaceAll(/\s+/g, " ").trim()).join(";"))
    .digest("hex");
