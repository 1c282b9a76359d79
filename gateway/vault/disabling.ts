import { forbidden } from "../../schema/errors.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import type { RowMacs } from "../store/row-macs.ts";
import type { ConnectionRow } from "../store/tables.ts";
import type { ConnectionStore, StoredConnection } from "./connections.ts";
import { grantFacts } from "./sealed-columns.ts";

export interface DisablingDependencies {
  connections: ConnectionStore;
  macs: RowMacs;
  clock: Clock;
  log: Pick<Log, "info">;
}

/**
 * Disables and enables connections. Every process is told before this resolves. The HMACs of the grants cover it, so that a write access to
 * the store does not enable a connection.
 */
export function createDisabling({ connections, macs, clock, log }: DisablingDependencies) {
  return async function setDisabled({ connection }: StoredConnection, isDisabled: boolean): Promise<void> {
    const isChanged = await connections.change(connection, async (transaction, current) => {
      if ((current.disabled_at !== null) === isDisabled) return false;
      const now = clock.now();
      const changed = { ...current, disabled_at: isDisabled ? now : null };
      await transaction
        .updateTable("connections")
        .set({ disabled_at: changed.disabled_at, updated_at: now })
        .where("id", "=", current.id)
        .execute();
      const grants = await transaction.selectFrom("authorizations").selectAll().where("connection_id", "=", current.id).execute();
      for (const grant of grants.filter((row) => macs.accept("authorizations", { ...grantFacts(current, row), mac: row.mac })))
        await transaction
          .updateTable("authorizations")
          .set({ mac: macs.sign("authorizations", grantFacts(changed, grant)) })
          .where("id", "=", grant.id)
          .execute();
      if (current.enabled)
        await connections.record(transaction, changed, { happenings: [{ kind: isDisabled ? "disabled" : "enabled" }], refreshes: [] });
      return true;
    });
    const facts = { connection: connection.id, connector: connection.connector_slug };
    if (isChanged) log.info(facts, isDisabled ? "disabled" : "enabled");
  };
}

/** Throws FORBIDDEN for a disabled connection: its user does not connect it. */
export function assertNotDisabled({ disabled_at: disabledAt }: ConnectionRow, { name }: { name: string }): void {
  if (disabledAt !== null) throw forbidden(({ refusals }) => refusals.disabled(name));
}
