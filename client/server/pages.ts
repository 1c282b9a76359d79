import { xkitError } from "../api/errors.ts";
import type { CallOptions } from "../api/transport.ts";

/** What the gateway answers for a page of a list. */
export interface Page<Item> {
  edges: { node: Item }[];
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
}

/** An abort of `signal` ends the list by throwing its reason, also between two entries: a list that was given up is never taken for a whole one. */
export interface ListOptions extends CallOptions {
  /** How many entries are asked for at a time, 1 to 200. Default: 200. */
  pageSize?: number;
}

/** The fewest requests for a whole list. */
const DEFAULT_PAGE_SIZE = 200;

/**
 * The entries of all pages, each page asked for when the one before is used up. No list is an empty one.
 * Throws InternalError where the next page would be the same again, and the reason of a signal that aborts.
 */
export async function* walkPages<Item>(
  readPage: (request: { first: number; after: string | null }, call: CallOptions) => Promise<Page<Item> | null | undefined>,
  { pageSize = DEFAULT_PAGE_SIZE, signal }: ListOptions = {},
): AsyncGenerator<Item, void> {
  let after: string | null = null;
  do {
    const page: Page<Item> | null | undefined = await readPage({ first: pageSize, after }, { signal });
    for (const { node } of page?.edges ?? []) {
      signal?.throwIfAborted();
      yield node;
    }
    const next: string | null = page?.pageInfo.hasNextPage ? page.pageInfo.endCursor : null;
    if (next !== null && next === after) throw xkitError("INTERNAL", "The list does not go on: its next page is the same again.");
    after = next;
  } while (after !== null);
}
