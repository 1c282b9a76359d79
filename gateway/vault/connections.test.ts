import type { KyselyPlugin } from "kysely";
import { afterEach, describe, expect, it } from "vitest";
import { createRecorder } from "../custody/recorder.ts";
import { CACHE_MAXIMUM_BYTES } from "../store/cache.ts";
import { createConnectionStore } from "./connections.ts";
import { openDatabase } from "../store/open.ts";
import { databaseKinds } from "../../test/support/databases.ts";
import { startTestApp, type TestApp } from "../../test/support/test-app.ts";

let test: TestApp;
afterEach(() => test?.close());

/** Lets an action happen after the first statement. */
function afterFirstStatement(action: () => Promise<unknown>): KyselyPlugin {
  let isFirst = true;
  return {
    transformQuery: ({ node }) => node,
    async transformResult({ result }) {
      if (isFirst) {
        isFirst = false;
        await action();
      }
      return result;
    },
  };
}

describe.each(databaseKinds)("a connection that is reconnected while it is read, on %s", (kind) => {
  it("is never shown without the grant that serves it", async () => {
    test = await startTestApp({ database: kind });
    const ada = await test.signIn("ada");
    await ada.connect();
    const database = await openDatabase(test.database.url, { clock: test.clock });
    const query = database.query.withPlugin(afterFirstStatement(() => ada.connect()));
    const store = createConnectionStore(
      { ...database, query },
      test.config.connectors,
      test.clock,
      createRecorder({ ...test.config, clock: test.clock }),
    );
    const [shown] = await store.list({ kind: "user", id: "ada" });
    await database.close();
    expect(shown).toMatchObject({ connection: { enabled: 1 }, authorization: { status: "active" } });
  });
});

it("connections are cached by the size of their rows, however long the configuration of their connector is", async () => {
  test = await startTestApp();
  await (await test.signIn("ada")).connect();
  const database = await openDatabase(test.database.url, { clock: test.clock });
  const description = "x".repeat(CACHE_MAXIMUM_BYTES);
  const connectors = new Map([...test.config.connectors].map(([slug, connector]) => [slug, { ...connector, description }]));
  const store = createConnectionStore(database, connectors, test.clock, createRecorder({ ...test.config, clock: test.clock }));
  const list = () => store.list({ kind: "user", id: "ada" });
  const [first] = await list();
  const again = list();
  await database.close();
  expect(first?.connector.description).toBe(description);
  expect(again).toEqual([first]);
});
