import type { EventType, HistoryKind } from "../../schema/events.ts";

/** Something that happened to a connection. */
export interface HistoryRow {
  connection_id: string;
  /** 1, 2, … within the connection. */
  number: number;
  kind: HistoryKind;
  /** How often it happened between `first_at` and `at`: more than once for refreshes alone. */
  count: number;
  first_at: number;
  at: number;
  /** The user who did it; null where no user did. */
  by_id: string | null;
  by_name: string | null;
  /** The kind of token that it happened to; null for the connection's own. */
  token_kind: string | null;
  code: string | null;
  /** JSON lists; null for none. */
  added_scopes: string | null;
  removed_scopes: string | null;
  /** What tells accounts apart without naming them; null where the account is not known, or did not matter. */
  account: string | null;
}

/** An event that servers are told. Never changed. */
export interface EventRow {
  /** In the order in which they were committed. */
  number: number;
  id: string;
  type: EventType;
  connector_slug: string;
  /** Null for an event of the connector itself. */
  connection_id: string | null;
  owner_kind: "user" | "group" | null;
  owner_id: string | null;
  /** As it is sent: JSON. */
  body: string;
  at: number;
}

/**
 * Updating one locks it until the transaction ends, so that numbers are committed in their order. `changes` is SQLite's: how many rows were
 * changed that processes may have in their caches (`sqlite-changes.ts`).
 */
export interface CounterRow {
  name: "events" | "changes";
  last: number;
}

/** An event that a webhook has not taken yet. */
export interface DeliveryRow {
  /** The webhook's name. */
  endpoint: string;
  /** The event's. */
  number: number;
  /** Events with the same one are delivered one after the other. */
  ordered_by: string;
  attempts: number;
  next_at: number;
  /** Since when it is not tried any more. */
  dead_at: number | null;
  /** What became of the last attempt. */
  outcome: string | null;
}

/** What many connections of a connector have in common, until it is told as one event. */
export interface ConnectorNewsRow {
  connector_slug: string;
  /** Why they fail; null where they work again. */
  code: string | null;
  /** Connections that it was noticed at since `first_at`; 0 when all are told. */
  count: number;
  first_at: number;
  /** When it is to be told; null when all is told. */
  due_at: number | null;
  told_at: number | null;
}
