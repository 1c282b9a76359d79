import { afterEach, describe, expect, it } from "vitest";
import { createTestDatabase, databaseKinds, type TestDatabase } from "../../test/support/databases.ts";
import type { Database } from "../store/database.ts";
import { openDatabase } from "../store/open.ts";
import type { ConnectionRow } from "../store/tables.ts";
import { createManualClock } from "../upstream-suite/manual-clock.ts";
import { FOLD_MS, MOST_BROKEN_ONE_BY_ONE, tellTroubles } from "./connector-troubles.ts";
import { createRecorder } from "./recorder.ts";

let store: TestDatabase;
let database: Database;
afterEach(async () => {
  await database.close();
  await store.drop();
});

const connectionOf = (id: string): ConnectionRow => ({
  id,
  owner_kind: "user",
  owner_id: "ada",
  connector_slug: "test",
  enabled: 1,
  authorization_id: null,
  first_enabled_at: 1,
  disabled_at: null,
  created_at: 1,
  updated_at: 1,
});

describe.each(databaseKinds)("Connections that break at once, on %s,", (kind) => {
  it("are told one by one up to a number, and the others as one event, also where they break in many processes", async () => {
    store = await createTestDatabase(kind);
    const clock = createManualClock();
    database = await openDatabase(store.url, { clock });
    const options = { publicUrl: "https://connect.example.test", webhooks: [] };
    const recorder = createRecorder({ clock, ...options });
    const broken = MOST_BROKEN_ONE_BY_ONE + 15;
    const recorded = { happenings: [{ kind: "broke" as const, code: "invalid_grant" }], refreshes: [] };
    await Promise.all(
      Array.from({ length: broken }, (_, index) =>
        database.write(["events"], (transaction) => recorder.record(transaction, connectionOf(`connection-${index}`), recorded)),
      ),
    );
    clock.advance(FOLD_MS);
    await tellTroubles(database, options, clock.now());
    const events = await database.query.selectFrom("events").select(["type", "body"]).orderBy("number").execute();
    expect(events.filter(({ type }) => type === "connection.errored")).toHaveLength(MOST_BROKEN_ONE_BY_ONE);
    expect(JSON.parse(events.at(-1)?.body ?? "").payload).toMatchObject({ count: broken - MOST_BROKEN_ONE_BY_ONE });
  });
});
