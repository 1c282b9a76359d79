import type { Transaction } from "kysely";
import { plainName } from "../../client/design/plain-name.ts";
import type { KnownUser } from "../../schema/upstream.ts";
import type { Clock } from "../runtime/clock.ts";
import { createRowCache } from "../store/cache.ts";
import type { Topic } from "../store/changes.ts";
import type { Database } from "../store/database.ts";
import type { RowMacs } from "../store/row-macs.ts";
import type { Tables, UserRow } from "../store/tables.ts";

/** How far apart two assertions of one group must be for the later one to be recorded. */
const RECORD_ASSERTION_EVERY_MS = 60_000;
/** JWTs tell their issue time in whole seconds (RFC 7519 section 2), so nothing finer is compared. */
const SECOND_MS = 1_000;

export const topicOfUser = (id: string): Topic => `user:${id}`;

/** What a token or the platform says about a user. Undefined keeps what is stored, null clears it. */
export interface UserAssertion {
  id: string;
  groupId?: string | null | undefined;
  name?: string | null | undefined;
  /** When a token that says so was issued. Undefined: said now, by the platform itself, which is always believed. */
  assertedAt?: Date | undefined;
  /** How far the clock that `assertedAt` is read from may be off: a group is moved as of the earliest time that it may have been. */
  clockToleranceSeconds?: number | undefined;
}

export interface Users {
  /** The user as they are now, or null. Cached until they change, in any process. */
  find(id: string): Promise<KnownUser | null>;
  /**
   * Creates or updates a user, and the group when one is named; writes nothing when nothing changes.
   * An assertion older than the one that set the group does not move the user, and one older than the row's last change does not rename.
   * A token moves no user whom the platform itself has put into a group, unless it was certainly issued later.
   */
  provision(assertion: UserAssertion): Promise<KnownUser>;
  /** Moves a known user, as the platform says it; null: to no group. Answers the user before and after; null when there is no such user. */
  move(id: string, groupId: string | null): Promise<{ before: KnownUser; after: KnownUser } | null>;
  /**
   * Ends all tokens and sessions of a user that were issued until now, one-time tokens and what they have started to connect included.
   * Null when there is no such user.
   */
  revoke(id: string): Promise<KnownUser | null>;
  /** Whether what was issued to a user at this instant, in milliseconds since the epoch, has been revoked since. Cached as `find` is. */
  isRevoked(id: string, issuedAt: number): Promise<boolean>;
  /** The group, or null when no user was ever in it. */
  findGroup(id: string): Promise<{ id: string } | null>;
}

interface Dependencies {
  database: Database;
  macs: RowMacs;
  clock: Clock;
}

export function createUsers(dependencies: Dependencies): Users {
  const { database, clock } = dependencies;
  const cache = createRowCache<{ row: UserRow | null }>(database.changes);
  const read = async (id: string): Promise<UserRow | null> => {
    const { row } = await cache.get(topicOfUser(id), async () => ({ row: await readUser(dependencies, id) }));
    return row;
  };

  return {
    async find(id) {
      const row = await read(id);
      return row && toKnownUser(row);
    },

    async provision(assertion) {
      const row = await read(assertion.id);
      return row && !changesTo(row, assertion, clock.now()) ? toKnownUser(row) : storeAssertion(dependencies, assertion);
    },

    move: (id, groupId) => moveUser(dependencies, id, groupId),

    revoke: (id) => revokeUser(dependencies, id),

    async isRevoked(id, issuedAt) {
      const row = await read(id);
      return row !== null && row.tokens_valid_from !== null && issuedAt < row.tokens_valid_from;
    },

    async findGroup(id) {
      return (await database.query.selectFrom("groups").select("id").where("id", "=", id).executeTakeFirst()) ?? null;
    },
  };
}

async function readUser({ database, macs }: Dependencies, id: string): Promise<UserRow | null> {
  const row = await database.query.selectFrom("users").selectAll().where("id", "=", id).executeTakeFirst();
  return row && macs.accept("users", row) ? row : null;
}

/** Writes what an assertion changes, and the group that it names. */
function storeAssertion({ database, macs, clock }: Dependencies, assertion: UserAssertion): Promise<KnownUser> {
  return database.write([topicOfUser(assertion.id)], async (transaction) => {
    const now = clock.now();
    const row = await insertOrLock(transaction, macs, assertion.id, now);
    return storeChanges(transaction, macs, row, assertion, now);
  });
}

async function storeChanges(
  transaction: Transaction<Tables>,
  macs: RowMacs,
  row: UserRow,
  assertion: UserAssertion,
  now: number,
): Promise<KnownUser> {
  const changes = changesTo(row, assertion, now);
  if (changes) {
    const changed = { ...changes, tokens_valid_from: row.tokens_valid_from };
    const mac = macs.sign("users", { ...row, ...changed });
    await transaction
      .updateTable("users")
      .set({ ...changed, mac })
      .where("id", "=", row.id)
      .execute();
  }
  if (changes?.group_id) {
    const group = { id: changes.group_id, created_at: now };
    await transaction
      .insertInto("groups")
      .values(group)
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
  return toKnownUser({ ...row, ...changes });
}

function moveUser({ database, macs, clock }: Dependencies, id: string, groupId: string | null) {
  return database.write([topicOfUser(id)], async (transaction) => {
    const row = await lockKnown(database, transaction, id);
    if (!row || !macs.accept("users", row)) return null;
    return { before: toKnownUser(row), after: await storeChanges(transaction, macs, row, { id, groupId }, clock.now()) };
  });
}

/** The row of a user, which no other process changes meanwhile. */
const lockKnown = ({ kind }: Database, transaction: Transaction<Tables>, id: string): Promise<UserRow | undefined> =>
  transaction
    .selectFrom("users")
    .selectAll()
    .where("id", "=", id)
    .$if(kind === "postgres", (query) => query.forUpdate())
    .executeTakeFirst();

/** The row of a user, who is created where there is none. Nothing is kept of a row that does not verify. */
async function insertOrLock(transaction: Transaction<Tables>, macs: RowMacs, id: string, now: number): Promise<UserRow> {
  const unknown = unknownUser(id);
  const stored = await transaction
    .insertInto("users")
    .values({ ...unknown, name: null, created_at: now, updated_at: 0, mac: macs.sign("users", unknown) })
    // Changes nothing, and locks the row that is there.
    .onConflict((conflict) => conflict.column("id").doUpdateSet((of) => ({ id: of.ref("excluded.id") })))
    .returningAll()
    .executeTakeFirstOrThrow();
  // What was issued until now may have been revoked in a row that does not verify.
  return macs.accept("users", stored) ? stored : { ...stored, ...unknown, tokens_valid_from: now, updated_at: 0 };
}

function revokeUser({ database, macs, clock }: Dependencies, id: string): Promise<KnownUser | null> {
  return database.write([topicOfUser(id)], async (transaction) => {
    const stored = await lockKnown(database, transaction, id);
    if (!stored) return null;
    const now = clock.now();
    const row = { ...(macs.accept("users", stored) ? stored : { ...stored, ...unknownUser(id) }), tokens_valid_from: now };
    await transaction
      .updateTable("users")
      .set({ ...row, mac: macs.sign("users", row) })
      .where("id", "=", id)
      .execute();
    await transaction.deleteFrom("one_time_tokens").where("user_id", "=", id).execute();
    await transaction.updateTable("attempts").set({ used_at: now }).where("user_id", "=", id).where("used_at", "is", null).execute();
    return toKnownUser(row);
  });
}

/** What nothing is known of. */
const unknownUser = (id: string) => ({ id, group_id: null, group_asserted_at: null, tokens_valid_from: null });

type UserChanges = Pick<UserRow, "group_id" | "group_asserted_at" | "name" | "updated_at">;

/** What an assertion changes in a row, or null. A row just inserted was last changed at 0. */
function changesTo(row: UserRow, assertion: UserAssertion, now: number): UserChanges | null {
  const moved = { ...groupOf(row, assertion, now), name: nameOf(row, assertion, now) };
  const isVisible = row.updated_at === 0 || moved.group_id !== row.group_id || moved.name !== row.name;
  if (isVisible) return { ...moved, updated_at: now };
  return moved.group_asserted_at === row.group_asserted_at ? null : { ...moved, updated_at: row.updated_at };
}

function groupOf(row: UserRow, assertion: UserAssertion, now: number): Pick<UserRow, "group_id" | "group_asserted_at"> {
  const current = { group_id: row.group_id, group_asserted_at: row.group_asserted_at };
  const { groupId, assertedAt, clockToleranceSeconds = 0 } = assertion;
  const earliest = assertedAt && toSecond(assertedAt.getTime()) - clockToleranceSeconds * SECOND_MS;
  if (groupId === undefined || (earliest !== undefined && earliest < (row.group_asserted_at ?? earliest))) return current;
  // An issuer whose clock is ahead must not outrank what is said here until then; and the platform outranks every token of its second.
  const at = earliest === undefined ? toSecond(now) + SECOND_MS - 1 : Math.min(earliest, now);
  const isRecent = row.group_asserted_at !== null && at - row.group_asserted_at < RECORD_ASSERTION_EVERY_MS;
  return groupId === row.group_id && isRecent ? current : { group_id: groupId, group_asserted_at: at };
}

function nameOf(row: UserRow, { name, assertedAt }: UserAssertion, now: number): string | null {
  const isStale = assertedAt !== undefined && toSecond(assertedAt.getTime()) < toSecond(Math.min(row.updated_at, now));
  return name === undefined || isStale ? row.name : name;
}

const toSecond = (instant: number): number => Math.floor(instant / SECOND_MS) * SECOND_MS;

export const toKnownUser = (row: UserRow): KnownUser => ({ id: row.id, name: plainName(row.name), groupId: row.group_id });
