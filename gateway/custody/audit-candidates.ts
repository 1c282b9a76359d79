import { type RawBuilder, sql } from "kysely";
import type { AuditFilter } from "../../schema/audit-record.ts";

/** Which way a list goes by the time of the first. */
export type AuditOrder = "newest" | "oldest";

/** What tells which rows a filter applies to. */
export type RowFilter = Omit<AuditFilter, "userId"> & { person?: string | undefined };

/** What names a place in a list, which is ordered by `first_at` and `id`. */
export interface AuditKey {
  first_at: number;
  id: string;
}

/** A row that may be in a list. `matched` is 1 where it is, else 0. */
export interface AuditCandidate extends AuditKey {
  matched: number;
}

type Condition = RawBuilder<boolean>;

/** How rows are walked: by the conditions that an index answers, one index for each, and what remains to be judged of each row. */
interface Walk {
  narrow: readonly Condition[];
  rest: readonly Condition[];
}

/**
 * The next `rows` candidates after a key, from an index that has them in their order (migration `0022-audit-lists`), which is that of the
 * filter's narrowest part. Whatever else the filter says is judged of these alone.
 */
export function auditCandidatesOf(filter: RowFilter, order: AuditOrder, after: AuditKey | null, rows: number): RawBuilder<AuditCandidate> {
  const { narrow, rest } = walkOf(filter);
  const matched = rest.length > 0 ? sql`case when ${sql.join(rest, sql` and `)} then 1 else 0 end` : sql`1`;
  const direction = order === "newest" ? sql`desc` : sql`asc`;
  const ordered = sql`order by first_at ${direction}, id ${direction} limit ${rows}`;
  const bounds = boundsOf(filter, order, after);
  const walks = narrow.map(
    (condition) =>
      sql`select first_at, id, ${matched} as matched from audit_events where ${sql.join([condition, ...bounds], sql` and `)} ${ordered}`,
  );
  const [only = sql``, other] = walks;
  if (!other) return sql`${only}`;
  return sql`select * from (select * from (${only}) as one union select * from (${other}) as other) as both_walks ${ordered}`;
}

function walkOf({ connectionId, person, action }: RowFilter): Walk {
  const acted = sql<boolean>`actor = ${person}`;
  const undergone = sql<boolean>`subject = ${person}`;
  const ofAction = action === undefined ? [] : [sql<boolean>`action = ${action}`];
  if (connectionId !== undefined) {
    const ofPerson = person === undefined ? [] : [sql<boolean>`(${acted} or ${undergone})`];
    return { narrow: [sql`connection_id = ${connectionId}`], rest: [...ofPerson, ...ofAction] };
  }
  if (person !== undefined) return { narrow: [acted, undergone], rest: ofAction };
  // The index has no readings, and is used only where the statement says that it needs none.
  if (action !== undefined && action !== "token.read") return { narrow: [sql`action = ${action} and action <> 'token.read'`], rest: [] };
  return { narrow: [sql`true`], rest: ofAction };
}

/** From the key on where there is one, which is never before the list's start: SQLite uses one bound of an index at each end. */
function boundsOf({ since, until }: RowFilter, order: AuditOrder, after: AuditKey | null): Condition[] {
  const [from, to] = [since?.getTime(), until?.getTime()];
  if (order === "newest") {
    const start = startOf(after && (to === undefined || after.first_at < to) ? sql`(first_at, id) < ${tupleOf(after)}` : null, to, sql`<`);
    return from === undefined ? start : [...start, sql`first_at >= ${from}`];
  }
  const isWithin = after && (from === undefined || after.first_at >= from);
  const start = startOf(isWithin ? sql`(first_at, id) > ${tupleOf(after)}` : null, from, sql`>=`);
  return to === undefined ? start : [...start, sql`first_at < ${to}`];
}

function startOf(next: Condition | null, bound: number | undefined, comparison: RawBuilder<unknown>): Condition[] {
  if (next) return [next];
  return bound === undefined ? [] : [sql`first_at ${comparison} ${bound}`];
}

const tupleOf = ({ first_at, id }: AuditKey) => sql`(${first_at}, ${id})`;
