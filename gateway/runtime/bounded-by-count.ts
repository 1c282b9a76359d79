/**
 * Bounds a cache of lru-cache by its entries. Its own option `max` makes room for all of them at once, which takes milliseconds and
 * megabytes at each start.
 *
 * @example new LRUCache<string, number>(boundedByCount(10_000))
 */
export const boundedByCount = (count: number) => ({ maxSize: count, sizeCalculation: () => 1 });
