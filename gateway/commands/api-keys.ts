import { nameSchema } from "../../schema/input.ts";
import type { ApiKey } from "../auth/api-keys.ts";
import { theOperator } from "../custody/audit-event.ts";
import type { Services } from "../services.ts";
import { printRows, type PrintOptions } from "./print-rows.ts";
import { requireArgument, UsageError } from "./usage-error.ts";

/** `keys create`: prints a new pair of API keys. */
export async function createApiKey({ auth, audit }: Services, { name, json }: PrintOptions & { name?: string }): Promise<void> {
  const { id, secret } = await auth.apiKeys.create(name === undefined ? null : requireArgument("--name", nameSchema.safeParse(name)));
  audit.record({ action: "key.create", actor: theOperator, details: { key: id } });
  if (json) console.log(JSON.stringify({ publishable: id, secret }, null, 2));
  else
    console.log(`publishable ${id}\nsecret      ${secret}\n\nThe secret is shown this once. A server sends both as Authorization: Basic.`);
}

/** `keys list`: a line for each pair. */
export async function listApiKeys({ auth }: Services, options: PrintOptions): Promise<void> {
  const rows = (await auth.apiKeys.list()).map((key) => ({
    publishable: key.id,
    name: key.name,
    created_at: key.createdAt,
    last_used_at: key.lastUsedAt,
    revoked_at: key.revokedAt,
    is_genuine: key.isGenuine,
    state: describeState(key),
  }));
  const describe = ({ publishable, name, created_at: createdAt, state }: (typeof rows)[number]) =>
    [publishable, name ?? "-", `created ${createdAt.toISOString()}`, state].join("  ");
  printRows(rows, describe, options);
}

function describeState({ isGenuine, revokedAt, lastUsedAt }: ApiKey): string {
  if (!isGenuine) return "refused: its row was not written by a gateway";
  return revokedAt ? `revoked ${revokedAt.toISOString()}` : `last used ${lastUsedAt?.toISOString() ?? "never"}`;
}

/** `keys revoke`: ends a pair. */
export async function revokeApiKey({ auth, audit }: Services, publishable: string): Promise<void> {
  if (!(await auth.apiKeys.revoke(publishable))) throw new UsageError("There is no such publishable key, or it is revoked already.");
  audit.record({ action: "key.revoke", actor: theOperator, details: { key: publishable } });
  console.log("Revoked, in every process.");
}
