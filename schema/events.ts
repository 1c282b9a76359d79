import type { Problem } from "./problems.ts";

/** What can happen to a connection, as its history names it. */
export const historyKinds = [
  "connected",
  "reconnected",
  "refreshed",
  "broke",
  "healed",
  "misconfigured",
  "expiring",
  "scopes_changed",
  "account_changed",
  "disconnected",
  "disabled",
  "enabled",
] as const;

export type HistoryKind = (typeof historyKinds)[number];

/** The events that servers are told. The first three are Xkit's own. */
export const eventTypes = [
  "connection.enabled",
  "connection.disabled",
  "connection.errored",
  "connection.healed",
  "connection.expiring",
  "connection.account_changed",
  "connector.misconfigured",
  "connector.healed",
] as const;

export type EventType = (typeof eventTypes)[number];

/** Something that happened to a connection. No secret, and nothing of the provider's own text. */
export interface HistoryEntry {
  kind: HistoryKind;
  /** How often it happened between `firstAt` and `at`: more than once for refreshes alone. */
  count: number;
  firstAt: Date;
  at: Date;
  /** The user who did it; null where no user did. */
  by: { id: string; name: string | null } | null;
  /** The kind of token that it happened to; null for the connection's own. */
  tokenKind: string | null;
  /** Why, as a code; null where nothing broke. */
  code: string | null;
  /** What is wrong, in an end user's words; null where nothing broke. */
  problem: Problem | null;
  addedScopes: string[];
  removedScopes: string[];
}

/** An event, as servers are told of it. */
export interface GatewayEvent {
  id: string;
  type: EventType;
  /** What a webhook is sent: JSON. */
  body: string;
  at: Date;
}
