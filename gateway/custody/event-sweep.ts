import { setImmediate as nextTurn } from "node:timers/promises";
import { isTemporary } from "../../schema/errors.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import type { Database } from "../store/database.ts";
import { tellOfConnectors } from "./connector-news.ts";
import type { EventOptions } from "./events.ts";
import type { Webhook } from "./webhook.ts";

/** How often each process looks for what is to be told of connectors as a whole, in milliseconds. */
export const CONNECTOR_LOOK_MS = 10_000;
/** How long events are kept, for subscribers that come back and for replays: a week, in milliseconds. */
export const EVENTS_KEPT_MS = 604_800_000;
/** How long an event is kept that a webhook has not taken: 30 days, in milliseconds. */
export const DEAD_KEPT_MS = 2_592_000_000;
/** How often old events are deleted, in milliseconds, and how many at a time. */
const PRUNE_INTERVAL_MS = 3_600_000;
const PRUNED_AT_ONCE = 1_000;

interface Dependencies extends EventOptions {
  database: Database;
  clock: Clock;
  log: Pick<Log, "error">;
}

/** Tells of connectors that are in trouble, or not any more, and deletes events past their time, until it is stopped. */
export function startEventSweep(dependencies: Dependencies): { stop(): Promise<void> } {
  const { database, clock, log } = dependencies;
  const stopping = new AbortController();
  const { signal } = stopping;

  async function run(): Promise<void> {
    let pruneAt = clock.now();
    while (!signal.aborted) {
      await clock.until(clock.now() + CONNECTOR_LOOK_MS, signal);
      if (signal.aborted) return;
      try {
        const now = clock.now();
        await tellOfConnectors(database, dependencies, now);
        if (now < pruneAt) continue;
        pruneAt = now + PRUNE_INTERVAL_MS;
        await pruneEvents(database, now, dependencies.webhooks);
      } catch (err) {
        if (!isTemporary(err)) log.error({ err }, "old events could not be deleted");
      }
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

/** Deletes events past their time, but for those that a webhook is still to be sent. */
export async function pruneEvents(
  { query }: Pick<Database, "query">,
  now: number,
  webhooks: readonly Pick<Webhook, "name">[],
): Promise<void> {
  await query
    .deleteFrom("deliveries")
    .where("dead_at", "<", now - DEAD_KEPT_MS)
    .execute();
  const configured = webhooks.map(({ name }) => name);
  await query
    .deleteFrom("deliveries")
    .where("dead_at", "is", null)
    .where("next_at", "<", now - DEAD_KEPT_MS)
    .$if(configured.length > 0, (deleting) => deleting.where("endpoint", "not in", configured))
    .execute();
  const old = query
    .selectFrom("events")
    .select("number")
    .where("at", "<", now - EVENTS_KEPT_MS)
    .where("number", "not in", (pending) => pending.selectFrom("deliveries").select("number"))
    .orderBy("number")
    .limit(PRUNED_AT_ONCE);
  for (let deleted = PRUNED_AT_ONCE; deleted === PRUNED_AT_ONCE;) {
    const { numDeletedRows } = await query.deleteFrom("events").where("number", "in", old).executeTakeFirstOrThrow();
    deleted = Number(numDeletedRows);
    await nextTurn();
  }
}
