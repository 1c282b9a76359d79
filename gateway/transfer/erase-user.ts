import type { DeletedUser } from "../../schema/upstream.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import type { Topic } from "../store/changes.ts";
import type { Database } from "../store/database.ts";
import type { AuthorizationRow } from "../store/tables.ts";
import type { Revoked, Revoker } from "../vault/revoke.ts";
import type { Spool } from "../vault/spool.ts";
import { deletePerson, type Deletion, type RowCounts } from "./delete-person.ts";
import type { PersonRows } from "./person-rows.ts";
import type { Connectors } from "./prepare.ts";

/** How often to look whether a refresh has ended, in milliseconds. */
const SETTLE_POLL_MS = 100;
/** What is started while a user is deleted is deleted with the next pass, at most so many times. */
const MAXIMUM_PASSES = 5;

type ErasedConnection = DeletedUser["connections"][number];

/** What became of a user. */
export interface ErasedUser extends DeletedUser {
  /** Rows that were deleted, or changed, by table. */
  rows: RowCounts;
}

export interface EraseDependencies {
  database: Database;
  connectors: Connectors;
  revoker: Revoker;
  spool: Spool;
  /** Of this machine. */
  clock: Clock;
  log: Pick<Log, "info">;
}

/** Until a look finds nothing any more: a callback may have been under way. */
async function deleteAll(dependencies: EraseDependencies, userId: string): Promise<Deletion[]> {
  const deletions: Deletion[] = [];
  while (deletions.length < MAXIMUM_PASSES) {
    const deletion = await deleteOnce(dependencies, userId);
    if (Object.keys(deletion.counts).length === 0) break;
    deletions.push(deletion);
  }
  return deletions;
}

/**
 * Deletes all that is held of a user: first here, in one transaction, then their grants at the providers, as far as they can be reached.
 * Groups keep their connections, without the user's name. Null where nothing was held. What the audit has of them is forgotten after that
 * (`custody/record-erasing.ts`). Throws what the store throws: then it is to be done again.
 */
export async function eraseUser(dependencies: EraseDependencies, userId: string): Promise<ErasedUser | null> {
  const deletions = await deleteAll(dependencies, userId);
  const own = deletions.flatMap(({ rows }) => rows.own.connections);
  forgetSpooled(dependencies.spool, userId, new Set(own.map(({ id }) => id)));
  if (deletions.length === 0) return null;
  const connections: ErasedConnection[] = [];
  for (const { rows } of deletions) connections.push(...(await revokeAll(dependencies, rows)));
  const shared = deletions.flatMap(({ rows }) => rows.shared.connections);
  const rows = sumOf(deletions);
  dependencies.log.info({ connections: connections.length, rows }, "a user was erased");
  return {
    connections,
    groupConnections: shared.map(({ id, connector_slug: connector, owner_id: group }) => ({ id, connector, group })),
    rows,
  };
}

async function deleteOnce({ database, clock }: EraseDependencies, userId: string): Promise<Deletion> {
  for (;;) {
    await database.clock.measure();
    // Known once the rows are.
    const topics: Topic[] = [];
    const deletion = await database.write(topics, async (transaction) => {
      const done = await deletePerson(database, transaction, userId);
      if (done !== "under way") topics.push(...done.topics);
      return done;
    });
    if (deletion !== "under way") return deletion;
    await clock.sleep(SETTLE_POLL_MS);
  }
}

/** New tokens that wait on this machine for the store: none of theirs may come back. */
function forgetSpooled(spool: Spool, userId: string, connectionIds: ReadonlySet<string>): void {
  for (const spooled of spool.list())
    if (connectionIds.has(spooled.connectionId) || ("userId" in spooled && spooled.userId === userId)) spooled.forget();
}

async function revokeAll({ connectors, revoker }: EraseDependencies, { own }: PersonRows): Promise<ErasedConnection[]> {
  const erased: ErasedConnection[] = [];
  for (const connection of own.connections) {
    const { id, connector_slug: slug, authorization_id: current } = connection;
    const connector = connectors.get(slug);
    const grants = own.grants.filter((grant) => (grant.came_with ?? grant.id) === current && grant.version > 0);
    const revoked: Revoked[] = [];
    // One after the other: the end of one kind of token may be the end of all.
    if (connector) for (const authorization of grants) revoked.push(await revoker.revokeStored({ connection, connector, authorization }));
    erased.push({ id, connector: slug, revocation: connector ? worstOf(revoked) : unknownOf(grants) });
  }
  return erased;
}

const worstOf = (revoked: readonly Revoked[]): Revoked =>
  (["failed", "revoked", "nothing"] as const).find((each) => revoked.includes(each)) ?? "nothing";

const unknownOf = (grants: readonly AuthorizationRow[]): ErasedConnection["revocation"] =>
  grants.length > 0 ? "unknown_connector" : "nothing";

function sumOf(deletions: readonly Deletion[]): RowCounts {
  const sum: RowCounts = {};
  for (const { counts } of deletions) for (const [table, count] of Object.entries(counts)) sum[table] = (sum[table] ?? 0) + count;
  return sum;
}
