import { sql } from "kysely";
import { describe, expect, it } from "vitest";
import { databaseKinds } from "../../test/support/databases.ts";
import { issueLine, withStore } from "../../test/support/importing.ts";
import { insertMany } from "../../test/support/many-connections.ts";
import { plansOf } from "../../test/support/plans.ts";
import { startTestApp } from "../../test/support/test-app.ts";
import { createRecorder } from "../custody/recorder.ts";
import type { Database } from "../store/database.ts";
import { importBatch } from "./import-batch.ts";

/** Enough for Postgres to find an index worth it, for a batch of `LINES` of each sort. */
const CONNECTIONS = 20_000;
const LINES = 10;

const cases = databaseKinds.flatMap((kind) => [[kind, "are counted", true] as const, [kind, "were never counted", false] as const]);

/** Indexes that a whole id is looked up in, with few rows each. A plan that uses any other index fails the test. */
const lookedIn = [
  "authorizations_by_account",
  "authorizations_by_came_with",
  "authorizations_by_connection",
  "authorizations_pkey",
  "connections_by_owner",
  "connections_pkey",
  "imports_pkey",
];

const indexesIn = (plans: readonly string[]): string[] => {
  const names = plans.join("\n").replaceAll(/sqlite_autoindex_(\w+)_1/g, "$1_pkey");
  return [...new Set(names.match(/\b(?:connections|authorizations|imports)_\w+/g))].toSorted();
};

/** The same store, of which each statement is made by `query`. */
const through = (database: Database, query: Database["query"]): Database => ({
  ...database,
  query,
  write: (_topics, statements) => query.transaction().execute(statements),
});

describe.each(cases)("a batch of an import on %s, whose rows %s,", (kind, _state, isAnalyzed) => {
  it("looks for what is held by ids, owners and accounts alone, by their indexes", async () => {
    const test = await startTestApp({ database: kind, connector: { shared_accounts: "refuse" } });
    await withStore(test, async (services) => {
      const { database } = services;
      await insertMany(database.query, CONNECTIONS, {
        connection: { owner_id: "'many-' || i" },
        authorization: { account_id: "'account-' || i", status: `case when i <= ${LINES} then 'error' else 'active' end` },
        isAnalyzed,
      });
      await sql`insert into imports (import_id, connection_id, imported_at) select 'import-' || id, id, 1 from connections`.execute(
        database.query,
      );
      if (isAnalyzed) await sql`analyze`.execute(database.query);
      const lines = Array.from({ length: LINES }, (_, index) => [
        issueLine(test, { user: `many-${index + 1}` }, { id: `account-${index + 1}`, label: "Mended" }),
        issueLine(test, { user: `new-${index}`, id: `11111111-1111-4111-8111-11111111111${index}` }, { id: `new-${index}`, label: "New" }),
        issueLine(test, { user: null, group: `acme-${index}` }, { id: `acme-${index}`, label: "Of a group" }),
      ]).flat();
      const recorder = createRecorder({ ...test.config, clock: database.clock });
      const plans = await plansOf(kind, database.query, async (query) => {
        const results = await importBatch({ ...services, recorder, database: through(database, query) }, lines);
        expect(results.map(({ status }) => status)).toEqual(lines.map(() => "imported"));
      });
      for (const plan of plans) expect(plan).not.toMatch(/(?:SCAN|Seq Scan on) (?:connections|authorizations|imports)/);
      expect(lookedIn).toEqual(expect.arrayContaining(indexesIn(plans)));
      expect(plans.join("\n")).toMatch(/connections_by_owner\b.*\s*.*owner_id( =|=\?)/);
    });
    await test.close();
  });
});
