import type { Database } from "./database.ts";

/** Short texts that an adapter keeps in the gateway's store, as that a grant is dead. They are not sealed: no token belongs in them. */
export interface Notes {
  /** What is noted, by key. */
  read(keys: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /** Null removes it. */
  write(key: string, text: string | null): Promise<void>;
}

/** The notes of a store. */
export const createNotes = ({ query }: Pick<Database, "query">): Notes => ({
  async read(keys) {
    if (keys.length === 0) return new Map();
    const rows = await query.selectFrom("notes").selectAll().where("key", "in", keys).execute();
    return new Map(rows.map(({ key, text }) => [key, text]));
  },
  async write(key, text) {
    if (text === null) await query.deleteFrom("notes").where("key", "=", key).execute();
    else
      await query
        .insertInto("notes")
        .values({ key, text })
        .onConflict((conflict) => conflict.column("key").doUpdateSet({ text }))
        .execute();
  },
});
