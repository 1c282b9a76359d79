import type { Database } from "../../gateway/store/database.ts";

/** Stores a user of this name, in place of one with this id. */
export const nameUser = (database: Database, id: string, name: string): Promise<unknown> =>
  database.write([`user:${id}`], async (transaction) => {
    await transaction.deleteFrom("users").where("id", "=", id).execute();
    await transaction
      .insertInto("users")
      .values({ id, name, group_id: null, group_asserted_at: null, created_at: 0, updated_at: 0 })
      .execute();
  });
