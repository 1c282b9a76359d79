import { sql } from "kysely";
import { z } from "zod";
import type { AuditFilter, AuditRecord } from "../../schema/audit-record.ts";
import { idSchema } from "../../schema/input.ts";
import type { Page, PageRequest } from "../../schema/upstream.ts";
import type { Database } from "../store/database.ts";
import { type Counted, countRows, readCursor, readInRounds, type Round, writeCursor } from "../store/pages.ts";
import type { AuditEventRow } from "../store/tables.ts";
import { type AuditCandidate, auditCandidatesOf, type AuditKey, type AuditOrder, type RowFilter } from "./audit-candidates.ts";
import { openOrigin, parseFacts } from "./audit-facts.ts";
import type { Person, Persons } from "./persons.ts";

export interface AuditReader {
  /** Acts in the order of their first time. Throws BAD_USER_INPUT for an `after` that is no cursor. */
  list(this: void, filter: AuditFilter, page: PageRequest, order: AuditOrder): Promise<Page<AuditRecord>>;
  /** The act of this id, or null. */
  find(this: void, id: string): Promise<AuditRecord | null>;
  /** The acts that these rows tell of, in their order. */
  show(this: void, rows: readonly AuditEventRow[]): Promise<AuditRecord[]>;
}

/** A list, as a page of it is read. */
interface List {
  filter: RowFilter;
  order: AuditOrder;
}

/** A row in the list. */
interface Listed {
  key: AuditKey;
}

export function createAuditReader({
  database: { query },
  persons,
}: {
  database: Pick<Database, "query">;
  persons: Pick<Persons, "find" | "list">;
}): AuditReader {
  async function toRowFilter({ userId, ...filter }: AuditFilter): Promise<RowFilter | null> {
    if (userId === undefined) return filter;
    const person = await persons.find(userId);
    return person && { ...filter, person: person.pseudonym };
  }

  async function show(rows: readonly AuditEventRow[]): Promise<AuditRecord[]> {
    const names = rows.flatMap(({ actor, subject }) => [actor, subject]).filter((name) => name !== null);
    const known = names.length > 0 ? await persons.list(new Set(names)) : new Map<string, Person>();
    return rows.map((row) => toRecord(row, known));
  }

  async function readRound({ filter, order }: List, after: AuditKey | null, size: number): Promise<Round<AuditKey, Listed>> {
    const seen = await query
      .selectFrom(sql<AuditCandidate>`(${auditCandidatesOf(filter, order, after, size)})`.as("candidates"))
      .selectAll()
      .execute();
    return { seen, rows: seen.filter(({ matched }) => matched === 1).map((key) => ({ key })) };
  }

  async function countAfter({ filter, order }: List, after: AuditKey | null, limit: number): Promise<Counted<AuditKey>> {
    const last = order === "newest" ? "asc" : "desc";
    const { seen, matched, first_at, id } = await query
      .with("candidates", () => sql<AuditCandidate>`(${auditCandidatesOf(filter, order, after, limit)})`)
      .selectNoFrom((of) => [
        of
          .selectFrom("candidates")
          .select((row) => row.fn.countAll<number>().as("count"))
          .as("seen"),
        of
          .selectFrom("candidates")
          .select((row) => row.fn.countAll<number>().as("count"))
          .where("matched", "=", 1)
          .as("matched"),
        of.selectFrom("candidates").select("first_at").orderBy("first_at", last).limit(1).as("first_at"),
        of.selectFrom("candidates").select("id").orderBy("first_at", last).orderBy("id", last).limit(1).as("id"),
      ])
      .executeTakeFirstOrThrow();
    return { seen: seen ?? 0, matched: matched ?? 0, last: first_at === null || id === null ? null : { first_at, id } };
  }

  /** The rows of these ids, in their order. A row that retention has deleted meanwhile is left out. */
  async function readRows(ids: readonly string[]): Promise<AuditEventRow[]> {
    if (ids.length === 0) return [];
    const rows = await query.selectFrom("audit_events").selectAll().where("id", "in", ids).execute();
    const byId = new Map(rows.map((row) => [row.id, row]));
    return ids.flatMap((id) => byId.get(id) ?? []);
  }

  return {
    show,
    async find(id) {
      const rows = await readRows([id]);
      const [record = null] = await show(rows);
      return record;
    },
    async list(filter, { first, after }, order) {
      const found = await toRowFilter(filter);
      if (!found) return { items: [], next: null, count: async () => 0 };
      const list = { filter: found, order };
      const from = keyOf(after);
      const { rows, next } = await readInRounds(from, first, (seen, size) => readRound(list, seen, size));
      const records = await show(await readRows(rows.map(({ key }) => key.id)));
      const cursors = new Map(rows.map(({ key }) => [key.id, cursorOf(key)]));
      return {
        items: records.map((item) => ({ cursor: cursors.get(item.id) ?? "", item })),
        next: next && cursorOf(next),
        count: () => countRows<AuditKey>((seen, limit) => countAfter(list, seen, limit)),
      };
    },
  };
}

function toRecord(row: AuditEventRow, known: ReadonlyMap<string, Person>): AuditRecord {
  const facts = parseFacts(row.facts);
  const [actor, subject] = [row.actor, row.subject].map((name) => known.get(name ?? "") ?? null);
  return {
    id: row.id,
    action: row.action,
    outcome: facts.outcome,
    count: row.count,
    firstAt: new Date(row.first_at),
    lastAt: new Date(row.last_at),
    actor: {
      kind: facts.by,
      userId: actor?.userId ?? null,
      person: row.actor,
      keyId: facts.key ?? null,
      sessionId: facts.session ?? null,
    },
    owner: ownerOf(row.subject, facts.group, subject ?? null),
    connectionId: row.connection_id,
    connector: facts.connector ?? null,
    fingerprint: facts.fingerprint ?? null,
    purpose: facts.purpose ?? null,
    requestId: facts.request ?? null,
    ...openOrigin(facts, actor ?? null),
    details: facts.details ?? {},
  };
}

function ownerOf(name: string | null, group: string | undefined, person: Person | null): AuditRecord["owner"] {
  if (group !== undefined) return { kind: "group", id: group, person: null };
  return name === null ? null : { kind: "user", id: person?.userId ?? null, person: name };
}

/** Longest id of a row that a cursor may name, in characters: a writer's name and a number. */
const MAXIMUM_ID_CHARACTERS = 64;
const cursorSchema = z.tuple([z.literal("audit"), z.int().nonnegative(), idSchema.max(MAXIMUM_ID_CHARACTERS)]);

const cursorOf = ({ first_at, id }: AuditKey): string => writeCursor(["audit", first_at, id]);

function keyOf(cursor: string | null): AuditKey | null {
  const key = readCursor(cursorSchema, cursor);
  return key && { first_at: key[1], id: key[2] };
}
