import { externalIdSchema, nameSchema } from "../../schema/input.ts";
import type { Config } from "../config/config.ts";
import { isDecidedHere } from "../config/upstream.ts";
import { theOperator } from "../custody/audit-event.ts";
import type { Services } from "../services.ts";
import { CommandError, requireArgument, UsageError } from "./usage-error.ts";

/** `users token`: creates or updates a user, and prints a user token. */
export async function printUserToken(
  { auth, audit }: Services,
  { upstream }: Config,
  externalId: string,
  { group, name }: { group?: string; name?: string },
): Promise<void> {
  if (!isDecidedHere("users", upstream)) throw new UsageError("This gateway's upstream holds its users: create the token there.");
  const id = requireArgument("external_id", externalIdSchema.safeParse(externalId));
  const { token } = await auth.provisionUser({
    id,
    ...(group !== undefined && { groupId: requireArgument("--group", externalIdSchema.safeParse(group)) }),
    ...(name !== undefined && { name: requireArgument("--name", nameSchema.safeParse(name)) }),
  });
  audit.record({ action: "user.provision", actor: theOperator, owner: { kind: "user", id } });
  console.log(token);
}

/** `users revoke`: ends all current tokens and sessions of a user, also those of the operator's page. */
export async function revokeUser({ auth, audit }: Services, { upstream }: Config, externalId: string): Promise<void> {
  if (!isDecidedHere("users", upstream)) throw new UsageError("This gateway's upstream holds its users: revoke their tokens there.");
  const id = requireArgument("external_id", externalIdSchema.safeParse(externalId));
  const user = await auth.users.revoke(id);
  const operating = await auth.operators.endAll(id);
  if (!user && operating === 0) throw new CommandError("No user or operator has this id.");
  audit.record({ action: "user.revoke", actor: theOperator, owner: { kind: "user", id } });
  console.log("The user is signed out everywhere. Their connections are kept.");
}
