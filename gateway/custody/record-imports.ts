import type { ImportResult } from "../../schema/upstream.ts";
import type { Audit } from "./audit.ts";
import type { AuditEvent } from "./audit-event.ts";

/** Records each connection that was imported. */
export function recordImports(
  audit: Pick<Audit, "record">,
  results: readonly ImportResult[],
  by: Pick<AuditEvent, "actor" | "from">,
): void {
  for (const { status, owner, connector, connectionId } of results)
    if (status === "imported") audit.record({ action: "connection.import", outcome: "imported", owner, connector, connectionId, ...by });
}
