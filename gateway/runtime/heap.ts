import { constants, PerformanceObserver } from "node:perf_hooks";
import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";

/** V8 collects the old generation once it has grown by two fifths. */
const OLD_GENERATION = "--heap-growing-percent=40";
/**
 * How often its first 1 MiB each half of the young generation has: 4 MiB, and 8 MiB in Node 20, whose V8 takes 6 % more CPU with 4. V8
 * itself would let it grow to 16 MiB or more.
 */
const YOUNG_GENERATION_FACTOR = Number.parseInt(process.versions.v8, 10) < 12 ? 8 : 4;
/** Of both halves. */
const YOUNG_GENERATION_BYTES = 2 * YOUNG_GENERATION_FACTOR * 1_048_576;
/** What it is made to grow by: lists of 8 kB. */
const LIST_LENGTH = 1_000;
/** More lists than it takes. */
const MAXIMUM_LISTS = 4_000;

/**
 * Bounds what a process keeps that serves for long: 14 to 30 MB less than V8 would keep of itself.
 *
 * The size of the young generation is an option of V8's start alone, but what it grows by is read at each growth: it is made to grow once,
 * by objects that live, and not further. V8 shrinks it to 1 MiB while the process is idle. With the first load after that it is made to grow
 * again: a request costs up to five times as much without.
 */
export function limitHeap(): void {
  setFlagsFromString(OLD_GENERATION);
  growYoungGeneration();
  // Collections of other kinds are those of an idle process.
  const observer = new PerformanceObserver((list) => list.getEntries().some(isMinorCollection) && growYoungGeneration());
  observer.observe({ entryTypes: ["gc"] });
}

/** Does nothing where it has more than half its bound already. */
function growYoungGeneration(): void {
  const living: object[] = [];
  for (let factor = missingFactor(); factor > 1 && living.length < MAXIMUM_LISTS; factor = missingFactor()) {
    setFlagsFromString(`--semi-space-growth-factor=${factor}`);
    // One allocation of a known size.
    // oxlint-disable-next-line unicorn/no-new-array
    living.push(new Array(LIST_LENGTH).fill(0));
  }
  setFlagsFromString("--semi-space-growth-factor=1");
}

/** How often what it has now goes into its bound. V8 says less than it has until it has collected once: never more than from the start. */
function missingFactor(): number {
  const bytes = getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space")?.space_size;
  return bytes ? Math.min(YOUNG_GENERATION_FACTOR, Math.floor(YOUNG_GENERATION_BYTES / bytes)) : 1;
}

const isMinorCollection = (entry: object): boolean =>
  "detail" in entry && isKinded(entry.detail) && entry.detail.kind === constants.NODE_PERFORMANCE_GC_MINOR;

const isKinded = (detail: unknown): detail is { kind: unknown } => typeof detail === "object" && detail !== null && "kind" in detail;
