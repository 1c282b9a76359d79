import type { Clock } from "../runtime/clock.ts";
import type { AuthorizationRow } from "../store/tables.ts";
import type { ConnectionStore, StoredConnection } from "./connections.ts";
import { UNOPENED_CODE } from "./health.ts";
import { isRenewable } from "./renewable.ts";
import { updateGrant } from "./refresh-result.ts";

interface Dependencies {
  connections: ConnectionStore;
  clock: Clock;
}

/** A grant whose secrets do not open is shown so until it is refreshed or connected again. Written once. Never throws. */
export async function noteUnopened(dependencies: Dependencies, stored: StoredConnection): Promise<void> {
  if (stored.authorization?.status !== "active" || stored.authorization.failure_code === UNOPENED_CODE) return;
  await note(dependencies, stored, { failure_kind: "misconfigured", failure_code: UNOPENED_CODE, failure_message: null });
}

/** Whether a grant that opens is shown as one that does not. */
export const mayHaveOpened = ({ authorization }: StoredConnection): boolean => authorization?.failure_code === UNOPENED_CODE;

/** What has nothing to refresh opens again: its key is back. Never throws. */
export async function noteOpened(dependencies: Dependencies, stored: StoredConnection): Promise<void> {
  if (!mayHaveOpened(stored) || isRenewable(stored)) return;
  await note(dependencies, stored, { failure_kind: null, failure_code: null });
}

async function note(
  dependencies: Dependencies,
  { connection, authorization, connector }: StoredConnection,
  columns: Partial<AuthorizationRow>,
) {
  if (!authorization) return;
  // It is only shown: the caller is answered also while the store is away.
  await updateGrant(dependencies, { connection, authorization, connector }, columns).catch(() => {});
}
