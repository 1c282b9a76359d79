import { afterEach, describe, expect, it } from "vitest";
import { databaseKinds, type DatabaseKind } from "../../test/support/databases.ts";
import { insertMany } from "../../test/support/many-connections.ts";
import { startTestApp, type TestApp } from "../../test/support/test-app.ts";
import { HOUR_MS, inStore } from "../../test/support/vault.ts";
import { createLog } from "../runtime/log.ts";
import { openServices, type Services } from "../services.ts";
import { type ConnectionsOptions, listConnections } from "./list-connections.ts";

let test: TestApp;
let services: Services;
afterEach(async () => {
  await services.close();
  await test.close();
});

async function start(database: DatabaseKind): Promise<(options?: ConnectionsOptions) => Promise<string[]>> {
  test = await startTestApp({ database });
  services = await openServices(test.config, test.clock, createLog("silent"));
  return async (options = {}) => {
    const lines: string[] = [];
    await listConnections(services, test.config, options, (line) => lines.push(line));
    return lines;
  };
}

describe.each(databaseKinds)("connections list on %s", (database) => {
  it("prints a line for each connection, with whose it is and how it is, and no token", async () => {
    const list = await start(database);
    const ada = await test.signIn("ada");
    await ada.connect();
    await (await test.signIn("grace", "acme")).connect();
    test.clock.advance(HOUR_MS);
    const changedAt = new Date(test.clock.now()).toISOString();
    await ada.graphql(`mutation { disconnect(where: { slug: "test" }) { id } }`);
    const uuid = "[0-9a-f-]{36}";
    const lines = await list();
    expect(lines.toSorted((a, b) => a.slice(36).localeCompare(b.slice(36)))).toEqual([
      expect.stringMatching(new RegExp(`^${uuid}  test  group acme  enabled  working$`)),
      expect.stringMatching(new RegExp(`^${uuid}  test  user ada  not connected$`)),
    ]);
    expect(await list({ user: "ada" })).toHaveLength(1);
    expect(await list({ group: "acme", connector: "test", health: "working" })).toHaveLength(1);
    expect(await list({ health: "reconnect_required" })).toEqual(["No connections."]);
    expect(await list({ health: "reconnect_required", json: true })).toEqual([]);
    expect((await list({ since: changedAt })).map((line) => line.includes("user ada"))).toEqual([true]);
    const [first] = await list({ json: true, group: "acme" });
    expect(JSON.parse(first ?? "")).toMatchObject({ owner: { kind: "group", id: "acme" }, connector: { slug: "test" }, enabled: true });
    expect(test.provider.liveAccessTokens().some((token) => `${lines.join()}${first}`.includes(token))).toBe(false);
  });

  it("prints every connection once, over many pages", async () => {
    const list = await start(database);
    await inStore(test, (store) => insertMany(store, 1_100));
    expect(new Set(await list()).size).toBe(1_100);
  });

  it.each<[ConnectionsOptions, string]>([
    [{ health: "ill" }, "--health must be one of working, unavailable, misconfigured, reconnect_required"],
    [{ user: "ada", group: "acme" }, "--user or --group, not both"],
    [{ since: "yesterday" }, "--since must be a time"],
    [{ connector: "No Slug" }, "--connector"],
  ])("refuses %j with a sentence", async (options, words) => {
    const list = await start(database);
    await expect(list(options)).rejects.toThrow(words);
  });
});
