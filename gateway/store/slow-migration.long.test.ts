import pg from "pg";
import { expect, it } from "vitest";
import { createManualClock } from "../upstream-suite/manual-clock.ts";
import { createEmptyDatabase } from "../../test/support/databases.ts";
import { openDatabase } from "./open.ts";

/** What `postgres.ts` locks while it migrates. */
const MIGRATION_LOCK = 7_305_417_920;
/** Longer than any other statement may take. */
const SLOW_MIGRATION_MS = 13_000;

it("a start waits for another process that migrates a large store", async () => {
  const store = await createEmptyDatabase("postgres");
  const other = new pg.Client({ connectionString: store.url });
  await other.connect();
  await other.query("select pg_advisory_lock($1)", [MIGRATION_LOCK]);
  const opening = openDatabase(store.url, { clock: createManualClock() });
  setTimeout(() => void other.end(), SLOW_MIGRATION_MS);
  const database = await opening;
  expect(await database.query.selectFrom("upgrades").selectAll().execute()).toEqual([]);
  await database.close();
  await store.drop();
});
