import type { Catalog, KnownUser, Platform, ProvisionedUser } from "../../schema/upstream.ts";
import type { ConnectorConfig } from "../providers/connector.ts";
import { toConnector } from "../vault/connections.ts";
import { createVault, type Vault, type VaultDependencies } from "../vault/vault.ts";
import type { OwnUsers, Upstream } from "./upstream.ts";
import { withholdGroupTokens } from "./withhold.ts";

/** The users that the platform has made known. */
export interface UserDirectory {
  find(id: string): Promise<KnownUser | null>;
  findGroup(id: string): Promise<{ id: string } | null>;
  provision(input: { id: string; groupId?: string | null; name?: string | null }): Promise<ProvisionedUser>;
  revoke(id: string): Promise<KnownUser | null>;
}

export interface VaultUpstreamOptions extends VaultDependencies {
  users: UserDirectory;
  platform: Platform;
}

/**
 * The embedded adapter: our own vault and user directory. The vault itself is for the pages of `connect/`.
 * First it stores what an earlier process could not. Throws what the store throws.
 */
export async function createVaultUpstream(options: VaultUpstreamOptions): Promise<Upstream & { vault: Vault; users: OwnUsers }> {
  const { database, users, platform, connectors, publicUrl } = options;
  const vault = createVault(options);
  await vault.adoptSpool();
  return {
    vault,
    catalog: createConfiguredCatalog(platform, connectors, publicUrl),
    users: { knownHere: true, forUser: (caller) => withholdGroupTokens(vault.forUser(caller), caller.viewer) },
    forPlatform: () => ({
      findUser: users.find,
      findGroup: users.findGroup,
      connectionsOf: vault.connectionsOf,
      provisionUser: users.provision,
      revokeUserTokens: users.revoke,
    }),
    // Its store is the gateway's own, which is checked in any case.
    check: () => Promise.resolve(),
    endSubscriptions: () => database.changes.end(),
    close: vault.close,
  };
}

/** The catalog as the configuration states it. */
export function createConfiguredCatalog(platform: Platform, connectors: ReadonlyMap<string, ConnectorConfig>, publicUrl: string): Catalog {
  const shown = [...connectors.values()].map((connector) => toConnector(connector, publicUrl));
  return {
    getPlatform: () => Promise.resolve(platform),
    listConnectors: () => Promise.resolve(shown),
    findConnector: (slug) => Promise.resolve(shown.find((connector) => connector.slug === slug) ?? null),
  };
}
