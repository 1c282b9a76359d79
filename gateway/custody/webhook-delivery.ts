import { setMaxListeners } from "node:events";
import { isTemporary } from "../../schema/errors.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import { withTimeout } from "../runtime/with-timeout.ts";
import type { Database } from "../store/database.ts";
import { type Lease, tryAlone, watchLease } from "../store/single-flight.ts";
import { type Attempted, type DueDelivery, findNextDue, findOldestAt, keepPending, MAXIMUM_ATTEMPTS, settle, takeDue } from "./outbox.ts";
import { sendMessage } from "./webhook-send.ts";
import type { Webhook } from "./webhook.ts";

/** Events that one webhook is sent at a time, each of another connection. */
export const AT_ONCE = 16;
/** How often each process looks for deliveries that are due, beside when it hears of one, in milliseconds. */
export const LOOK_INTERVAL_MS = 10_000;
/** How soon a process looks again while another one delivers, in milliseconds. */
const BUSY_LOOK_MS = 1_000;
/** How long a stop waits for receivers, in milliseconds of real time. What they have taken by then and cannot be noted is sent again. */
const STOP_WAIT_MS = 5_000;

export interface DeliveryDependencies {
  database: Database;
  webhooks: readonly Webhook[];
  clock: Clock;
  log: Pick<Log, "info" | "warn" | "error">;
  /** Called with the result of each attempt. */
  countDelivery(this: void, webhook: string, result: "taken" | "failed" | "dead"): void;
  /** Called with the age of the oldest event that a webhook has not taken, in seconds; 0 where it has taken all. */
  noteOutboxAge(this: void, webhook: string, seconds: number): void;
}

/** Delivers events to webhooks until it is stopped. Which process sends to which webhook, a lease decides. */
export function startDelivery(dependencies: DeliveryDependencies): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const { signal } = stopping;
  const cutting = new AbortController();
  // Each request under way listens: Node would warn of more than 10.
  setMaxListeners(0, cutting.signal);
  const running = Promise.all(dependencies.webhooks.map((webhook) => deliverTo(dependencies, webhook, { signal, cut: cutting.signal })));
  return {
    async stop() {
      stopping.abort();
      await withTimeout(running, STOP_WAIT_MS);
      cutting.abort();
      await running;
    },
  };
}

interface Stopping {
  /** Aborted when nothing more is to be begun. */
  signal: AbortSignal;
  /** Aborted when what has begun is to end. */
  cut: AbortSignal;
}

async function deliverTo(dependencies: DeliveryDependencies, webhook: Webhook, stopping: Stopping): Promise<void> {
  const { database, clock, log } = dependencies;
  const { signal } = stopping;
  const key = `webhook:${webhook.name}`;
  const look = watchLease(database, key);
  const news = createNews(database, clock, signal);
  let lookedAt = clock.now();
  while (!signal.aborted) {
    news.begin();
    let waitUntil = clock.now() + LOOK_INTERVAL_MS;
    try {
      const dueAt = await findNextDue(database.query, webhook.name);
      const now = clock.now();
      await noteAge(dependencies, webhook, dueAt !== null);
      if (dueAt !== null && dueAt <= now) {
        const takeOver = await look(now - lookedAt);
        lookedAt = now;
        if (await tryAlone(database, key, takeOver, (lease) => deliverDue(dependencies, webhook, lease, stopping))) continue;
        await clock.until(now + BUSY_LOOK_MS, signal);
        continue;
      }
      waitUntil = Math.min(waitUntil, dueAt ?? waitUntil);
    } catch (err) {
      if (!isTemporary(err)) log.error({ err, webhook: webhook.name }, "events could not be delivered");
      waitUntil = clock.now() + BUSY_LOOK_MS;
    }
    await news.until(waitUntil);
  }
  news.end();
}

/** Waits for an instant, for news of events, or for the stop. What is told after `begin` is not missed. */
function createNews(database: Pick<Database, "changes">, clock: Clock, signal: AbortSignal) {
  let heard = new AbortController();
  const unlisten = database.changes.listen((change) => void ((change === "events" || change === "everything") && heard.abort()));
  const onStop = () => heard.abort();
  signal.addEventListener("abort", onStop, { once: true });
  return {
    begin: () => void (heard = new AbortController()),
    until: (instant: number) => (signal.aborted ? Promise.resolve() : clock.until(instant, heard.signal)),
    end() {
      unlisten();
      signal.removeEventListener("abort", onStop);
    },
  };
}

async function noteAge({ database, clock, noteOutboxAge }: DeliveryDependencies, { name }: Webhook, isBehind: boolean): Promise<void> {
  const oldestAt = isBehind ? await findOldestAt(database.query, name) : null;
  noteOutboxAge(name, oldestAt === null ? 0 : Math.max(0, (clock.now() - oldestAt) / 1000));
}

/** Sends what is due, until nothing is, or another process has taken over. */
async function deliverDue(dependencies: DeliveryDependencies, webhook: Webhook, lease: Lease, { signal, cut }: Stopping): Promise<void> {
  const { database, clock } = dependencies;
  const mayGoOn = async () => !signal.aborted && (await lease.renew());
  while (!signal.aborted) {
    const due = await takeDue(database.query, webhook.name, clock.now(), mayGoOn);
    if (due.length === 0) return;
    for (let at = 0; at < due.length; at += AT_ONCE) {
      if (!(await mayGoOn())) return;
      const pending = await keepPending(database.query, webhook.name, due.slice(at, at + AT_ONCE));
      const attempted = await Promise.all(pending.map((delivery) => attempt(dependencies, webhook, delivery, cut)));
      const known = attempted.filter(({ outcome }) => outcome !== "aborted");
      if (known.length > 0) await database.write([], (transaction) => settle(transaction, webhook.name, known, clock.now()));
      for (const one of known) report(dependencies, webhook, one);
    }
  }
}

async function attempt({ clock }: DeliveryDependencies, webhook: Webhook, delivery: DueDelivery, signal: AbortSignal): Promise<Attempted> {
  return { delivery, ...(await sendMessage(webhook, delivery, { now: clock.now(), signal })) };
}

function report({ log, countDelivery }: DeliveryDependencies, { name }: Webhook, { delivery, isTaken, outcome }: Attempted): void {
  const facts = { webhook: name, event: delivery.id, type: delivery.type, outcome, attempt: delivery.attempts + 1 };
  const isDead = !isTaken && delivery.attempts + 1 >= MAXIMUM_ATTEMPTS;
  countDelivery(name, isTaken ? "taken" : isDead ? "dead" : "failed");
  if (isDead)
    log.error(
      facts,
      "a webhook did not accept an event in all attempts: xkit-gateway webhooks dead lists it, and webhooks replay sends it again",
    );
  else if (!isTaken) log.warn(facts, "a webhook did not accept an event");
}
