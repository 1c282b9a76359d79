import type { Catalog, KnownUser, Platform, ProvisionedUser } from "../../schema/upstream.ts";
import type { ConnectorConfig } from "../providers/connector.ts";
import { toConnector } from "../vault/connections.ts";
import type { Vault } from "../vault/vault.ts";
import type { Upstream } from "./index.ts";
import { withholdGroupTokens } from "./withhold.ts";

/** The users that the platform has made known. */
export interface UserDirectory {
  find(id: string): Promise<KnownUser | null>;
  findGroup(id: string): Promise<{ id: string } | null>;
  provision(input: { id: string; groupId?: string | null; name?: string | null }): Promise<ProvisionedUser>;
}

/** The embedded adapter: our own vault and user directory. */
export function createVaultUpstream(vault: Vault, users: UserDirectory, catalog: Catalog): Upstream {
  return {
    catalog,
    forUser: (asker) => withholdGroupTokens(vault.forUser(asker), asker.viewer),
    forPlatform: () => ({
      findUser: users.find,
      findGroup: users.findGroup,
      connectionsOf: vault.connectionsOf,
      provisionUser: users.provision,
    }),
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
