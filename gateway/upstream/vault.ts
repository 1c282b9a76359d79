import type { Catalog, Platform, ViewerConnections } from "../../schema/upstream.ts";
import type { ConnectorConfig } from "../providers/connector.ts";
import { toConnector } from "../vault/connections.ts";
import type { VaultCaller } from "../vault/owner-connections.ts";
import { createVault, type Vault, type VaultDependencies } from "../vault/vault.ts";
import { createOwnPlatform, type OwnDirectory } from "./own-users.ts";
import type { TokenHolder } from "./upstream.ts";

export interface VaultAdapterOptions extends VaultDependencies {
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
  const { database, auth, platform, connectors, publicUrl } = options;
  const vault = createVault(options);
  await vault.adoptSpool();
  const { listConnections, findConnection } = vault;
  const forServers = { ...createOwnPlatform(auth, vault.connectionsOf), listConnections, findConnection };
  return {
    vault,
    forUser: vault.forUser,
    catalog: createConfiguredCatalog(platform, connectors, publicUrl),
    forPlatform: () => forServers,
    // Its store is the gateway's own, which is checked in any case.
    check: () => Promise.resolve(),
    degradation: () => null,
    endSubscriptions: () => database.changes.end(),
    close: vault.close,
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
