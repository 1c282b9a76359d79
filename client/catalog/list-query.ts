import { useCallback, useState } from "react";
import { useCatalog } from "./context.ts";

/** What the list is narrowed down to: a search, and `connected`, `attention` or a category; the empty text for none. */
export interface ListQuery {
  q: string;
  filter: string;
}

const read = (search: string): ListQuery => {
  const parameters = new URLSearchParams(search);
  return { q: parameters.get("q") ?? "", filter: parameters.get("filter") ?? "" };
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
