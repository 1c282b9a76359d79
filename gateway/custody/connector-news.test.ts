import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { createTestDatabase, databaseKinds, type TestDatabase } from "../../test/support/databases.ts";
import type { Database } from "../store/database.ts";
import { openDatabase } from "../store/open.ts";
import type { ConnectionRow } from "../store/tables.ts";
import { createManualClock, type ManualClock } from "../upstream-suite/manual-clock.ts";
import { FOLD_MS, MOST_ONE_BY_ONE, TOLD_AGAIN_MS, tellOfConnectors } from "./connector-news.ts";
import type { Happening } from "./history.ts";
import { createRecorder } from "./recorder.ts";

const payloadSchema = z.object({ payload: z.object({ count: z.number().optional() }) });

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

const options = { publicUrl: "https://connect.example.test", webhooks: [] };
const MANY = MOST_ONE_BY_ONE + 15;

describe.each(databaseKinds)("Connections that break or heal at once, on %s,", (kind) => {
  let clock: ManualClock;
  beforeEach(async () => {
    store = await createTestDatabase(kind);
    clock = createManualClock();
    database = await openDatabase(store.url, { clock });
  });

  /** The same happens to each of so many connections. */
  async function happen(happening: Happening, count = MANY): Promise<void> {
    const recorder = createRecorder({ clock, ...options });
    await Promise.all(
      Array.from({ length: count }, (_, index) =>
        database.write(["events"], (transaction) =>
          recorder.record(transaction, connectionOf(`connection-${index}`), { happenings: [happening], refreshes: [] }),
        ),
      ),
    );
  }
  /** What is told, after a while, as types with their counts. */
  async function toldAfter(ms: number): Promise<[type: string, count: number | undefined][]> {
    clock.advance(ms);
    await tellOfConnectors(database, options, clock.now());
    const events = await database.query.selectFrom("events").select(["type", "body"]).orderBy("number").execute();
    return events.map(({ type, body }) => [type, payloadSchema.parse(JSON.parse(body)).payload.count]);
  }
  const oneByOne = (type: string) => Array.from({ length: MOST_ONE_BY_ONE }, () => [type, undefined]);

  it("are told one by one up to a number, and the others as one event, also where they break in many processes", async () => {
    await happen({ kind: "broke", code: "invalid_grant" });
    const told = [...oneByOne("connection.errored"), ["connector.misconfigured", MANY - MOST_ONE_BY_ONE]];
    expect(await toldAfter(FOLD_MS)).toEqual(told);
    await happen({ kind: "healed" });
    expect(await toldAfter(FOLD_MS)).toEqual([...told, ...oneByOne("connection.healed"), ["connector.healed", MANY - MOST_ONE_BY_ONE]]);
  });

  it("are one event from the first one on where their connector had stopped them", async () => {
    await happen({ kind: "misconfigured", code: "invalid_client" });
    expect(await toldAfter(FOLD_MS)).toEqual([["connector.misconfigured", MANY]]);
    await happen({ kind: "healed" });
    expect(await toldAfter(FOLD_MS)).toEqual([
      ["connector.misconfigured", MANY],
      ["connector.healed", MANY],
    ]);
  });

  it("are told by their own event where a user has mended what the connector had stopped", async () => {
    await happen({ kind: "misconfigured", code: "invalid_client" }, 1);
    await happen({ kind: "healed", by: { id: "ada", name: null } }, 1);
    expect(await toldAfter(FOLD_MS)).toEqual([
      ["connection.healed", undefined],
      ["connector.misconfigured", 1],
    ]);
  });

  it("are told in the order in which they began, so that the last event says how it is", async () => {
    await happen({ kind: "misconfigured", code: "invalid_client" }, 2);
    await toldAfter(FOLD_MS);
    // These are due an hour later.
    await happen({ kind: "misconfigured", code: "invalid_client" }, 3);
    clock.advance(1);
    await happen({ kind: "healed" }, 2);
    expect(await toldAfter(FOLD_MS)).toEqual([
      ["connector.misconfigured", 2],
      ["connector.misconfigured", 3],
      ["connector.healed", 2],
    ]);
    expect(await toldAfter(TOLD_AGAIN_MS)).toHaveLength(3);
  });
});
