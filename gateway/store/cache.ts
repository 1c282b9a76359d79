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
  get<Loaded extends Row | null>(topic: Topic, load: () => Promise<Loaded>): Row | Promise<Row | Loaded>;
}

/** What was found out from rows of several topics, by keys of its own, kept until one of these topics changes in any process. */
export interface FindingCache<Finding extends object> {
  /** Null: it is not kept, or changes cannot be received. */
  find(key: string): Finding | null;
  /**
   * To be called before anything is read for a finding. The function that it returns keeps the finding, unless anything has changed since
   * this call, or changes cannot be received.
   */
  begin(): (key: string, finding: Finding, topics: readonly Topic[]) => void;
}

export interface RowCacheOptions<Row> {
  maximumEntries?: number;
  maximumBytes?: number;
  /** What of a row takes memory of its own. Default: all of it. */
  partOf?: (row: Row) => object;
}

/** Creates a cache, bounded in entries and bytes, that never outlives a change, and keeps nothing while changes cannot be received. */
export function createRowCache<Row extends object>(
  changes: Changes,
  { maximumEntries = CACHE_MAXIMUM_ENTRIES, maximumBytes = CACHE_MAXIMUM_BYTES, partOf = (row) => row }: RowCacheOptions<Row> = {},
): RowCache<Row> {
  // lru-cache makes room for all entries at once where it is told their number: one counts as its share at the least.
  const leastSize = Math.floor(maximumBytes / maximumEntries);
  const rows = new LRUCache<Topic, Row>({
    maxSize: maximumBytes,
    sizeCalculation: (row, topic) => Math.max(sizeOf(partOf(row), topic), leastSize),
  });
  let changeCount = 0;
  changes.listen((topic) => {
    changeCount += 1;
    if (topic === "everything") rows.clear();
    else rows.delete(topic);
  });

  async function loadRow<Loaded extends Row | null>(topic: Topic, load: () => Promise<Loaded>): Promise<Loaded> {
    const countBefore = changeCount;
    const row = await load();
    // A change while loading may have made the row stale.
    if (row && changes.isCacheable() && changeCount === countBefore) rows.set(topic, row);
    return row;
  }

  return {
    get(topic, load) {
      if (!changes.isCacheable()) return load();
      return rows.get(topic) ?? loadRow(topic, load);
    },
  };
}

const sizeOf = (row: object, topic: Topic): number => BYTES_PER_ENTRY + BYTES_PER_CHARACTER * (topic.length + JSON.stringify(row).length);

interface Kept<Finding> {
  finding: Finding;
  topics: readonly Topic[];
}

/** Creates a cache that never outlives a change of what its findings are made from. `sizeOf`: what a finding takes in memory, in bytes. */
export function createFindingCache<Finding extends object>(
  changes: Changes,
  maximumBytes: number,
  sizeOf: (finding: Finding, key: string) => number,
): FindingCache<Finding> {
  const keysOf = new Map<Topic, Set<string>>();
  const kept = new LRUCache<string, Kept<Finding>>({
    maxSize: maximumBytes,
    sizeCalculation: ({ finding }, key) => sizeOf(finding, key),
    dispose: ({ topics }, key) => {
      for (const topic of topics) unlink(topic, key);
    },
  });
  let changeCount = 0;

  function unlink(topic: Topic, key: string): void {
    const keys = keysOf.get(topic);
    if (keys?.delete(key) && keys.size === 0) keysOf.delete(topic);
  }
  function link(topic: Topic, key: string): void {
    const keys = keysOf.get(topic) ?? new Set();
    keysOf.set(topic, keys.add(key));
  }
  changes.listen((topic) => {
    changeCount += 1;
    if (topic === "everything") kept.clear();
    else for (const key of keysOf.get(topic) ?? []) kept.delete(key);
  });

  return {
    find: (key) => (changes.isCacheable() ? (kept.get(key)?.finding ?? null) : null),
    begin() {
      const countBefore = changeCount;
      return (key, finding, topics) => {
        if (!changes.isCacheable() || changeCount !== countBefore) return;
        kept.set(key, { finding, topics });
        // One that is too large is not kept.
        if (kept.has(key)) for (const topic of topics) link(topic, key);
      };
    },
  };
}
