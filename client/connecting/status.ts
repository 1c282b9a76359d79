import type { CatalogEntry, Connection } from "../api/types.ts";

/** What of a connection says how it is. */
type StatedConnection = CatalogEntry["connections"][number];

/** How a connection is. */
export type Status = "connected" | "attention" | "misconfigured" | "unavailable" | "pending" | "none";

/** A connection's status. One that never succeeded, or was disconnected, is none: unless it is on its way. */
export function statusOf({ enabled, authorization }: Pick<StatedConnection, "enabled" | "authorization">): Status {
  if (!authorization) return enabled ? "attention" : "none";
  if (authorization.status === "RETRIEVING_TOKENS") return "pending";
  // One that was disabled has a health.
  if (!enabled && !authorization.health) return "none";
  if (authorization.health === "MISCONFIGURED") return "misconfigured";
  if (authorization.status === "ERROR" || authorization.health === "RECONNECT_REQUIRED") return "attention";
  return authorization.health === "UNAVAILABLE" ? "unavailable" : "connected";
}

/** Connections that are there to be shown: those that work, those to repair, those on their way. */
export const shownOf = (connections: Connection[]): Connection[] => connections.filter((connection) => statusOf(connection) !== "none");

const byNeed: Status[] = ["attention", "misconfigured", "unavailable", "connected", "pending"];

/** The status of a connector: that of the connection which most needs the user. */
export function summarise(connections: StatedConnection[]): Status {
  const all = new Set(connections.map(statusOf));
  return byNeed.find((status) => all.has(status)) ?? "none";
}

/** The place of a connector in the list: first what needs its user, then what is connected, then the rest. */
export const rankOf = (connections: StatedConnection[]): number => [...byNeed, "none"].indexOf(summarise(connections));

/** The parts of the list. */
export type Group = "attention" | "connected" | "available";

/** The part of the list that a connector is in. */
export function groupOf(connections: StatedConnection[]): Group {
  const status = summarise(connections);
  if (status === "none") return "available";
  return status === "connected" || status === "pending" ? "connected" : "attention";
}
