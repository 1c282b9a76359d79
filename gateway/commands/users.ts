import { externalIdSchema, nameSchema } from "../../schema/input.ts";
import type { Config } from "../config/config.ts";
import { isDecidedHere } from "../config/upstream.ts";
import { theOperator } from "../custody/audit-event.ts";
import type { Services } from "../services.ts";
import { requireArgument, UsageError } from "./usage-error.ts";

/** `users token`: prints a user token, and makes the user known first. */
export async function printUserToken(
  { auth, audit }: Services,
  { upstream }: Config,
  externalId: string,
  { group, name }: { group?: string; name?: string },
): Promise<void> {
  if (!isDecidedHere("users", upstream)) throw new UsageError("Users of this gateway are those of its upstream: make the token there.");
  const id = requireArgument("external_id", externalIdSchema.safeParse(externalId));
  const { token } = await auth.provisionUser({
    id,
    ...(group !== undefined && { groupId: requireArgument("--group", externalIdSchema.safeParse(group)) }),
    ...(name !== undefined && { name: requireArgument("--name", nameSchema.safeParse(name)) }),
  });
  audit.record({ action: "user.provision", actor: theOperator, owner: { kind: "user", id } });
  console.log(token);
}

/** `users revoke`: ends all tokens and sessions that a user has until now, those at the operator's page included. */
export async function revokeUser({ auth, audit }: Services, { upstream }: Config, externalId: string): Promise<void> {
  if (!isDecidedHere("users", upstream))
    throw new UsageError("Users of this gateway are those of its upstream: revoke their tokens there.");
  const id = requireArgument("external_id", externalIdSchema.safeParse(externalId));
  const user = await auth.users.revoke(id);
  const operating = await auth.operators.endAll(id);
  if (!user && operating === 0) throw new UsageError("There is no such user.");
  audit.record({ action: "user.revoke", actor: theOperator, owner: { kind: "user", id } });
  console.log("Signed out everywhere. Connections stay.");
}
