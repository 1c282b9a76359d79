import { type Kysely, sql } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { planOf } from "../../test/support/plans.ts";
import { createTestDatabase, databaseKinds, type TestDatabase } from "../../test/support/databases.ts";
import type { AuditFilter } from "../../schema/audit-record.ts";
import type { Database } from "../store/database.ts";
import { openDatabase } from "../store/open.ts";
import { MAXIMUM_SEEN_PER_PAGE } from "../store/pages.ts";
import type { Tables } from "../store/tables.ts";
import { createManualClock } from "../upstream-suite/manual-clock.ts";
import { auditCandidatesOf, type AuditOrder, type RowFilter } from "./audit-candidates.ts";
import { type AuditReader, createAuditReader } from "./audit-read.ts";
import type { Persons } from "./persons.ts";

/** Enough for Postgres to find an index worth it. */
const ROWS = 20_000;

/** Rows that no gateway has made: one in 100 is an act of a server, half are readings of one user, the others are of their owners. */
async function insertRows(query: Kysely<Tables>): Promise<void> {
  const numbers = sql`with recursive numbers (i) as (select 1 union all select i + 1 from numbers where i < ${sql.lit(ROWS)})`;
  await sql`
    insert into audit_events (id, writer, sequence, first_at, action, actor, subject, connection_id, facts, digest, count, last_at, mac)
    ${numbers} select 'w-' || (100000 + i), 'w', i, 1000000 + i / 3, case when i % 100 = 0 then 'key.create' else 'token.read' end,
      case when i % 100 = 0 then null when i % 2 = 0 then 'busy' else 'person-' || (i % 250) end, 'person-' || (i % 250), 'connection-' || (i % 25),
      '{"by":"user","outcome":"done"}', 'x', 1, 1000000 + i / 3, 'x' from numbers`.execute(query);
  await sql`analyze`.execute(query);
}

const persons: Pick<Persons, "find" | "list"> = {
  find: async (userId) => ({ pseudonym: userId, userId, sealer: null }),
  list: async () => new Map(),
};

const [since, until] = [new Date(1_005_000), new Date(1_006_000)];
const indexOf: [name: string, filter: RowFilter, index: RegExp][] = [
  ["none", {}, /audit_events_by_time/],
  ["a time", { since, until }, /audit_events_by_time/],
  ["a person", { person: "person-1" }, /audit_events_by_actor[\s\S]*audit_events_by_subject/],
  ["a person and a time", { person: "person-1", since, until }, /audit_events_by_actor[\s\S]*audit_events_by_subject/],
  ["a person and an action", { person: "person-1", action: "key.create" }, /audit_events_by_actor[\s\S]*audit_events_by_subject/],
  ["a connection", { connectionId: "connection-1", since, until }, /audit_events_by_connection/],
  ["a connection and a person", { connectionId: "connection-1", person: "person-1" }, /audit_events_by_connection/],
  ["an action", { action: "key.create", since, until }, /audit_events_by_action/],
  ["readings", { action: "token.read" }, /audit_events_by_time/],
];

describe.each(databaseKinds)("A list of the audit on %s", (kind) => {
  let store: TestDatabase;
  let database: Database;
  let reader: AuditReader;
  beforeAll(async () => {
    store = await createTestDatabase(kind);
    database = await openDatabase(store.url, { clock: createManualClock() });
    reader = createAuditReader({ database, persons });
    await insertRows(database.query);
  });
  afterAll(async () => {
    await database.close();
    await store.drop();
  });

  it.each(indexOf)("takes its rows from an index, in order, by the filter: %s", async (_name, filter, index) => {
    for (const order of ["newest", "oldest"] as const)
      for (const after of [null, { first_at: 1_005_500, id: "w-116500" }]) {
        const plan = await planOf(kind, database.query, auditCandidatesOf(filter, order, after, 51));
        expect(plan).toMatch(index);
        // The two halves of a person are merged: as many rows as the page asks for, of each.
        const isMerged = filter.person !== undefined && filter.connectionId === undefined;
        expect(plan).not.toMatch(isMerged ? /SCAN audit_events$|Seq Scan/m : /SCAN audit_events$|Seq Scan|TEMP B-TREE|Sort/m);
        expect(plan).toMatch(after && kind === "sqlite" ? /\(first_at,id\)[<>]/ : /./);
      }
  });

  async function walk(filter: AuditFilter, order: AuditOrder, first = 1_500) {
    const [ids, pages]: [string[], number[]] = [[], []];
    let after: string | null = null;
    do {
      const page = await reader.list(filter, { first, after }, order);
      ids.push(...page.items.map(({ item }) => item.id));
      pages.push(page.items.length);
      after = page.next;
    } while (after !== null);
    return { ids, pages };
  }

  it.each<[string, AuditFilter, (i: number) => boolean]>([
    ["a time", { since, until }, (i) => isWithin(i)],
    ["a person", { userId: "person-50" }, (i) => i % 250 === 50],
    ["a person and an action", { userId: "person-50", action: "key.create" }, (i) => i % 250 === 50 && i % 100 === 0],
    ["a connection and a person", { connectionId: "connection-1", userId: "person-1" }, (i) => i % 25 === 1 && i % 250 === 1],
    ["a connection and another person", { connectionId: "connection-1", userId: "person-2" }, () => false],
    ["an action and a time", { action: "key.create", since, until }, (i) => i % 100 === 0 && isWithin(i)],
    ["a person, readings and a time", { userId: "person-50", action: "token.read", since, until }, (i) => i % 500 === 50 && isWithin(i)],
  ])("has each row once in pages, and their number, both ways, by %s", async (_name, filter, isIn) => {
    const ids = Array.from({ length: ROWS }, (_row, index) => index + 1)
      .filter(isIn)
      .map((i) => `w-${100_000 + i}`);
    expect((await walk(filter, "oldest")).ids).toEqual(ids);
    expect((await walk(filter, "newest")).ids).toEqual(ids.toReversed());
    for (const order of ["oldest", "newest"] as const)
      expect(await (await reader.list(filter, { first: 1, after: null }, order)).count()).toBe(ids.length);
  });

  it("looks at a bounded number of rows for a page, and goes on from there", async () => {
    const { ids, pages } = await walk({ userId: "busy", action: "key.create" }, "newest", 50);
    expect(ids).toEqual([]);
    expect(pages).toHaveLength(Math.ceil((ROWS / 2 - ROWS / 100 + 1) / MAXIMUM_SEEN_PER_PAGE));
  });

  it("refuses a cursor of another list, one whose id no store can hold, and one that is no cursor", async () => {
    for (const after of ["x", cursorOf(["connections", "w-1"]), cursorOf(["audit", 1, "w-\u0000"])])
      await expect(reader.list({}, { first: 1, after }, "newest")).rejects.toMatchObject({ code: "BAD_USER_INPUT" });
  });
});

const cursorOf = (key: readonly (string | number)[]): string => Buffer.from(JSON.stringify(key)).toString("base64url");

const isWithin = (i: number): boolean => {
  const at = 1_000_000 + Math.floor(i / 3);
  return at >= since.getTime() && at < until.getTime();
};
