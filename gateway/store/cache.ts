import { LRUCache } from "lru-cache";
import type { Changes, Topic } from "./changes.ts";

/** Entries that one cache keeps at most. */
export const CACHE_MAXIMUM_ENTRIES = 10_000;
/** What the rows of one cache may take in memory: 32 MiB. */
export const CACHE_MAXIMUM_BYTES = 33_554_432;
/** An entry takes this beside its row's text. */
const BYTES_PER_ENTRY = 512;
/** For the row itself, and for what is opened of it. */
const BYTES_PER_CHARACTER = 2;

/** Rows by topic, kept until the topic changes in any process. */
export interface RowCache<Row extends object> {
  /** The row of a topic, loaded where it is not kept. What `load` does not find is not kept. */
  get<Loaded extends Row | null>(topic: Topic, load: () => Promise<Loaded>): Promise<Row | Loaded>;
}

/** Creates a cache, bounded in entries and bytes, that never outlives a change, and keeps nothing while changes cannot be received. */
export function createRowCache<Row extends object>(
  changes: Changes,
  maximumEntries = CACHE_MAXIMUM_ENTRIES,
  maximumBytes = CACHE_MAXIMUM_BYTES,
): RowCache<Row> {
  const rows = new LRUCache<Topic, Row>({ max: maximumEntries, maxSize: maximumBytes, sizeCalculation: sizeOf });
  let changeCount = 0;
  changes.listen((topic) => {
    changeCount += 1;
    if (topic === "everything") rows.clear();
    else rows.delete(topic);
  });

  return {
    async get(topic, load) {
      if (!changes.isCacheable()) return load();
      const cached = rows.get(topic);
      if (cached) return cached;
      const countBefore = changeCount;
      const row = await load();
      // A change while loading may have made the row stale.
      if (row && changes.isCacheable() && changeCount === countBefore) rows.set(topic, row);
      return row;
    },
  };
}

const sizeOf = (row: object, topic: Topic): number => BYTES_PER_ENTRY + BYTES_PER_CHARACTER * (topic.length + JSON.stringify(row).length);
