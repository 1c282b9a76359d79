import type { DeletedUser } from "../../schema/upstream.ts";
import type { Audit } from "./audit.ts";
import type { AuditEvent } from "./audit-event.ts";

/**
 * Records that a user was erased, and then forgets who that was: the row stays under a pseudonym that leads to no person. To be called once
 * all else that is held of them is deleted. False where nothing was held, also not by the audit: an erasing that was killed goes on here.
 * Throws what the store throws.
 */
export async function recordErasing(
  audit: Pick<Audit, "record" | "forget" | "persons">,
  userId: string,
  deleted: Pick<DeletedUser, "connections"> | null,
  by: Pick<AuditEvent, "actor" | "from">,
): Promise<boolean> {
  // Also where a process that was killed had deleted all else.
  if (deleted || (await audit.persons.find(userId))) audit.record({ action: "user.erase", owner: { kind: "user", id: userId }, ...by });
  const connectionIds = deleted ? deleted.connections.map(({ id }) => id) : [];
  const isForgotten = await audit.forget(userId, connectionIds);
  return deleted !== null || isForgotten;
}
