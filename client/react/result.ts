import type { OperationContext, UseQueryState } from "urql";

/** What the reading hooks answer, as urql does: the state, and what reads again. */
export type Reading<Data> = readonly [state: ReadingState<Data>, refetch: (options?: Partial<OperationContext>) => void];

export interface ReadingState<Data> {
  /** Undefined until the first answer. */
  data: Data | undefined;
  /** Whether an answer is on its way; `data` may hold the one before. */
  fetching: boolean;
  /** Always an XkitError. */
  error: Error | undefined;
  /** Whether `data` is from the cache and being read again. */
  stale: boolean;
}

/** One field of a query's state. */
export const select = <Data, Value>(
  { data, fetching, error, stale }: UseQueryState<Data>,
  pick: (data: Data) => Value,
): ReadingState<Value> => ({
  data: data === undefined ? undefined : pick(data),
  fetching,
  error,
  stale,
});

/** Shown from the cache at once, and read again behind it. */
export const REVALIDATE = "cache-and-network" as const;
/** An answer without any connection is also void when one appears. */
export const CONNECTION_CONTEXT = { additionalTypenames: ["Connection"] };
