import { Buffer } from "node:buffer";
import type { SelectQueryBuilder } from "kysely";
import { z } from "zod";
import type { AuditFilter, AuditRecord } from "../../schema/audit-record.ts";
import { badUserInput } from "../../schema/errors.ts";
import type { Page, PageRequest } from "../../schema/upstream.ts";
import type { Database } from "../store/database.ts";
import type { AuditEventRow, Tables } from "../store/tables.ts";
import { openOrigin, parseFacts } from "./audit-facts.ts";
import type { Person, Persons } from "./persons.ts";

/** Which way a list goes by the time of the first. */
export type AuditOrder = "newest" | "oldest";

export interface AuditReader {
  /** Acts in the order of their first time. Throws BAD_USER_INPUT for an `after` that is no cursor. */
  list(this: void, filter: AuditFilter, page: PageRequest, order: AuditOrder): Promise<Page<AuditRecord>>;
  /** The act of this id, or null. */
  find(this: void, id: string): Promise<AuditRecord | null>;
  /** The acts that these rows tell of, in their order. */
  show(this: void, rows: readonly AuditEventRow[]): Promise<AuditRecord[]>;
}

/** What tells which rows a filter applies to; null: to none. */
type RowFilter = Omit<AuditFilter, "userId"> & { person?: string | undefined };

export function createAuditReader({ database: { query }, persons }: { database: Pick<Database, "query">; persons: Persons }): AuditReader {
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

  async function count(filter: RowFilter): Promise<number> {
    const { count: rows } = await selectRows(query.selectFrom("audit_events"), filter)
      .select(({ fn }) => fn.countAll<number | string>().as("count"))
      .executeTakeFirstOrThrow();
    return Number(rows);
  }

  return {
    show,
    async find(id) {
      const rows = await query.selectFrom("audit_events").selectAll().where("id", "=", id).execute();
      const [record = null] = await show(rows);
      return record;
    },
    async list(filter, { first, after }, order) {
      const found = await toRowFilter(filter);
      if (!found) return { items: [], next: null, count: async () => 0 };
      const from = after === null ? null : parseCursor(after);
      const rows = await selectRows(query.selectFrom("audit_events"), found)
        .selectAll()
        .$if(from !== null, (selecting) =>
          selecting.where(({ eb, refTuple, tuple }) =>
            eb(refTuple("first_at", "id"), order === "newest" ? "<" : ">", tuple(from?.firstAt ?? 0, from?.id ?? "")),
          ),
        )
        .orderBy("first_at", order === "newest" ? "desc" : "asc")
        .orderBy("id", order === "newest" ? "desc" : "asc")
        // One more says whether there is a next page.
        .limit(first + 1)
        .execute();
      const shown = rows.slice(0, first);
      const records = await show(shown);
      const items = records.map((item, index) => ({ cursor: cursorOf(shown[index]), item }));
      return { items, next: rows.length > first ? (items.at(-1)?.cursor ?? null) : null, count: () => count(found) };
    },
  };
}

const selectRows = <Output>(
  selecting: SelectQueryBuilder<Tables, "audit_events", Output>,
  { since, until, person, connectionId, action }: RowFilter,
): SelectQueryBuilder<Tables, "audit_events", Output> =>
  selecting
    .$if(since !== undefined, (query) => query.where("first_at", ">=", since?.getTime() ?? 0))
    .$if(until !== undefined, (query) => query.where("first_at", "<", until?.getTime() ?? 0))
    .$if(connectionId !== undefined, (query) => query.where("connection_id", "=", connectionId ?? ""))
    .$if(action !== undefined, (query) => query.where("action", "=", action ?? ""))
    .$if(person !== undefined, (query) =>
      query.where((row) => row.or([row("actor", "=", person ?? ""), row("subject", "=", person ?? "")])),
    );

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

const cursorSchema = z.tuple([z.number(), z.string()]);

const cursorOf = (row: AuditEventRow | undefined): string => Buffer.from(JSON.stringify([row?.first_at, row?.id])).toString("base64url");

function parseCursor(text: string): { firstAt: number; id: string } {
  try {
    const [firstAt, id] = cursorSchema.parse(JSON.parse(Buffer.from(text, "base64url").toString("utf8")));
    return { firstAt, id };
  } catch {
    throw badUserInput("after: is no cursor of this list.", "after");
  }
}
