import { LRUCache } from "lru-cache";
import type { Changes, Topic } from "./changes.ts";

/** Entries kept at most. */
export const CACHE_MAXIMUM_ENTRIES = 10_000;

/** Rows by topic, kept until the topic changes in any process. */
export interface RowCache<Row extends object> {
  get(topic: Topic, load: () => Promise<Row>): Promise<Row>;
}

/** Creates a bounded cache that never outlives a change, and keeps nothing while changes cannot be received. */
export function createRowCache<Row extends object>(changes: Changes, maximumEntries = CACHE_MAXIMUM_ENTRIES): RowCache<Row> {
  const rows = new LRUCache<Topic, Row>({ max: maximumEntries });
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
      if (changes.isCacheable() && changeCount === countBefore) rows.set(topic, row);
      return row;
    },
  };
}
