import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import { withTimeout } from "../runtime/with-timeout.ts";
import type { Database } from "../store/database.ts";
import type { RowMacs } from "../store/row-macs.ts";
import type { Sealer } from "../store/sealing.ts";
import { type AuditBatch, createAuditBatch } from "./audit-batch.ts";
import { type AuditEvent, theGateway } from "./audit-event.ts";
import { createFlushing, FLUSH_INTERVAL_MS } from "./audit-flushing.ts";
import { type AuditReader, createAuditReader } from "./audit-read.ts";
import { createAuditWriter } from "./audit-writer.ts";
import { type ConnectionUses, createConnectionUses } from "./connection-uses.ts";
import { createPersons, type Persons } from "./persons.ts";

/** How long a stop waits for a store that does not answer, in milliseconds. */
const STOP_WAIT_MS = 8_000;

/**
 * Who did what, for one process.
 *
 * To record an act, call `record` once its end is known: with what it was (`AuditAction`), who did it (`AuditActor`; `theOperator` for
 * the command line, `theGateway` for what it does unasked), whose connection it is about (`owner`, `connectionId`, `connector`), how it
 * ended (`outcome`), and where the request came from. Nothing is awaited, and nothing thrown.
 */
export interface Audit {
  /** Takes note of an act. It is written within `FLUSH_INTERVAL_MS`, and before `close` resolves. */
  record(this: void, event: AuditEvent): void;
  /** Resolves once all that was recorded before is in the store. Throws what the store throws; it is then tried again by itself. */
  flush(this: void): Promise<void>;
  persons: Persons;
  reader: AuditReader;
  /**
   * Deletes the name and the key of a user, and when these connections were used. Rows of the audit stay, verify, and lead to no person. To be
   * called last, once nothing is done for the user any more: it waits until every process has written what it had recorded.
   * False where the user had no name.
   */
  forget(this: void, userId: string, connectionIds: readonly string[]): Promise<boolean>;
  /** As `ConnectionUses.find`. */
  lastUsedAt: ConnectionUses["find"];
  /** How many events were lost since the process started, as the store was away for too long. */
  lost(): number;
  /** How long the oldest event has waited that is not in the store, in milliseconds. */
  lagMs(): number;
  /** Writes what waits. What the store does not take in `STOP_WAIT_MS` is lost, and the log says how much. */
  close(): Promise<void>;
}

export interface AuditOptions {
  database: Database;
  sealer: Sealer;
  macs: RowMacs;
  /** The store's. */
  clock: Clock;
  log: Pick<Log, "info" | "warn" | "error">;
  /** Default: an empty one. */
  batch?: AuditBatch;
}

/** What was lost, as long as the log and the store have not been told. */
interface Losses {
  total: number;
  untold: number;
}

export function createAudit(options: AuditOptions): Audit {
  const { clock, log, batch = createAuditBatch() } = options;
  const persons = createPersons(options);
  const reader = createAuditReader({ ...options, persons });
  const uses = createConnectionUses(options.database);
  const losses: Losses = { total: 0, untold: 0 };
  const write = createAuditWriter({ ...options, batch, persons, uses });
  const flushing = createFlushing({ clock, log, batch, write: () => write().then(tellLosses) });
  const { flush } = flushing;

  function record(event: AuditEvent): void {
    if (batch.add(event, clock.now())) return flushing.arm();
    if (losses.untold === 0) log.error({ waiting: batch.unwritten() }, LOSING);
    losses.total += 1;
    losses.untold += 1;
  }

  function tellLosses(): void {
    if (losses.untold === 0) return;
    const events = losses.untold;
    losses.untold = 0;
    log.error({ events }, "audit events were lost while the store was unavailable: a row of the audit says how many");
    record({ action: "audit.lost", actor: theGateway, details: { events } });
  }

  return {
    record,
    flush,
    persons,
    reader,
    async forget(userId, connectionIds) {
      await flush();
      await clock.sleep(2 * FLUSH_INTERVAL_MS);
      await uses.forget(connectionIds);
      return persons.forget(userId);
    },
    lastUsedAt: uses.find,
    lost: () => losses.total,
    lagMs: () => Math.max(0, clock.now() - (batch.waitingSince() ?? clock.now())),
    async close() {
      flushing.stop();
      await withTimeout(
        // The second writes the row that says what was lost.
        flush()
          .then(flush)
          .catch(() => {}),
        STOP_WAIT_MS,
      );
      const lost = batch.unwritten() + losses.untold;
      if (lost > 0) log.error({ lost }, "the last audit events could not be stored before the stop: they are lost");
    },
  };
}

const LOSING = "the audit's memory is full because the store is unavailable: until it is back, further events are lost, and counted";
