import type { ImportStatus } from "../../schema/upstream.ts";
import type { ConnectionRow } from "../store/tables.ts";
import type { Prepared } from "./prepare.ts";
import { type HeldBefore, type Holding, keyOf } from "./held-before.ts";

export interface Decision {
  status: ImportStatus;
  /** Why it is not imported, in one sentence; null where it is. */
  message: string | null;
  /** The connection that is there; null for a new one, and where there is none. */
  target: ConnectionRow | null;
  /** The same by its id, or that of the connection which was imported before. */
  connectionId: string | null;
}

const decision = (status: ImportStatus, message: string | null, target: ConnectionRow | null = null): Decision => ({
  status,
  message,
  target,
  connectionId: target?.id ?? null,
});

/** Decides by what is held. Nothing that works, or that a user has disconnected, is ever changed. */
export function decide(held: HeldBefore, prepared: Prepared): Decision {
  const { importId, owner, connector, imported } = prepared;
  const before = held.imports.get(importId);
  if (before !== undefined) return { ...decision("skipped", "It was already imported."), connectionId: before };
  const holdings = held.holdings.get(keyOf(owner, connector.slug)) ?? [];
  const found = connector.supportsMultipleConnections
    ? (holdings.find(({ accountId }) => accountId !== null && accountId === imported.account_id) ??
      holdings.find((holding) => mayBe(holding, imported.account_id ?? null)))
    : holdings.toSorted(byUse)[0];
  const objection = found && objectionTo(found);
  if (objection) return decision("kept", objection, found.connection);
  if (imported.id != null && imported.id !== found?.connection.id && held.ids.has(imported.id))
    return decision("refused", "id: another connection already has it: leave it out, or use another id.");
  return decision("imported", null, found?.connection ?? null);
}

const isDisconnected = ({ enabled, first_enabled_at: connectedAt }: ConnectionRow): boolean => enabled === 0 && connectedAt !== null;

/** Whether a connection that was disconnected or disabled may be one to this account: one of the two is not known. */
const mayBe = ({ connection, accountId }: Holding, imported: string | null): boolean =>
  connection.disabled_at === null ? accountId === null && isDisconnected(connection) : accountId === null || imported === null;

function objectionTo({ connection, status }: Holding): string | null {
  if (connection.disabled_at !== null) return "A server has disabled its connection here: nothing was changed.";
  if (connection.enabled && status === "active")
    return "Its owner already has a working connection of this connector: nothing was changed.";
  if (isDisconnected(connection)) return "Its connection was disconnected here: nothing was changed.";
  return null;
}

/** The one in use comes first. */
const byUse = (a: Holding, b: Holding): number =>
  b.connection.enabled - a.connection.enabled || b.connection.created_at - a.connection.created_at;
