import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openDatabase } from "../store/open.ts";
import type { Database } from "../store/database.ts";
import type { ConnectionFilter } from "../../schema/upstream.ts";
import { createTestDatabase, databaseKinds, type TestDatabase } from "../../test/support/databases.ts";
import { insertMany } from "../../test/support/many-connections.ts";
import { planOf } from "../../test/support/plans.ts";
import { createManualClock } from "../upstream-suite/manual-clock.ts";
import { candidatesOf } from "./list-candidates.ts";

/** Enough for Postgres to find an index worth it. */
const CONNECTIONS = 20_000;

const owner = { kind: "user", id: "many-1" } as const;
const since = new Date(1_000_000_000);
const indexOf: [name: string, filter: ConnectionFilter, index: RegExp][] = [
  ["none", {}, /connections_pkey|sqlite_autoindex_connections_1/],
  ["a connector", { connector: "slug-1" }, /connections_by_connector/],
  ["an owner", { owner }, /connections_by_owner/],
  ["an account's id", { accountId: "account-1" }, /authorizations_by_account/],
  ["an account's label", { accountLabel: "label-1" }, /authorizations_by_label/],
  ["changed since", { updatedSince: since }, /connections_by_change/],
  ["working", { health: "working" }, /connections_pkey|sqlite_autoindex_connections_1/],
  ["unavailable", { health: "unavailable" }, /authorizations_failing/],
  ["misconfigured", { health: "misconfigured" }, /authorizations_failing/],
  ["reconnect required", { health: "reconnect_required" }, /authorizations_ended/],
  ["a connector and what is wrong", { connector: "slug-1", health: "reconnect_required" }, /authorizations_ended/],
  ["all at once", { connector: "slug-1", health: "working", owner, accountId: "account-1", updatedSince: since }, /connections_by_change/],
];

describe.each(databaseKinds)("the candidates of a list on %s", (kind) => {
  let store: TestDatabase;
  let database: Database;
  beforeAll(async () => {
    store = await createTestDatabase(kind);
    database = await openDatabase(store.url, { clock: createManualClock() });
    await insertMany(database.query, CONNECTIONS, {
      connection: { connector_slug: "'slug-' || (i % 200)", owner_id: "'many-' || (i % 200)" },
      authorization: {
        account_id: "'account-' || (i % 200)",
        display_label: "'label-' || (i % 200)",
        status: "case when i % 100 = 1 then 'error' else 'active' end",
        failure_kind: "case when i % 100 = 2 then 'temporary' when i % 100 = 3 then 'misconfigured' end",
      },
    });
  });
  afterAll(async () => {
    await database.close();
    await store.drop();
  });

  it.each(indexOf)("of a filter come from its index, in order: %s", async (_name, filter, index) => {
    for (const after of [null, { id: "c1000500", changed_at: 1_000_000_500 }]) {
      const plan = await planOf(kind, database.query, candidatesOf(filter, after, 51));
      expect(plan).toMatch(index);
      expect(plan).not.toMatch(/TEMP B-TREE|SCAN \w+$|Seq Scan|Sort/m);
    }
  });
});
