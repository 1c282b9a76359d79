import { randomBytes } from "node:crypto";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createLog } from "../runtime/log.ts";
import type { Database } from "../store/database.ts";
import { openDatabase } from "../store/open.ts";
import { reseal } from "../store/reseal.ts";
import { createRowMacs } from "../store/row-macs.ts";
import { createSealer, type SealingKey } from "../store/sealing.ts";
import { createManualClock } from "../upstream-suite/manual-clock.ts";
import { createTestDatabase, databaseKinds, type DatabaseKind } from "../../test/support/databases.ts";
import { PATIENCE } from "../../test/support/patience.ts";
import { createAuditBatch, FOLD_MS } from "./audit-batch.ts";
import { FOLLOW_INTERVAL_MS, followAudit } from "./audit-follow.ts";
import { deleteExpired, RETENTION_INTERVAL_MS, startAuditRetention } from "./audit-retention.ts";
import { RECORD_USE_EVERY_MS } from "./connection-uses.ts";
import { type AuditEvent, theOperator } from "./audit-event.ts";
import { openOrigin, parseFacts } from "./audit-facts.ts";
import { FLUSH_INTERVAL_MS } from "./audit-flushing.ts";
import { type AuditOptions, createAudit } from "./audit.ts";
import { verifyAudit } from "./audit-verify.ts";

const keyOf = (id: string): SealingKey => ({ id, secret: randomBytes(32) });
const logged: string[] = [];
const log = createLog("debug", { write: (line) => void logged.push(line) });

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  logged.length = 0;
  for (const close of closers.splice(0).toReversed()) await close();
});

/** A store, and processes that write its audit. */
async function openStore(kind: DatabaseKind, keys: SealingKey[] = [keyOf("first")]) {
  const store = await createTestDatabase(kind);
  closers.push(store.drop);
  const clock = createManualClock();
  const open = async () => {
    const database = await openDatabase(store.url, { clock, log });
    closers.push(database.close);
    return database;
  };
  const database = await open();
  const ring = (ringKeys: SealingKey[]) => ({ sealer: createSealer(ringKeys), macs: createRowMacs(ringKeys, log) });
  const start = (own: Database, more: Partial<AuditOptions> = {}) =>
    createAudit({ database: own, ...ring(keys), clock: own.clock, log, ...more });
  const verify = (ringKeys = keys) => verifyAudit({ database, macs: ring(ringKeys).macs });
  const rows = () => database.query.selectFrom("audit_events").selectAll().orderBy("writer").orderBy("sequence").execute();
  return { database, open, clock, keys, ring, start, verify, rows };
}

const from = { requestId: "request-1", address: "192.0.2.1", agent: "curl/8" };
const reading = (userId: string, more: Partial<AuditEvent> = {}): AuditEvent => ({
  action: "token.read",
  actor: { kind: "user", userId, sessionId: "session-1" },
  owner: { kind: "user", id: userId },
  connectionId: "connection-1",
  connector: "test",
  outcome: "AccessToken",
  fingerprint: "fingerprint-1",
  from,
  ...more,
});
const act = (key: string): AuditEvent => ({ action: "key.create", actor: theOperator, details: { key } });

describe.each(databaseKinds)("The audit on %s", (kind) => {
  it("writes what was recorded a second later, and not on the way", async () => {
    const { database, clock, start, rows } = await openStore(kind);
    const audit = start(database);
    audit.record(act("pk_1"));
    clock.advance(FLUSH_INTERVAL_MS - 1);
    expect(await rows()).toEqual([]);
    clock.advance(1);
    await expect.poll(rows).toHaveLength(1);
    expect(parseFacts((await rows())[0]?.facts ?? "")).toMatchObject({ by: "operator", outcome: "done", details: { key: "pk_1" } });
  });

  it("counts equal readings of a minute in one row, with the first and the last", async () => {
    const { database, clock, start, rows, verify } = await openStore(kind);
    const audit = start(database);
    const firstAt = clock.now();
    audit.record(reading("ada"));
    await audit.flush();
    clock.advance(30_000);
    audit.record(reading("ada", { from: { ...from, requestId: "request-2" } }));
    audit.record(reading("ada"));
    await audit.flush();
    expect(await rows()).toMatchObject([{ count: 3, first_at: firstAt, last_at: firstAt + 30_000 }]);
    clock.advance(FOLD_MS - 30_000);
    audit.record(reading("ada"));
    await audit.flush();
    expect(await rows()).toMatchObject([{ count: 3 }, { count: 1 }]);
    expect((await verify()).broken).toEqual([]);
  });

  it.each([
    ["another address", { from: { ...from, address: "192.0.2.2" } }],
    ["another fingerprint", { fingerprint: "fingerprint-2" }],
    ["another connection", { connectionId: "connection-2" }],
    ["another session", { actor: { kind: "user", userId: "ada", sessionId: "session-2" } }],
    ["another purpose", { purpose: "export" }],
  ] as const)("has a row of its own for a reading with %s", async (_name, more) => {
    const { database, start, rows } = await openStore(kind);
    const audit = start(database);
    audit.record(reading("ada"));
    audit.record(reading("ada", more));
    await audit.flush();
    expect(await rows()).toMatchObject([{ count: 1 }, { count: 1 }]);
  });

  it("names users by random names, and shows neither their ids nor their addresses", async () => {
    const { database, start, rows } = await openStore(kind);
    const audit = start(database);
    audit.record(reading("ada"));
    await audit.flush();
    const [row] = await rows();
    const ada = await audit.persons.find("ada");
    expect(row?.actor).toBe(ada?.pseudonym);
    expect(row?.subject).toBe(ada?.pseudonym);
    const { from: sealed } = parseFacts(row?.facts ?? "");
    expect(typeof sealed).toBe("string");
    expect(ada && openOrigin({ from: sealed }, ada)).toEqual({ address: "192.0.2.1", agent: "curl/8" });
    expect(JSON.stringify(row)).not.toMatch(/ada|192\.0\.2\.1|curl/);
  });

  it("gives one user one name in all processes", async () => {
    const { database, open, start, rows } = await openStore(kind);
    const audits = [start(database), start(await open())];
    for (const audit of audits) audit.record(reading("ada"));
    await Promise.all(audits.map((audit) => audit.flush()));
    const actors = (await rows()).map(({ actor }) => actor);
    expect(actors).toHaveLength(2);
    expect(new Set(actors).size).toBe(1);
  });

  it("has a chain for each process, each of which verifies, and writes at a stop what waits", async () => {
    const { database, open, start, verify } = await openStore(kind);
    for (const own of [database, await open()]) {
      const audit = start(own);
      audit.record(act("pk_1"));
      audit.record(reading("ada"));
      await audit.close();
    }
    const { chains, broken } = await verify();
    expect(broken).toEqual([]);
    expect(chains.map(({ rows: count }) => count)).toEqual([2, 2]);
  });

  it("verifies after a change of keys, also once the former key is gone", async () => {
    const { database, start, verify, ring, keys } = await openStore(kind);
    const audit = start(database);
    for (let count = 0; count < 5; count += 1) audit.record(reading(`user-${count}`));
    await audit.flush();
    const second = keyOf("second");
    await reseal({ database, ...ring([second, ...keys]), onProgress() {}, onUnopened: (row, why) => expect.fail(`${row}: ${why}`) });
    expect(await verify([second])).toMatchObject({ broken: [], chains: [{ rows: 5 }] });
    // The process that runs goes on with the key that it has.
    audit.record(reading("user-9"));
    await audit.flush();
    expect(await verify([second, ...keys])).toMatchObject({ broken: [], chains: [{ rows: 6 }] });
  });

  describe("names the first row that", () => {
    const cases: [string, number, (database: Database, ids: string[]) => Promise<unknown>][] = [
      ["was changed", 2, (database, ids) => update(database, ids[1], { facts: `{"by":"operator","outcome":"other"}` })],
      ["was counted otherwise", 3, (database, ids) => update(database, ids[2], { count: 7 })],
      ["was given to another person", 2, (database, ids) => update(database, ids[1], { actor: "other" })],
      ["was deleted", 2, (database, ids) => remove(database, ids[1])],
      ["was deleted at the end", 5, (database, ids) => remove(database, ids[4])],
      [
        "was deleted with all after it",
        3,
        async (database, ids) => {
          for (const id of ids.slice(2)) await remove(database, id);
        },
      ],
    ];
    it.each(cases)("%s", async (_name, at, tamper) => {
      const { database, start, rows, verify } = await openStore(kind);
      const audit = start(database);
      for (let count = 0; count < 5; count += 1) audit.record(reading(`user-${count}`));
      await audit.flush();
      const ids = (await rows()).map(({ id }) => id);
      expect((await verify()).broken).toEqual([]);
      await tamper(database, ids);
      expect((await verify()).broken).toMatchObject([{ row: ids[at - 1] }]);
    });
  });

  it("notices a head that was deleted, or set back with the rows after it", async () => {
    const { database, start, rows, verify } = await openStore(kind);
    const audit = start(database);
    audit.record(act("pk_1"));
    await audit.flush();
    const before = await database.query.selectFrom("audit_heads").selectAll().executeTakeFirstOrThrow();
    audit.record(act("pk_2"));
    await audit.flush();
    const { sequence, digest, mac } = before;
    await database.query.updateTable("audit_heads").set({ sequence, digest, mac }).execute();
    expect((await verify()).broken).toMatchObject([{ row: null, why: expect.stringContaining("set back") }]);
    await database.query.deleteFrom("audit_heads").execute();
    expect((await verify()).broken).toMatchObject([{ row: null, why: expect.stringContaining("missing") }]);
    expect(await rows()).toHaveLength(2);
  });

  it("keeps the chain when a person is forgotten, and no name or address", async () => {
    const { database, start, verify } = await openStore(kind);
    const audit = start(database);
    audit.record(reading("ada"));
    await audit.flush();
    const before = await audit.persons.find("ada");
    expect(await audit.persons.forget("ada")).toBe(true);
    expect(await audit.persons.find("ada")).toBeNull();
    expect(await audit.persons.forget("ada")).toBe(false);
    audit.record(reading("ada", { connectionId: "connection-2" }));
    await audit.flush();
    expect((await audit.persons.find("ada"))?.pseudonym).not.toBe(before?.pseudonym);
    expect((await verify()).broken).toEqual([]);
  });

  it("keeps what the store does not take, and writes each once when it is back", async () => {
    const { database, start, rows, verify, clock } = await openStore(kind);
    const failing = { isAway: true };
    const audit = start({
      ...database,
      async write(topics, statements) {
        const result = await database.write(topics, statements);
        // The commit was done, and its answer lost.
        if (failing.isAway) throw new Error("away");
        return result;
      },
    });
    audit.record(act("pk_1"));
    await expect(audit.flush()).rejects.toThrow("away");
    audit.record(act("pk_2"));
    clock.advance(2_000);
    expect(audit.lagMs()).toBe(2_000);
    failing.isAway = false;
    await audit.flush();
    expect(await rows()).toHaveLength(2);
    expect(audit.lagMs()).toBe(0);
    expect((await verify()).broken).toEqual([]);
  });

  it("says in a row and in the log how many events were lost, once the store takes them again", async () => {
    const { database, start, rows, verify } = await openStore(kind);
    const failing = { isAway: true };
    const write: Database["write"] = (topics, statements) =>
      failing.isAway ? Promise.reject(new Error("away")) : database.write(topics, statements);
    const audit = start({ ...database, write }, { batch: createAuditBatch(10_000) });
    for (let count = 0; count < 50; count += 1) audit.record(act(`pk_${count}`));
    expect(audit.lost()).toBeGreaterThan(30);
    expect(logged.filter((line) => line.includes("events are lost"))).toHaveLength(1);
    failing.isAway = false;
    await audit.flush();
    await audit.flush();
    const written = await rows();
    const lost = written.find(({ action }) => action === "audit.lost");
    expect(parseFacts(lost?.facts ?? "").details).toEqual({ events: audit.lost() });
    expect(written.length - 1 + audit.lost()).toBe(50);
    expect((await verify()).broken).toEqual([]);
  });
});

const update = (database: Database, id: string | undefined, columns: { facts?: string; count?: number; actor?: string }) =>
  database.query
    .updateTable("audit_events")
    .set(columns)
    .where("id", "=", id ?? "")
    .execute();

const remove = (database: Database, id: string | undefined) =>
  database.query
    .deleteFrom("audit_events")
    .where("id", "=", id ?? "")
    .execute();

/** The same store, where something is done after a table was read in part, and then the next. */
function interleave(query: Database["query"], after: [table: string, work: () => Promise<unknown>][]): Database["query"] {
  const tables = new WeakMap<object, string>();
  return query.withPlugin({
    transformQuery({ node, queryId }) {
      if (node.kind === "SelectQueryNode" && node.where) tables.set(queryId, JSON.stringify(node.from));
      return node;
    },
    async transformResult({ result, queryId }) {
      const [next] = after;
      if (next && tables.get(queryId)?.includes(next[0])) {
        after.shift();
        await next[1]();
      }
      return result;
    },
  });
}

describe.each(databaseKinds)("What is kept of the audit on %s", (kind) => {
  const DAY_MS = 86_400_000;

  it("ends at its age: older rows are deleted behind a signed checkpoint, and each chain verifies", async () => {
    const { database, open, clock, start, rows, verify, ring, keys } = await openStore(kind);
    const audits = [start(database), start(await open())];
    for (const audit of audits) {
      for (let count = 0; count < 3; count += 1) audit.record(act(`old-${count}`));
      await audit.flush();
    }
    clock.advance(10 * DAY_MS);
    audits[0]?.record(act("new"));
    await audits[0]?.flush();
    const { macs } = ring(keys);
    expect(await deleteExpired({ database, macs, clock, log }, clock.now() - 5 * DAY_MS)).toBe(6);
    expect((await rows()).map(({ sequence }) => sequence)).toEqual([4]);
    const { chains, broken } = await verify();
    expect(broken).toEqual([]);
    expect(new Set(chains.map(({ sequence }) => sequence))).toEqual(new Set([3, 4]));
    audits[1]?.record(act("later"));
    await audits[1]?.flush();
    expect((await verify()).broken).toEqual([]);
    expect(await deleteExpired({ database, macs, clock, log }, clock.now() - 5 * DAY_MS)).toBe(0);
  });

  it.each([
    ["a part of the rows", 2, 4],
    ["all rows", 2, 5],
    ["all rows at once", 5, 5],
  ])("verifies also where %s are deleted by age while it is read", async (_name, atFirst, then) => {
    const { database, clock, start, verify, ring, keys } = await openStore(kind);
    const audit = start(database);
    const startedAt = clock.now();
    for (let count = 0; count < 5; count += 1) {
      audit.record(act(`pk_${count}`));
      await audit.flush();
      clock.advance(1_000);
    }
    const { macs } = ring(keys);
    const deleteRows = (rows: number) => deleteExpired({ database, macs, clock, log }, startedAt + rows * 1_000);
    const read = interleave(database.query, [
      ["audit_checkpoints", () => deleteRows(atFirst)],
      ["audit_events", () => deleteRows(then)],
    ]);
    expect(await verifyAudit({ database: { query: read }, macs })).toMatchObject({ broken: [], chains: [{ sequence: 5 }] });
    expect((await verify()).broken).toEqual([]);
  });

  it("is not shortened where its chain does not verify, nor by a checkpoint that no gateway signed", async () => {
    const { database, clock, start, rows, verify, ring, keys } = await openStore(kind);
    const audit = start(database);
    for (let count = 0; count < 3; count += 1) audit.record(act(`old-${count}`));
    await audit.flush();
    const [first, second, third] = await rows();
    await update(database, third?.id, { count: 2 });
    clock.advance(10 * DAY_MS);
    expect(await deleteExpired({ database, ...ring(keys), clock, log }, clock.now())).toBe(0);
    expect(await rows()).toHaveLength(3);
    await remove(database, first?.id);
    const forged = { writer: second?.writer ?? "", sequence: 1, digest: first?.digest ?? "", mac: second?.mac ?? "" };
    await database.query.insertInto("audit_checkpoints").values(forged).execute();
    expect((await verify()).broken).toMatchObject([{ row: null, why: expect.stringContaining("checkpoint") }]);
  });

  it("is deleted by a gateway that runs, an hour after it has begun at the latest", async () => {
    const { database, clock, start, rows, ring, keys } = await openStore(kind);
    const audit = start(database);
    audit.record(act("old"));
    await audit.flush();
    const retention = startAuditRetention({ database, ...ring(keys), clock, log }, 30);
    clock.advance(RETENTION_INTERVAL_MS);
    await new Promise(setImmediate);
    expect(await rows()).toHaveLength(1);
    clock.advance(31 * DAY_MS);
    await expect.poll(rows).toHaveLength(0);
    await retention.stop();
  });

  it("tells when a connection was last used, and writes that once an hour at most", async () => {
    const { database, open, clock, start } = await openStore(kind);
    const [one, other] = [start(database), start(await open())];
    const firstAt = clock.now();
    const useAndRead = async () => {
      for (const audit of [one, other]) {
        audit.record(reading("ada"));
        audit.record(reading("ada", { connectionId: "connection-2", fingerprint: null, outcome: "ReconnectRequired" }));
        await audit.flush();
      }
      return Promise.all(["connection-1", "connection-2"].map((id) => one.lastUsedAt(id)));
    };
    expect(await useAndRead()).toEqual([new Date(firstAt), null]);
    clock.advance(RECORD_USE_EVERY_MS - 1);
    expect(await useAndRead()).toEqual([new Date(firstAt), null]);
    clock.advance(1);
    expect(await useAndRead()).toEqual([new Date(firstAt + RECORD_USE_EVERY_MS), null]);
  });

  it("is followed over all processes, equal readings once more when their minute is over", async () => {
    const { database, open, clock, start } = await openStore(kind);
    const [one, other] = [start(database), start(await open())];
    one.record(act("before"));
    await one.flush();
    clock.advance(1);
    const stopping = new AbortController();
    const since = new Date(clock.now());
    const followed = followAudit({ database, reader: one.reader, clock }, { since, signal: stopping.signal });
    const next = async () => (await followed.next()).value ?? null;
    one.record(reading("ada"));
    await one.flush();
    const first = await next();
    expect(first).toMatchObject({ action: "token.read", actor: { userId: "ada" }, count: 1 });
    other.record(act("other"));
    await other.flush();
    expect(await next()).toMatchObject({ action: "key.create", details: { key: "other" } });
    one.record(reading("ada"));
    await one.flush();
    clock.advance(2 * FOLD_MS);
    expect(await next()).toMatchObject({ id: first?.id, count: 2 });
    stopping.abort();
    await followed.return();
  });

  it("is followed from an earlier instant without reading twice what is settled", async () => {
    const { database, clock, start } = await openStore(kind);
    const audit = start(database);
    const since = new Date(clock.now());
    for (const userId of ["ada", "bob"]) audit.record(reading(userId));
    await audit.flush();
    clock.advance(2 * FOLD_MS);
    const stopping = new AbortController();
    const shown: string[][] = [];
    const reader: Pick<typeof audit.reader, "show"> = {
      async show(rows) {
        shown.push(rows.map(({ action }) => action));
        return audit.reader.show(rows);
      },
    };
    const followed = followAudit({ database, reader, clock }, { since, signal: stopping.signal });
    await followed.next();
    await followed.next();
    const third = followed.next();
    audit.record(act("later"));
    await audit.flush();
    await vi.waitUntil(() => {
      clock.advance(FOLLOW_INTERVAL_MS);
      return shown.length > 1;
    }, PATIENCE);
    expect((await third).value).toMatchObject({ action: "key.create" });
    expect(shown).toEqual([["token.read", "token.read"], ["key.create"]]);
    stopping.abort();
    await followed.return();
  });
});

describe("The batch of the audit", () => {
  it("takes no more memory for readings that are written", () => {
    const batch = createAuditBatch(10_000);
    for (let count = 0; count < 1_000; count += 1) {
      expect(batch.add(reading(`user-${count}`), count)).toBe(true);
      batch.take();
      batch.settle(count);
    }
  });

  it("counts a reading that comes while an equal one is being written", () => {
    const batch = createAuditBatch();
    batch.add(reading("ada"), 0);
    expect(batch.take()).toMatchObject([{ count: 1 }]);
    batch.add(reading("ada"), 1);
    batch.settle(2);
    expect(batch.take()).toMatchObject([{ count: 2, lastAt: 1 }]);
  });
});
