import { nameSchema } from "../../schema/input.ts";
import type { ApiKey } from "../auth/api-keys.ts";
import type { Services } from "../services.ts";
import { requireArgument, UsageError } from "./usage-error.ts";

/** `keys create`: prints a new pair of API keys. */
export async function createApiKey({ auth }: Services, name: string | undefined): Promise<void> {
  const { id, secret } = await auth.apiKeys.create(name === undefined ? null : requireArgument("--name", nameSchema.safeParse(name)));
  console.log(`publishable ${id}\nsecret      ${secret}\n\nThe secret is shown this once. A server sends both as Authorization: Basic.`);
}

/** `keys list`: a line for each pair. */
export async function listApiKeys({ auth }: Services): Promise<void> {
  for (const key of await auth.apiKeys.list())
    console.log([key.id, key.name ?? "-", `created ${key.createdAt.toISOString()}`, describeState(key)].join("  "));
}

function describeState({ isGenuine, revokedAt, lastUsedAt }: ApiKey): string {
  if (!isGenuine) return "refused: its row was not written by a gateway";
  return revokedAt ? `revoked ${revokedAt.toISOString()}` : `last used ${lastUsedAt?.toISOString() ?? "never"}`;
}

/** `keys revoke`: ends a pair. */
export async function revokeApiKey({ auth }: Services, publishable: string): Promise<void> {
  if (!(await auth.apiKeys.revoke(publishable))) throw new UsageError("There is no such publishable key, or it is revoked already.");
  console.log("Revoked, in every process.");
}
