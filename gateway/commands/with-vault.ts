import type { Config } from "../config/config.ts";
import { noTelemetry } from "../runtime/telemetry.ts";
import type { Services } from "../services.ts";
import { createVault, type Vault } from "../vault/vault.ts";
import { silentLog } from "./with-services.ts";

/** Opens a vault for one command, beside those of running gateways, and closes it. Spooled tokens are left to the gateways. */
export async function withVault<Answer>(
  { database, sealer, macs, audit }: Pick<Services, "database" | "sealer" | "macs" | "audit">,
  config: Config,
  act: (vault: Vault) => Promise<Answer>,
): Promise<Answer> {
  const { connectors, publicUrl, providerTimeoutMs: timeoutMs, requestDeadlineMs, spoolDirectory, webhooks } = config;
  const parts = { database, sealer, macs, audit, clock: database.clock, log: silentLog, telemetry: noTelemetry };
  const vault = createVault({ ...parts, connectors, publicUrl, timeoutMs, requestDeadlineMs, spoolDirectory, webhooks, isShared: true });
  try {
    return await act(vault);
  } finally {
    await vault.close();
  }
}
