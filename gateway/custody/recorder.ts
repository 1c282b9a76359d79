import type { Transaction } from "kysely";
import type { EventType, HistoryKind } from "../../schema/events.ts";
import type { Clock } from "../runtime/clock.ts";
import type { ConnectionRow, Tables } from "../store/tables.ts";
import { isMassBreakage, noteTrouble } from "./connector-troubles.ts";
import { addEvent, type EventOptions, lockEvents } from "./events.ts";
import { addHistory, type Happening, type Refreshes, wasBroken } from "./history.ts";

/** The event by which servers are told of each kind of happening; null: they are not. */
const eventOf: Record<HistoryKind, EventType | null> = {
  connected: "connection.enabled",
  reconnected: null,
  refreshed: null,
  broke: "connection.errored",
  healed: "connection.healed",
  misconfigured: "connector.misconfigured",
  expiring: "connection.expiring",
  scopes_changed: null,
  account_changed: "connection.account_changed",
  disconnected: "connection.disabled",
  disabled: "connection.disabled",
  enabled: "connection.enabled",
};

export interface Recorded {
  happenings: readonly Happening[];
  /** What is folded into one entry before them. */
  refreshes: readonly Refreshes[];
}

/** Writes what happens to connections into their history, and the events that servers are told of it. */
export interface Recorder {
  /**
   * In the transaction of the change itself, as the last that it writes: nothing is told that did not happen, and nothing is lost.
   * The connection's row is locked, or new, and the transaction tells of the topic `events`.
   */
  record(transaction: Transaction<Tables>, connection: ConnectionRow, recorded: Recorded): Promise<void>;
}

export function createRecorder({ clock, ...options }: EventOptions & { clock: Clock }): Recorder {
  async function tell(transaction: Transaction<Tables>, connection: ConnectionRow, happening: Happening, now: number): Promise<void> {
    const { connector_slug: slug } = connection;
    const type = happening.isTold === false ? null : eventOf[happening.kind];
    if (type === null) return;
    // Others that write events wait: they count those that this one writes.
    await lockEvents(transaction);
    const isOfConnector =
      type === "connector.misconfigured" || (type === "connection.errored" && (await isMassBreakage(transaction, slug, now)));
    if (isOfConnector) return noteTrouble(transaction, slug, happening.code ?? null, now);
    await addEvent(transaction, { type, subject: { connection }, facts: factsOf(happening), at: now }, options);
  }

  return {
    async record(transaction, connection, { refreshes, happenings }) {
      const now = clock.now();
      const happened: Happening[] = [];
      for (const one of happenings)
        if (!one.isUncertain || (await wasBroken(transaction, connection.id, one.tokenKind ?? null))) happened.push(one);
      await addHistory(transaction, connection.id, { refreshes, happenings: happened }, now);
      for (const happening of happened) await tell(transaction, connection, happening, now);
    },
  };
}

const factsOf = ({ code, endsAt }: Happening): Record<string, unknown> => ({
  ...(code && { error: { code } }),
  ...(endsAt !== undefined && { ends_at: new Date(endsAt).toISOString() }),
});
