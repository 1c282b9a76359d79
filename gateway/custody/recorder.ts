import type { Kysely, Transaction } from "kysely";
import type { EventType, HistoryKind } from "../../schema/events.ts";
import type { Clock } from "../runtime/clock.ts";
import type { ConnectionRow, Tables } from "../store/tables.ts";
import { areMany, type ConnectorEvent, countForConnector } from "./connector-news.ts";
import { addEvent, type EventOptions, lockEvents } from "./events.ts";
import { addHistory, findEnd, type Happening, type Refreshes } from "./history.ts";

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

/** What happened, and how the connection had ended, where it heals; null where that is not known. */
interface Happened {
  happening: Happening;
  end: HistoryKind | null;
}

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
  async function tell(transaction: Transaction<Tables>, connection: ConnectionRow, happened: Happened, now: number): Promise<void> {
    const { happening } = happened;
    const { connector_slug: slug } = connection;
    const type = happening.isTold === false ? null : eventOf[happening.kind];
    if (type === null) return;
    // Others that write events wait: they count those that this one writes.
    await lockEvents(transaction);
    const ofConnector = await findConnectorEvent(transaction, slug, type, happened, now);
    if (ofConnector) return countForConnector(transaction, ofConnector, { slug, code: happening.code ?? null }, now);
    await addEvent(transaction, { type, subject: { connection }, facts: factsOf(happening), at: now }, options);
  }

  return {
    async record(transaction, connection, { refreshes, happenings }) {
      const now = clock.now();
      const happened: Happened[] = [];
      for (const happening of happenings) {
        const end = happening.kind === "healed" ? await findEnd(transaction, connection.id, happening.tokenKind ?? null) : null;
        if (!happening.isUncertain || end !== null) happened.push({ happening, end });
      }
      await addHistory(transaction, connection.id, { refreshes, happenings: happened.map(({ happening }) => happening) }, now);
      for (const one of happened) await tell(transaction, connection, one, now);
    },
  };
}

/** What is told of the connector, in place of one event more of a connection. Null: the connection's own event is told. */
async function findConnectorEvent(
  query: Kysely<Tables>,
  slug: string,
  type: EventType,
  { happening, end }: Happened,
  now: number,
): Promise<ConnectorEvent | null> {
  if (type === "connector.misconfigured") return type;
  if (type === "connection.errored") return (await areMany(query, slug, type, now)) ? "connector.misconfigured" : null;
  if (type !== "connection.healed") return null;
  // Servers were not told of this connection when its connector stopped it, and no user has mended it.
  const isOfConnector = end === "misconfigured" && !happening.by;
  return isOfConnector || (await areMany(query, slug, type, now)) ? "connector.healed" : null;
}

const factsOf = ({ code, endsAt }: Happening): Record<string, unknown> => ({
  ...(code && { error: { code } }),
  ...(endsAt !== undefined && { ends_at: new Date(endsAt).toISOString() }),
});
