import type { ConnectionRow } from "../store/tables.ts";
import type { Prepared } from "./prepare.ts";
import { type HeldBefore, type Holding, keyOf } from "./held-before.ts";

/**
 * What becomes of a connection that is to be imported.
 *
 * - `imported`: its tokens are stored, in a new connection, or in one that did not work.
 * - `skipped`: it was imported before.
 * - `kept`: the owner has such a connection here, which stays as it is.
 * - `refused`: it cannot be imported.
 */
export type ImportStatus = "imported" | "skipped" | "kept" | "refused";

export interface Decision {
  status: ImportStatus;
  /** Why it is not imported, in one sentence; null where it is. */
  message: string | null;
  /** The connection that is there; null for a new one, and where there is none. */
  target: ConnectionRow | null;
}

const decision = (status: ImportStatus, message: string | null, target: ConnectionRow | null = null): Decision => ({
  status,
  message,
  target,
});

/** Decides by what is held. Nothing that works, or that a user has disconnected, is ever changed. */
export function decide(held: HeldBefore, prepared: Prepared): Decision {
  const { importId, owner, connector, imported } = prepared;
  if (held.imports.has(importId)) return decision("skipped", "It was imported before.");
  const holdings = held.holdings.get(keyOf(owner, connector.slug)) ?? [];
  const found = connector.supportsMultipleConnections
    ? (holdings.find(({ accountId }) => accountId !== null && accountId === imported.account_id) ?? holdings.find(mayHaveBeenAny))
    : holdings.toSorted(byUse)[0];
  const objection = found && objectionTo(found);
  if (objection) return decision("kept", objection, found.connection);
  if (imported.id != null && imported.id !== found?.connection.id && held.ids.has(imported.id))
    return decision("refused", "id: another connection has it: leave it out, or give another one.");
  return decision("imported", null, found?.connection ?? null);
}

const isDisconnected = ({ enabled, first_enabled_at: connectedAt }: ConnectionRow): boolean => enabled === 0 && connectedAt !== null;

/** A connection that was disconnected or disabled and whose account is not known any more. */
const mayHaveBeenAny = ({ connection, accountId }: Holding): boolean =>
  accountId === null && (connection.disabled_at !== null || isDisconnected(connection));

function objectionTo({ connection, status }: Holding): string | null {
  if (connection.disabled_at !== null) return "Its connection was disabled here by a server: nothing was changed.";
  if (connection.enabled && status === "active") return "A connection of this connector is there and works: nothing was changed.";
  if (isDisconnected(connection)) return "Its connection was disconnected here: nothing was changed.";
  return null;
}

/** The one in use comes first. */
const byUse = (a: Holding, b: Holding): number =>
  b.connection.enabled - a.connection.enabled || b.connection.created_at - a.connection.created_at;
