import { z } from "zod";
import { builder } from "./builder.ts";
import type { Page, PageRequest } from "./upstream.ts";

/** Items of a page where `first` is left out. */
export const DEFAULT_PAGE_SIZE = 50;
/** Most items that a page can be asked for. */
export const MAXIMUM_PAGE_SIZE = 200;

export const pageSizeSchema = z
  .int("must be a whole number")
  .min(1, "must be at least 1")
  .max(MAXIMUM_PAGE_SIZE, `must be at most ${MAXIMUM_PAGE_SIZE}`);

/** A cursor, which is the upstream's to make. */
export const cursorSchema = z.string().min(1, "must not be empty").max(2_048, "must have at most 2048 characters");

/** The arguments of every list that has pages. */
export const pageArgs = () =>
  builder.args((t) => ({
    first: t.int({
      description: `Maximum number of edges on the page, 1 to ${MAXIMUM_PAGE_SIZE}. Default: ${DEFAULT_PAGE_SIZE}.`,
      validate: pageSizeSchema,
    }),
    after: t.string({ description: "`pageInfo.endCursor` of the previous page. Default: the start of the list.", validate: cursorSchema }),
  }));

export const parsePageRequest = ({
  first,
  after = null,
}: {
  first?: number | null | undefined;
  after?: string | null | undefined;
}): PageRequest => ({ first: first ?? DEFAULT_PAGE_SIZE, after });

/** What a page of any list has beside its edges. */
export type PageFacts = Pick<Page<object>, "next" | "count"> & { start: string | null; end: string | null; isFirst: boolean };

/** A page as its Relay connection shows it. */
export type PageNode<Node> = PageFacts & { edges: { cursor: string; node: Node }[] };

export function toPageNode<Item, Node>(
  { items, next, count }: Page<Item>,
  { after }: PageRequest,
  toNode: (item: Item) => Node,
): PageNode<Node> {
  const edges = items.map(({ cursor, item }) => ({ cursor, node: toNode(item) }));
  return { edges, next, count, start: edges[0]?.cursor ?? null, end: next ?? edges.at(-1)?.cursor ?? null, isFirst: after === null };
}

export const PageInfoType = builder.objectRef<Omit<PageFacts, "count">>("PageInfo").implement({
  description: "Where a page is in its list (relay.dev/graphql/connections.htm).",
  fields: (t) => ({
    hasNextPage: t.boolean({
      description: "Whether more edges may follow. Even then, a page can be shorter than `first`, or empty.",
      resolve: ({ next }) => next !== null,
    }),
    hasPreviousPage: t.boolean({ description: "Whether this page was requested with `after`.", resolve: ({ isFirst }) => !isFirst }),
    startCursor: t.exposeString("start", { nullable: true, description: "The first edge's cursor; null if the page is empty." }),
    endCursor: t.exposeString("end", { nullable: true, description: "Where the next page begins: its `after`." }),
  }),
});

/** Gives a Relay connection what every one has beside its edges. */
export function addPageFields(type: PothosSchemaTypes.ObjectRef<typeof builder.$inferSchemaTypes, PageFacts>): void {
  builder.objectFields(type, (t) => ({
    pageInfo: t.field({ type: PageInfoType, description: "Where this page is in the list.", resolve: (page) => page }),
    totalCount: t.int({
      nullable: true,
      description:
        "How many the whole list has, counted now: select it where it is needed alone. Null where more than two million would have to be looked at.",
      resolve: ({ count }) => count(),
    }),
  }));
}
