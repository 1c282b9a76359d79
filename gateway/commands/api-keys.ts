import { nameSchema } from "../../schema/input.ts";
import type { ApiKey } from "../auth/api-keys.ts";
import { theOperator } from "../custody/audit-event.ts";
import type { Services } from "../services.ts";
import { printRows, type PrintOptions } from "./print-rows.ts";
import { CommandError, requireArgument } from "./usage-error.ts";

/** `keys create`: prints a new API key. */
export async function createApiKey({ auth, audit }: Services, { name, json }: PrintOptions & { name?: string }): Promise<void> {
  const { id, secret } = await auth.apiKeys.create(name === undefined ? null : requireArgument("--name", nameSchema.safeParse(name)));
  audit.record({ action: "key.create", actor: theOperator, details: { key: id } });
  if (json) console.log(JSON.stringify({ publishable: id, secret }, null, 2));
  else
    console.log(
      `publishable ${id}\nsecret      ${secret}\n\nThe secret is shown only this once. Servers send both keys as Authorization: Basic.`,
    );
}

/** `keys list`: a line for each API key. */
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
  printRows(rows, describe, options, "No API keys.");
}

function describeState({ isGenuine, revokedAt, lastUsedAt }: ApiKey): string {
  if (!isGenuine) return "refused: no gateway wrote its row";
  return revokedAt ? `revoked ${revokedAt.toISOString()}` : `last used ${lastUsedAt?.toISOString() ?? "never"}`;
}

/** `keys revoke`: revokes an API key. */
export async function revokeApiKey({ auth, audit }: Services, publishable: string): Promise<void> {
  if (!(await auth.apiKeys.revoke(publishable))) throw new CommandError("No API key has this publishable key, or it is already revoked.");
  audit.record({ action: "key.revoke", actor: theOperator, details: { key: publishable } });
  console.log("The API key is revoked in all processes.");
}
