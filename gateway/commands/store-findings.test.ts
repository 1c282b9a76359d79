import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import { createEmptyDatabase, databaseKinds } from "../../test/support/databases.ts";
import { startTestApp, type TestApp } from "../../test/support/test-app.ts";
import { inStore } from "../../test/support/vault.ts";
import type { ConnectorConfig } from "../providers/connector.ts";
import { createStoreFindings } from "./store-findings.ts";

let test: TestApp | undefined;
afterEach(async () => {
  await test?.close();
  test = undefined;
});

describe.each(databaseKinds)("the findings about a store's connections, on %s", (database) => {
  /** The findings where Ada has connected by `made`, and the configuration has the test's client and these. */
  async function findings(made: string, previous: string[] = []): Promise<string[]> {
    test = await startTestApp({ database });
    await (await test.signIn("ada")).connect();
    await inStore(test, (query) => query.updateTable("authorizations").set({ client_id: made }).execute());
    const connector = test.config.connectors.get("test");
    if (!connector?.oauth) throw new Error("The connector test has OAuth.");
    const previousClients = previous.map((clientId) => ({ clientId, clientSecret: "planted-secret" }));
    const changed: ConnectorConfig = { ...connector, oauth: { ...connector.oauth, previousClients } };
    return (await createStoreFindings(test.database.url))(changed).map(({ level, text }) => `${level}: ${text}`);
  }

  it("tell nothing where the present client made them", async () => {
    expect(await findings("xkit-test-client")).toEqual([]);
  });

  it("warn with both ids of a client that is configured no more", async () => {
    expect(await findings("former")).toEqual([
      "warning: 1 connection was made by the client former, but the connector now has the client xkit-test-client: add the former client to previous_clients, or their users have to reconnect",
    ]);
  });

  it.each([
    ["allow", 'note: 1 account is connected by more than one user or group, which "shared_accounts": "refuse" would refuse'],
    [
      "refuse",
      "warning: 1 account is connected by more than one user or group, from before shared_accounts refused it: those connections keep working",
    ],
  ] as const)("tell how many accounts several owners have connected: %s", async (sharedAccounts, finding) => {
    test = await startTestApp({ database });
    for (const [account, users] of [
      ["one", ["ada", "bob"]],
      ["two", ["eve", "eve"]],
    ] as const)
      for (const user of users) {
        test.provider.controls.account = { id: account, label: account };
        await (await test.signIn(user)).connect("test", `?id=${randomUUID()}`);
      }
    const connector = test.config.connectors.get("test");
    if (!connector) throw new Error("There is a connector test.");
    const found = (await createStoreFindings(test.database.url))({ ...connector, sharedAccounts });
    expect(found.map(({ level, text }) => `${level}: ${text}`)).toEqual([finding]);
  });

  it("tell which previous client is used, and which can be removed", async () => {
    expect(await findings("former", ["former", "older"])).toEqual([
      "note: 1 connection was made by the client former, one of previous_clients: keep it there",
      "note: no connection was made by the previous client older: it can be removed",
    ]);
  });
});

it("tells nothing where there is no store yet, and makes none", async () => {
  test = await startTestApp();
  const connector = test.config.connectors.get("test");
  if (!connector) throw new Error("There is a connector test.");
  expect((await createStoreFindings("file:/nowhere/at/all.db"))(connector)).toEqual([]);
  expect(existsSync("/nowhere")).toBe(false);
});

it("says so where the store cannot be read", async () => {
  const empty = await createEmptyDatabase("postgres");
  test = await startTestApp();
  const connector = test.config.connectors.get("test");
  if (!connector) throw new Error("There is a connector test.");
  expect((await createStoreFindings(empty.url))(connector)).toMatchObject([{ level: "note", text: expect.stringContaining("not known") }]);
  await empty.drop();
});
