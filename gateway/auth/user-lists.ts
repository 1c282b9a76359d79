import { z } from "zod";
import { externalIdSchema } from "../../schema/input.ts";
import type { KnownUser, Page, PageRequest } from "../../schema/upstream.ts";
import type { Database } from "../store/database.ts";
import { type Counted, countRows, readCursor, toPage, writeCursor } from "../store/pages.ts";
import type { RowMacs } from "../store/row-macs.ts";
import { toKnownUser } from "./users.ts";

/** All who are known, by their ids. */
export interface UserLists {
  listUsers(this: void, page: PageRequest): Promise<Page<KnownUser>>;
  listGroups(this: void, page: PageRequest): Promise<Page<{ id: string }>>;
}

interface Dependencies {
  database: Pick<Database, "query">;
  macs: RowMacs;
}

const userCursor = z.tuple([z.literal("users"), externalIdSchema]);
const groupCursor = z.tuple([z.literal("groups"), externalIdSchema]);

/** Lists users and groups. A user whose row does not verify is unknown, and is left out; a total counts the row all the same. */
export function createUserLists({ database: { query }, macs }: Dependencies): UserLists {
  const idsAfter = (table: "users" | "groups", after: string | null | undefined) => {
    const ids = query.selectFrom(table).select("id").orderBy("id");
    return after === null || after === undefined ? ids : ids.where("id", ">", after);
  };

  async function countAfter(table: "users" | "groups", after: string | null, rows: number): Promise<Counted<string>> {
    const { seen, last } = await query
      .selectFrom(idsAfter(table, after).limit(rows).as("ids"))
      .select((of) => [of.fn.countAll<number>().as("seen"), of.fn.max("ids.id").as("last")])
      .executeTakeFirstOrThrow();
    return { seen, matched: seen, last };
  }

  return {
    async listUsers({ first, after }) {
      const [, last] = readCursor(userCursor, after) ?? [];
      const ids = idsAfter("users", last).limit(first + 1);
      const rows = await query.selectFrom("users").selectAll().where("id", "in", ids).orderBy("id").execute();
      return toPage(rows, first, {
        cursorOf: ({ id }) => writeCursor(["users", id]),
        toItem: (row) => (macs.accept("users", row) ? toKnownUser(row) : null),
        count: () => countRows<string>((from, limit) => countAfter("users", from, limit)),
      });
    },

    async listGroups({ first, after }) {
      const [, last] = readCursor(groupCursor, after) ?? [];
      const rows = await idsAfter("groups", last)
        .limit(first + 1)
        .execute();
      return toPage(rows, first, {
        cursorOf: ({ id }) => writeCursor(["groups", id]),
        toItem: (row) => row,
        count: () => countRows<string>((from, limit) => countAfter("groups", from, limit)),
      });
    },
  };
}
