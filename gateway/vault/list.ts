import { type RawBuilder, sql } from "kysely";
import { z } from "zod";
import { idSchema } from "../../schema/input.ts";
import type { ConnectionFilter, Page, PageRequest } from "../../schema/upstream.ts";
import type { ConnectorConfig } from "../providers/connector.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Database } from "../store/database.ts";
import { type Counted, countRows, readCursor, readInRounds, type Round, writeCursor } from "../store/pages.ts";
import { readRowsWhere } from "./connection-rows.ts";
import { type StoredConnection, toStored } from "./connections.ts";
import { type Candidate, candidatesOf, type ListKey } from "./list-candidates.ts";
import { createListCondition } from "./list-condition.ts";

export interface ListDependencies {
  database: Pick<Database, "query">;
  connectors: ReadonlyMap<string, ConnectorConfig>;
  clock: Clock;
}

/** A list, as a page of it is read. */
interface List {
  query: Database["query"];
  filter: ConnectionFilter;
  condition: RawBuilder<boolean>;
  toStored: (rows: Parameters<typeof toStored>[1]) => StoredConnection[];
}

interface Row {
  key: ListKey;
  stored: StoredConnection;
}

/** Creates what lists the connections of all owners: candidates from one index, in the list's order, of which the store keeps those that pass the filter. */
export function createConnectionList({ database: { query }, connectors, clock }: ListDependencies) {
  const conditionOf = createListCondition(connectors);
  return async function listConnections(filter: ConnectionFilter, { first, after }: PageRequest): Promise<Page<StoredConnection>> {
    const condition = conditionOf(filter, clock.now());
    const list: List = { query, filter, condition, toStored: (rows) => toStored(connectors, rows) };
    const { rows, next } = await readInRounds(keyOf(filter, after), first, (from, size) => readRound(list, from, size));
    return {
      items: rows.map(({ key, stored }) => ({ cursor: cursorOf(filter, key), item: stored })),
      next: next && cursorOf(filter, next),
      count: () => countRows<ListKey>((from, limit) => countAfter(list, from, limit)),
    };
  };
}

const byId = z.tuple([z.literal("connections"), idSchema]);
const byChange = z.tuple([z.literal("changes"), z.int().nonnegative(), idSchema]);

const cursorOf = ({ updatedSince }: ConnectionFilter, { changed_at, id }: ListKey): string =>
  writeCursor(updatedSince ? ["changes", changed_at, id] : ["connections", id]);

function keyOf({ updatedSince }: ConnectionFilter, cursor: string | null): ListKey | null {
  if (updatedSince) {
    const key = readCursor(byChange, cursor);
    return key && { changed_at: key[1], id: key[2] };
  }
  const key = readCursor(byId, cursor);
  return key && { changed_at: 0, id: key[1] };
}

async function readRound(list: List, after: ListKey | null, size: number): Promise<Round<ListKey, Row>> {
  const seen = await readCandidates(list, after, size);
  return { seen, rows: await keepMatching(list, seen) };
}

const readCandidates = ({ query, filter }: List, after: ListKey | null, limit: number): Promise<Candidate[]> =>
  query
    .selectFrom(sql<Candidate>`(${candidatesOf(filter, after, limit)})`.as("candidates"))
    .selectAll()
    .execute();

async function keepMatching(list: List, candidates: readonly Candidate[]): Promise<Row[]> {
  const ids = candidates.map(({ id }) => id);
  const found = ids.length > 0 ? await readRowsWhere(list.query, ids, list.condition) : [];
  const foundById = new Map(found.map((rows) => [rows.connection.id, rows]));
  return candidates.flatMap((key) => {
    const rows = foundById.get(key.id);
    return rows?.connection.authorization_id === key.grant_id ? list.toStored(rows).map((stored) => ({ key, stored })) : [];
  });
}

/** Counts the candidates after a key, and those of them that pass. */
async function countAfter({ query, filter, condition }: List, after: ListKey | null, limit: number): Promise<Counted<ListKey>> {
  const counted = await query
    .with("candidates", () => sql<Candidate>`(${candidatesOf(filter, after, limit)})`)
    .selectNoFrom((of) => [
      of
        .selectFrom("candidates")
        .select((row) => row.fn.countAll<number>().as("count"))
        .as("seen"),
      of
        .selectFrom("candidates")
        .innerJoin("connections", "connections.id", "candidates.id")
        .leftJoin("authorizations", "authorizations.id", "connections.authorization_id")
        .select((row) => row.fn.countAll<number>().as("count"))
        .where(sql<boolean>`connections.authorization_id is not distinct from candidates.grant_id`)
        .where(condition)
        .as("matched"),
      of.selectFrom("candidates").select("id").orderBy("changed_at", "desc").orderBy("id", "desc").limit(1).as("id"),
      of.selectFrom("candidates").select("changed_at").orderBy("changed_at", "desc").limit(1).as("changed_at"),
    ])
    .executeTakeFirstOrThrow();
  const { seen, matched, id, changed_at } = counted;
  return { seen: seen ?? 0, matched: matched ?? 0, last: id === null || changed_at === null ? null : { id, changed_at } };
}
