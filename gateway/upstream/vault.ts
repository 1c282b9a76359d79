import type { Catalog, Platform, ViewerConnections } from "../../schema/upstream.ts";
import { followEvents } from "../custody/event-feed.ts";
import { startEventSweep } from "../custody/event-sweep.ts";
import type { DeliveryDependencies } from "../custody/webhook-delivery.ts";
import type { ConnectorConfig } from "../providers/connector.ts";
import { sumOverCodes } from "../vault/connection-counts.ts";
import { toConnector } from "../vault/connections.ts";
import type { VaultCaller } from "../vault/owner-connections.ts";
import { createTransfer } from "../transfer/transfer.ts";
import { createVault, type Vault, type VaultDependencies } from "../vault/vault.ts";
import { createOwnPlatform, type OwnDirectory } from "./own-users.ts";
import type { TokenHolder } from "./upstream.ts";

export interface VaultAdapterOptions extends VaultDependencies, Pick<DeliveryDependencies, "countDelivery" | "noteOutboxAge"> {
  auth: OwnDirectory;
  platform: Platform;
}

export interface VaultAdapter extends TokenHolder {
  /** For the pages of `connect/`. */
  vault: Vault;
  forUser(this: void, caller: VaultCaller): ViewerConnections;
}

/**
 * The embedded adapter: our own vault and user directory. First it stores what an earlier process could not.
 * Throws what the store throws.
 */
export async function createVaultAdapter(options: VaultAdapterOptions): Promise<VaultAdapter> {
  const { database, auth, platform, connectors, publicUrl, webhooks, telemetry } = options;
  const vault = createVault(options);
  await vault.adoptSpool();
  telemetry.metrics.readGauge({
    name: "xkit_connections",
    help: "Connections, by connector and health. Counted at most once a minute.",
    labelNames: ["connector", "health"],
    ofWorkers: "max",
    read: async () => sumOverCodes(await vault.countConnections()).map(({ count, ...labels }) => ({ labels, value: count })),
  });
  const sweep = startEventSweep(options);
  // Most gateways have no webhooks.
  const delivery = webhooks.length > 0 ? (await import("../custody/webhook-delivery.ts")).startDelivery(options) : null;
  const { listConnections, findConnection, actions: connectionActions } = vault;
  const { eraseUser, importConnections } = createTransfer({ ...options, revoker: vault.revoker, spool: vault.spool });
  const forServers = {
    ...createOwnPlatform(auth, vault.connectionsOf),
    listConnections,
    findConnection,
    connectionActions,
    deleteUser: async (id: string) => {
      const erased = await eraseUser(id);
      return erased && { connections: erased.connections, groupConnections: erased.groupConnections };
    },
    importConnections,
    events: (after: string | null) => followEvents(database, after),
  };
  return {
    vault,
    forUser: vault.forUser,
    catalog: createConfiguredCatalog(platform, connectors, publicUrl),
    forPlatform: () => forServers,
    // Its store is the gateway's own, which is checked in any case.
    check: () => Promise.resolve(),
    degradation: () => null,
    endSubscriptions: () => database.changes.end(),
    close: async () => void (await Promise.all([vault.close(), sweep.stop(), delivery?.stop()])),
  };
}

/** The catalog as the configuration states it. */
function createConfiguredCatalog(platform: Platform, connectors: ReadonlyMap<string, ConnectorConfig>, publicUrl: string): Catalog {
  const shown = [...connectors.values()].map((connector) => toConnector(connector, publicUrl));
  return {
    getPlatform: () => Promise.resolve(platform),
    listConnectors: () => Promise.resolve(shown),
    findConnector: (slug) => Promise.resolve(shown.find((connector) => connector.slug === slug) ?? null),
  };
}
