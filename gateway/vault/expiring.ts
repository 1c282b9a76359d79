import { sql } from "kysely";
import { EXPIRED_CODE } from "../../schema/outcomes.ts";
import { isTemporary } from "../../schema/errors.ts";
import type { Happening } from "../custody/history.ts";
import { isUnattended } from "../oauth/request-tokens.ts";
import type { ConnectorConfig } from "../providers/connector.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import type { Database } from "../store/database.ts";
import type { AuthorizationRow } from "../store/tables.ts";
import type { ConnectionStore } from "./connections.ts";

/** How often grants are looked for whose end is near or has passed, in milliseconds. */
export const END_LOOK_MS = 300_000;
/** How long before its end servers are told: a week, in milliseconds, or this share of the time until then where that is shorter. */
export const END_NOTICE_MS = 604_800_000;
/** One in so many parts of a grant's time is left by then: one that can be renewed has been (`keep-alive.ts`). */
const NOTICE_PARTS = 6;
/** Ends that have passed for longer were told, or are no news, in milliseconds. */
const ENDED_FOR_MS = 604_800_000;
/** Grants that are told of at each look at most. */
export const TOLD_AT_ONCE = 1_000;

interface Dependencies {
  database: Database;
  connections: ConnectionStore;
  connectors: ReadonlyMap<string, ConnectorConfig>;
  clock: Clock;
  log: Pick<Log, "error">;
}

/** A grant that ends unless its user connects again. */
interface Ending {
  connectionId: string;
  authorization: AuthorizationRow;
  /** Milliseconds since the epoch. */
  endsAt: number;
}

/** Tells servers of grants that only their users can renew: once before the end, and once it has passed. Until it is stopped. */
export function startEndNotices(dependencies: Dependencies): { stop(): Promise<void> } {
  const { clock, log } = dependencies;
  const stopping = new AbortController();
  const { signal } = stopping;
  async function run(): Promise<void> {
    while (!signal.aborted) {
      await clock.until(clock.now() + END_LOOK_MS, signal);
      if (signal.aborted) return;
      await tellEnds(dependencies, signal).catch((err: unknown) => {
        if (!isTemporary(err)) log.error({ err }, "ending grants could not be announced");
      });
    }
  }
  const running = run();
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

async function tellEnds(dependencies: Dependencies, signal: AbortSignal): Promise<void> {
  const now = dependencies.clock.now();
  for (const ending of await listEnding(dependencies, now)) {
    if (signal.aborted) return;
    const { endsAt } = ending;
    if (endsAt <= now) await tell(dependencies, ending, "ended_told", { kind: "broke", code: EXPIRED_CODE });
    else await tell(dependencies, ending, "end_told", { kind: "expiring", endsAt });
  }
}

/** Once for each end, over all processes. */
async function tell(
  { database, connections }: Dependencies,
  { connectionId, authorization, endsAt }: Ending,
  column: "end_told" | "ended_told",
  happening: Happening,
): Promise<void> {
  const connection = await database.query.selectFrom("connections").selectAll().where("id", "=", connectionId).executeTakeFirst();
  if (!connection) return;
  await connections.change(connection, async (transaction, current) => {
    const { numUpdatedRows } = await transaction
      .updateTable("authorizations")
      .set({ [column]: endsAt })
      .where("id", "=", authorization.id)
      .where("version", "=", authorization.version)
      .where("status", "=", "active")
      .where((row) => row.or([row(column, "is", null), row(column, "!=", endsAt)]))
      .executeTakeFirst();
    if (numUpdatedRows > 0n) await connections.record(transaction, current, { happenings: [happening], refreshes: [] });
  });
}

/** Working grants of which it is time to tell that they end, or that they have ended, and of which that was not told. */
async function listEnding({ database, connectors }: Dependencies, now: number): Promise<Ending[]> {
  // Others are renewed without their user.
  const attended = [...connectors.values()].flatMap(({ slug, oauth }) => (oauth && isUnattended(oauth.provider) ? [] : [slug]));
  if (attended.length === 0) return [];
  const rows = await database.query
    .selectFrom("authorizations")
    .innerJoin("connections", "connections.authorization_id", "authorizations.id")
    .selectAll("authorizations")
    .where("enabled", "=", 1)
    .where("status", "=", "active")
    // Its user cannot mend it.
    .where("disabled_at", "is", null)
    .where("connector_slug", "in", attended)
    .where((row) =>
      row.or([
        row.and([
          row("sealed_refresh_token", "is not", null),
          endsSoon("grant_expires_at", now),
          row("end_told", "is distinct from", row.ref("grant_expires_at")),
        ]),
        row.and([
          row("sealed_refresh_token", "is", null),
          endsSoon("expires_at", now),
          row("end_told", "is distinct from", row.ref("expires_at")),
        ]),
        row.and([
          row("sealed_refresh_token", "is", null),
          row("expires_at", ">", now - ENDED_FOR_MS),
          row("expires_at", "<=", now),
          row("ended_told", "is distinct from", row.ref("expires_at")),
        ]),
      ]),
    )
    .orderBy("authorizations.expires_at")
    .limit(TOLD_AT_ONCE)
    .execute();
  return rows.flatMap((authorization) => {
    const endsAt = authorization.sealed_refresh_token === null ? authorization.expires_at : authorization.grant_expires_at;
    return endsAt === null ? [] : [{ connectionId: authorization.connection_id, authorization, endsAt }];
  });
}

/** Whether it is time for the notice of an end. In the query, so that grants whose time has not come take no place of others. */
const endsSoon = (end: "grant_expires_at" | "expires_at", now: number) => {
  const endsAt = sql.ref<number>(`authorizations.${end}`);
  return sql<boolean>`(${endsAt} > ${now} and ${endsAt} <= ${now + END_NOTICE_MS}
    and (${endsAt} - ${now}) * ${sql.lit(NOTICE_PARTS)} <= ${endsAt} - coalesce(authorizations.issued_at, ${now}))`;
};
