import { type Kysely, type RawBuilder, sql } from "kysely";
import { z } from "zod";
import type { Tables } from "../../gateway/store/tables.ts";
import type { DatabaseKind } from "./databases.ts";

const planSchema = z.array(z.union([z.object({ detail: z.string() }), z.object({ "QUERY PLAN": z.string() })]));

/** How a database means to run a statement, a step a line. */
export async function planOf(kind: DatabaseKind, query: Kysely<Tables>, statement: RawBuilder<unknown>): Promise<string> {
  const explain = kind === "sqlite" ? sql`explain query plan` : sql`explain`;
  const { rows } = await sql`${explain} ${statement}`.execute(query);
  return planSchema
    .parse(rows)
    .map((row) => ("detail" in row ? row.detail : row["QUERY PLAN"]))
    .join("\n");
}
