import { Kysely, PostgresDialect, sql, SqliteDialect } from "kysely";
import Libsql from "libsql";
import pg from "pg";
import { afterEach, describe, expect, it } from "vitest";
import { createManualClock } from "../../upstream-suite/manual-clock.ts";
import { createEmptyDatabase, databaseKinds, type TestDatabase } from "../../../test/support/databases.ts";
import type { Database } from "../database.ts";
import { openDatabase } from "../open.ts";
import type { Tables } from "../tables.ts";
import { migrations } from "./index.ts";
import { migrate } from "./migrate.ts";

let store: TestDatabase;
let opened: Database | undefined;
afterEach(async () => {
  await opened?.close();
  await store.drop();
});

/** A store that is not brought to the newest shape. */
async function openBare(url: string): Promise<Kysely<Tables>> {
  if (!url.startsWith("file:")) {
    const pool = new pg.Pool({ connectionString: url });
    // Dropping the database ends connections that are still closing. Without a listener their error would end the process.
    pool.on("error", () => {}).on("connect", (client) => client.on("error", () => {}));
    return new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  }
  return new Kysely<Tables>({ dialect: new SqliteDialect({ database: new Libsql(url.slice("file:".length)) }) });
}

const connectionOf1 = (id: string, enabled: number, authorization: string | null) =>
  `insert into connections (id, owner_kind, owner_id, connector_slug, enabled, authorization_id, created_at, updated_at)
   values ('${id}', 'user', 'ada', 'test', ${enabled}, ${authorization === null ? "null" : `'${authorization}'`}, 1, 1)`;
const authorizationOf1 = (id: string, connection: string, status: string, createdAt: number, token: string | null, version: number) =>
  `insert into authorizations (id, connection_id, status, requested_scopes, granted_scopes, sealed_refresh_token, version, failures, created_at, updated_at)
   values ('${id}', '${connection}', '${status}', '[]', '[]', ${token === null ? "null" : `'${token}'`}, ${version}, 0, ${createdAt}, ${createdAt})`;
/** One connection in each state that the first version knew. */
const rowsOfFirstVersion = [
  connectionOf1("enabled", 1, "of-enabled"),
  authorizationOf1("of-enabled", "enabled", "active", 1, "sealed", 3),
  connectionOf1("awaiting-callback", 0, "of-awaiting"),
  authorizationOf1("of-awaiting", "awaiting-callback", "awaiting_callback", 1, null, 0),
  connectionOf1("disconnected", 0, null),
  // Disconnected, and started again later.
  connectionOf1("reconnecting", 0, "of-reconnecting"),
  authorizationOf1("of-reconnecting", "reconnecting", "awaiting_callback", 2, null, 0),
];

describe.each(databaseKinds)("a store of the first version, on %s", (kind) => {
  it("keeps what an earlier version wrote, and distinguishes connections that were enabled once from others", async () => {
    store = await createEmptyDatabase(kind);
    const old = await openBare(store.url);
    await old.transaction().execute((transaction) => migrate(transaction, migrations.slice(0, 1), 0));
    for (const statement of rowsOfFirstVersion) await sql.raw(statement).execute(old);
    await old.destroy();
    const database = await openDatabase(store.url, { clock: createManualClock() });
    opened = database;
    const connections = await database.query.selectFrom("connections").select(["id", "first_enabled_at"]).orderBy("id").execute();
    expect(Object.fromEntries(connections.map((row) => [row.id, row.first_enabled_at]))).toEqual({
      "awaiting-callback": null,
      disconnected: 1,
      enabled: 1,
      reconnecting: 1,
    });
    const authorizations = await database.query.selectFrom("authorizations").selectAll().orderBy("id").execute();
    expect(authorizations.map((row) => [row.id, row.sealed_refresh_token, row.version, row.perhaps_rotated_at])).toEqual([
      ["of-awaiting", null, 0, null],
      ["of-enabled", "sealed", 3, null],
      ["of-reconnecting", null, 0, null],
    ]);
    expect(await database.query.selectFrom("restored_backups").selectAll().execute()).toEqual([]);
  });
});
