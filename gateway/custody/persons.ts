import { randomBytes } from "node:crypto";
import type { Log } from "../runtime/log.ts";
import type { Clock } from "../runtime/clock.ts";
import { createFindingCache } from "../store/cache.ts";
import type { Topic } from "../store/changes.ts";
import type { Database } from "../store/database.ts";
import { contextOf } from "../store/sealed-places.ts";
import { createSealer, SealError, type Sealer } from "../store/sealing.ts";
import type { PersonRow } from "../store/tables.ts";

/** Of a person's random name. */
const PSEUDONYM_BYTES = 16;
const KEY_BYTES = 32;
/** The name of a person's key in what it seals. */
const KEY_ID = "person";
/** What the persons of one process may take in memory: 8 MiB. */
const CACHE_BYTES = 8_388_608;
const BYTES_PER_PERSON = 1_024;
/** Persons read or written in one statement. */
const BATCH_ROWS = 500;

const topicOfPerson = (userId: string): Topic => `person:${userId}`;

/** A user, as the audit names them. */
export interface Person {
  readonly pseudonym: string;
  readonly userId: string;
  /** Seals under the person's own key; null where that does not open. */
  readonly sealer: Pick<Sealer, "seal" | "open"> | null;
}

/** The random names under which users are recorded, and a key for each. Deleting both leaves rows that lead to no person. */
export interface Persons {
  /** The persons of these users, by their ids. They are made known where they are not. */
  provide(userIds: ReadonlySet<string>): Promise<ReadonlyMap<string, Person>>;
  /** The person of a user, or null. */
  find(userId: string): Promise<Person | null>;
  /** Those of these pseudonyms that are not forgotten, by them. */
  list(pseudonyms: ReadonlySet<string>): Promise<ReadonlyMap<string, Person>>;
  /** Deletes the name and the key of a user, in every process. False where there were none. */
  forget(userId: string): Promise<boolean>;
}

interface Dependencies {
  database: Database;
  sealer: Sealer;
  clock: Pick<Clock, "now">;
  log: Pick<Log, "error">;
}

export function createPersons({ database, sealer, clock, log }: Dependencies): Persons {
  const cache = createFindingCache<Person>(database.changes, CACHE_BYTES, () => BYTES_PER_PERSON);

  function open({ pseudonym, user_id: userId, sealed_key }: PersonRow): Person {
    try {
      const secret = Buffer.from(sealer.open(sealed_key, contextOf.person(pseudonym, userId)), "base64url");
      return { pseudonym, userId, sealer: createSealer([{ id: KEY_ID, secret }]) };
    } catch (error) {
      if (!(error instanceof SealError)) throw error;
      log.error({ person: pseudonym, err: error }, "the key of a person cannot be decrypted: the audit leaves out the person's addresses");
      return { pseudonym, userId, sealer: null };
    }
  }

  async function read(column: "user_id" | "pseudonym", values: readonly string[]): Promise<Person[]> {
    const persons: Person[] = [];
    for (const batch of batchesOf(values)) {
      const rows = await database.query.selectFrom("persons").selectAll().where(column, "in", batch).execute();
      persons.push(...rows.map(open));
    }
    return persons;
  }

  async function create(userIds: readonly string[]): Promise<void> {
    // In one order, so that two processes do not wait for each other.
    const rows = userIds.toSorted().map((userId) => {
      const pseudonym = randomBytes(PSEUDONYM_BYTES).toString("base64url");
      const sealed_key = sealer.seal(randomBytes(KEY_BYTES).toString("base64url"), contextOf.person(pseudonym, userId));
      return { pseudonym, user_id: userId, sealed_key, created_at: clock.now() };
    });
    for (const batch of batchesOf(rows))
      await database.query
        .insertInto("persons")
        .values(batch)
        // Another process may know them by now.
        .onConflict((conflict) => conflict.column("user_id").doNothing())
        .execute();
  }

  return {
    async provide(userIds) {
      const found = new Map<string, Person>();
      const keep = cache.begin();
      for (const id of userIds) {
        const person = cache.find(id);
        if (person) found.set(id, person);
      }
      const take = (persons: readonly Person[]) => {
        for (const person of persons) {
          found.set(person.userId, person);
          keep(person.userId, person, [topicOfPerson(person.userId)]);
        }
      };
      const missing = () => [...userIds].filter((id) => !found.has(id));
      if (missing().length > 0) take(await read("user_id", missing()));
      if (missing().length > 0) {
        await create(missing());
        take(await read("user_id", missing()));
      }
      return found;
    },

    async find(userId) {
      const [person] = await read("user_id", [userId]);
      return person ?? null;
    },

    async list(pseudonyms) {
      return new Map((await read("pseudonym", [...pseudonyms])).map((person) => [person.pseudonym, person]));
    },

    async forget(userId) {
      return database.write([topicOfPerson(userId)], async (transaction) => {
        const { numDeletedRows } = await transaction.deleteFrom("persons").where("user_id", "=", userId).executeTakeFirstOrThrow();
        return numDeletedRows > 0n;
      });
    },
  };
}

function* batchesOf<Value>(values: readonly Value[]): Generator<Value[]> {
  for (let at = 0; at < values.length; at += BATCH_ROWS) yield values.slice(at, at + BATCH_ROWS);
}
