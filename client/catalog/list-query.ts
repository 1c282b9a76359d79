import { useCallback, useState } from "react";
import { useCatalog } from "./context.ts";

/** What the list is narrowed down to: a search, and `connected`, `attention` or a category; the empty text for none. */
export interface ListQuery {
  q: string;
  filter: string;
}

/** In characters: an address that is longer than its server takes could not be loaded again. */
export const LONGEST_SEARCH = 200;

const read = (search: string): ListQuery => {
  const parameters = new URLSearchParams(search);
  return { q: (parameters.get("q") ?? "").slice(0, LONGEST_SEARCH), filter: parameters.get("filter") ?? "" };
};

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
  return [query, change];
}
