import { randomBytes } from "node:crypto";
import { type KyselyPlugin, sql } from "kysely";
import { afterEach, describe, expect, it } from "vitest";
import { type App, createApp } from "../app.ts";
import { ConfigError } from "../config/config.ts";
import { createLog } from "../runtime/log.ts";
import { databaseKinds } from "../../test/support/databases.ts";
import { startTestApp, type TestApp, type TestAppOptions, type TestUser } from "../../test/support/test-app.ts";
import { askToken, HOUR_MS, inStore, onlyAuthorization } from "../../test/support/vault.ts";
import { keyIdSql, listKeyUses } from "./key-ids.ts";
import { keyedColumns, reseal } from "./reseal.ts";
import { createRowMacs } from "./row-macs.ts";
import { sealedPlaces } from "./sealed-places.ts";
import { createSealer, type SealingKey } from "./sealing.ts";

const createKey = (id: string): SealingKey => ({ id, secret: randomBytes(32) });
const [k1, k2] = [createKey("k1"), createKey("k2")];
const textOf = ({ id, secret }: SealingKey) => `${id}:${secret.toString("base64")}`;

let test: TestApp;
const others: App[] = [];
afterEach(async () => {
  await Promise.all(others.splice(0).map((app) => app.close()));
  await test.close();
});

/** A gateway whose secrets are all sealed with `k1`, and a user who has connected. */
async function sealedWithFirst(options: TestAppOptions): Promise<TestUser> {
  test = await startTestApp({ ...options, env: { XKIT_ENCRYPTION_KEYS: `${textOf(k1)},${textOf(k2)}` } });
  const ada = await test.signIn("ada");
  await ada.connect();
  return ada;
}

/** Another process over the same store. */
async function startWith(...sealingKeys: SealingKey[]): Promise<App> {
  const log = createLog("debug", { write: (line) => void test.logged.push(line) });
  const app = await createApp({ ...test.config, sealingKeys }, { clock: test.clock, log });
  others.push(app);
  return app;
}

const resealWith = (
  keys: SealingKey[],
  { plugin = null, progress = [] }: { plugin?: KyselyPlugin | null; progress?: [number, number][] } = {},
) => {
  const unopened: string[] = [];
  return inStore(test, async (query) => {
    const result = await reseal({
      database: { kind: test.database.kind, query: plugin ? query.withPlugin(plugin) : query },
      sealer: createSealer(keys),
      macs: createRowMacs(keys, createLog("silent")),
      onProgress: (done, total) => void progress.push([done, total]),
      onUnopened: (row) => void unopened.push(row),
    });
    return { ...result, unopened };
  });
};

const usesById = async () =>
  Object.fromEntries((await inStore(test, (query) => listKeyUses(query, keyedColumns))).map(({ keyId, columns }) => [keyId, columns]));

describe.each(databaseKinds)("A sealing key is retired, on %s", (database) => {
  it("by sealing everything again while gateways run, after which the new key alone opens the store", async () => {
    const ada = await sealedWithFirst({ database });
    const { value } = await askToken(ada);
    const both = await startWith(k2, k1);
    expect(await askToken(ada, { via: both })).toMatchObject({ value });
    const progress: [number, number][] = [];
    expect(await resealWith([k2, k1], { progress })).toEqual({ count: 10, remaining: 0, unopened: [] });
    expect(progress.at(-1)).toEqual([10, 10]);
    expect(await usesById()).toEqual({
      k2: [
        "signing_keys.sealed_private_jwk",
        "attempts.sealed_verifier",
        "authorizations.sealed_access_token",
        "authorizations.sealed_refresh_token",
        "signing_keys.mac",
        "sessions.mac",
        "users.mac",
        "attempts.mac",
        "authorizations.mac",
        "upgrades.mac",
      ].map((name) => ({ name, values: 1 })),
    });
    const second = await startWith(k2);
    expect(await askToken(ada, { via: second })).toMatchObject({ value });
    test.clock.advance(HOUR_MS);
    const renewed = await askToken(ada, { via: second });
    expect(renewed.value).not.toBe(value);
    expect(test.provider.liveAccessTokens()).toContain(renewed.value);
  });

  it("without overwriting what a gateway refreshes meanwhile", async () => {
    await sealedWithFirst({ database });
    const refreshed = createSealer([k1]).seal("a newer token", "");
    let isDone = false;
    const refreshOnce: KyselyPlugin = {
      transformQuery: ({ node }) => node,
      async transformResult({ result }) {
        if (!isDone && result.rows.some((row) => "connection_id" in row)) {
          isDone = true;
          await inStore(test, (query) => query.updateTable("authorizations").set({ sealed_access_token: refreshed }).execute());
        }
        return result;
      },
    };
    const { remaining, unopened } = await resealWith([k2, k1], { plugin: refreshOnce });
    expect((await onlyAuthorization(test)).sealed_access_token).toBe(refreshed);
    expect({ isDone, remaining, unopened: unopened.length }).toEqual({ isDone: true, remaining: 1, unopened: 1 });
  });

  it("after its last use: a start without a key that rows name is refused, with ids and counts", async () => {
    await sealedWithFirst({ database });
    const error = await startWith(k2).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConfigError);
    expect(String(error)).toContain('10 of its secrets and HMACs use the key "k1"');
  });

  it("in steps that continue where they stopped, and skip what does not open", async () => {
    await sealedWithFirst({ database });
    const row = await onlyAuthorization(test);
    await inStore(test, (query) => query.updateTable("authorizations").set({ sealed_access_token: row.sealed_refresh_token }).execute());
    const first = await resealWith([k2, k1]);
    expect(first).toEqual({ count: 9, remaining: 1, unopened: [`authorizations.sealed_access_token of ${row.id}`] });
    expect(await resealWith([k2, k1])).toEqual({ ...first, count: 0 });
    expect((await onlyAuthorization(test)).sealed_access_token).toBe(row.sealed_refresh_token);
  });

  it("every sealed column of the store is known, and its key ids are read from an index", async () => {
    await sealedWithFirst({ database });
    await inStore(test, async (query) => {
      const tables = await query.introspection.getTables();
      const columns = tables.flatMap(({ name: table, columns }) => columns.map(({ name: column }) => ({ table, column })));
      expect(sealedPlaces.map(({ table, column }) => ({ table, column }))).toEqual(
        expect.arrayContaining(columns.filter(({ column }) => column.startsWith("sealed_"))),
      );
      for (const { table, column } of keyedColumns) {
        const id = keyIdSql(column);
        const plan = await query.transaction().execute(async (transaction) => {
          if (database === "postgres") await sql`set local enable_seqscan = off`.execute(transaction);
          const explain = database === "postgres" ? "explain" : "explain query plan";
          const { rows } = await sql
            .raw(`${explain} select ${id} from ${table} where ${id} > 'k' order by ${id} limit 1`)
            .execute(transaction);
          return JSON.stringify(rows);
        });
        expect(plan).toMatch(/Index (Only )?Scan using \w+_key|USING (COVERING )?INDEX \w+_key/);
      }
    });
  });
});
