import { useCallback, useEffect, useState } from "react";
import { useCatalog } from "./context.ts";
import { isFilter } from "./filter-chips.tsx";

/** What the list is narrowed down to: a search, and `connected`, `attention` or a category; the empty text for none. */
export interface ListQuery {
  q: string;
  filter: string;
}

/** In characters: an address that is longer than its server takes could not be loaded again. */
export const LONGEST_SEARCH = 200;

const parameterOf = (search: string, name: string): string => new URLSearchParams(search).get(name) ?? "";

/** A filter that is unknown is none. */
function filterOf(search: string): string {
  const filter = parameterOf(search, "filter").toLowerCase();
  return isFilter(filter) ? filter : "";
}

const read = (search: string): ListQuery => ({ q: parameterOf(search, "q").slice(0, LONGEST_SEARCH), filter: filterOf(search) });

/** Kept in the address, where the catalog has one, without a new entry of the history: a reload and the way back find it again. */
export function useListQuery(): readonly [query: ListQuery, change: (part: Partial<ListQuery>) => void] {
  const { search, replaceSearch } = useCatalog();
  const [query, setQuery] = useState(() => read(search));
  const change = useCallback(
    (part: Partial<ListQuery>) => {
      const next = { ...query, ...part };
      setQuery(next);
      replaceSearch({ q: next.q.trim(), filter: next.filter });
    },
    [query, replaceSearch],
  );
  // The address says what is shown.
  useEffect(() => {
    const filter = filterOf(search);
    if (parameterOf(search, "filter") !== filter) replaceSearch({ filter });
  }, [search, replaceSearch]);
  return [query, change];
}
