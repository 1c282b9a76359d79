import { CompiledQuery, type Kysely, type RawBuilder, type RootOperationNode } from "kysely";
import { z } from "zod";
import type { Tables } from "../../gateway/store/tables.ts";
import type { DatabaseKind } from "./databases.ts";

const planSchema = z.array(z.union([z.object({ detail: z.string() }), z.object({ "QUERY PLAN": z.string() })]));

/** How a database means to run a statement, a step a line. */
export const planOf = (kind: DatabaseKind, query: Kysely<Tables>, statement: RawBuilder<unknown>): Promise<string> =>
  explain(kind, query, statement.compile(query));

/** How a database means to run each selection of some work, which is done, and those within it. */
export async function plansOf(
  kind: DatabaseKind,
  query: Kysely<Tables>,
  work: (query: Kysely<Tables>) => Promise<unknown>,
): Promise<string[]> {
  const nodes: RootOperationNode[] = [];
  const transformQuery = ({ node }: { node: RootOperationNode }) => {
    if (node.kind === "SelectQueryNode") nodes.push(node);
    return node;
  };
  await work(query.withPlugin({ transformQuery, transformResult: async ({ result }) => result }));
  const plans: string[] = [];
  for (const node of nodes) plans.push(await explain(kind, query, query.getExecutor().compileQuery(node, { queryId: "plan" })));
  return plans;
}

async function explain(kind: DatabaseKind, query: Kysely<Tables>, { sql, parameters }: CompiledQuery): Promise<string> {
  const { rows } = await query.executeQuery(CompiledQuery.raw(`explain ${kind === "sqlite" ? "query plan " : ""}${sql}`, [...parameters]));
  return planSchema
    .parse(rows)
    .map((row) => ("detail" in row ? row.detail : row["QUERY PLAN"]))
    .join("\n");
}
