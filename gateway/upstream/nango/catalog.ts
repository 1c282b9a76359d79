import { plainName } from "../../../client/design/plain-name.ts";
import { isTemporary, noSuchConnector } from "../../../schema/errors.ts";
import { slugSchema } from "../../../schema/input.ts";
import type { Catalog, Connector, Platform } from "../../../schema/upstream.ts";
import type { ConnectorConfig } from "../../providers/connector.ts";
import { connectorUrlOf } from "../../providers/connector-url.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Log } from "../../runtime/log.ts";
import { responses, type IntegrationResponse } from "./response-schemas.ts";
import { bodyOf, type NangoClient } from "./client.ts";
import { toConnector } from "../../vault/connections.ts";
import { createRecent } from "./recent.ts";

/** How long the list of integrations is kept, in milliseconds. */
const CATALOG_KEPT_MS = 60_000;
/** How long Nango counts as answering once it has, in milliseconds. */
const CHECK_INTERVAL_MS = 30_000;

interface CatalogDependencies {
  client: NangoClient;
  clock: Pick<Clock, "now">;
  log: Pick<Log, "warn">;
  platform: Platform;
  /** What the configuration states; empty where the catalog is all of Nango's integrations. */
  connectors: ReadonlyMap<string, ConnectorConfig>;
  /** Where this gateway is reached, without a slash at the end. */
  publicUrl: string;
}

/** A connector, and the integration of Nango that has its tokens. */
export interface CatalogEntry {
  connector: Connector;
  integration: string;
  /** What is shown of its connections' metadata: names, and where Nango has their values. */
  metadata: ConnectorConfig["metadata"];
}

/** The connectors that are configured, or else the integrations of Nango's environment, as the platform's catalog. */
export interface NangoCatalog extends Catalog {
  entries(): Promise<readonly CatalogEntry[]>;
  /** Throws NOT_FOUND for a connector that it does not have. */
  getEntry(slug: string): Promise<CatalogEntry>;
  /** Resolves when Nango answers, or did just now. Throws why it does not. */
  check(): Promise<void>;
}

export function createNangoCatalog(dependencies: CatalogDependencies): NangoCatalog {
  const { clock, platform, connectors, publicUrl } = dependencies;
  const recent = createRecent<readonly CatalogEntry[]>(clock);
  const read = createReader(dependencies);
  const configured = [...connectors.values()].flatMap((connector) =>
    connector.integration === null
      ? []
      : [{ connector: toConnector(connector, publicUrl), integration: connector.integration, metadata: connector.metadata }],
  );

  async function entries(): Promise<readonly CatalogEntry[]> {
    if (configured.length > 0) return configured;
    try {
      return await recent.get((_, ageMs) => ageMs < CATALOG_KEPT_MS, read);
    } catch (error) {
      const last = recent.last();
      if (last && isTemporary(error)) return last;
      throw error;
    }
  }
  const findEntry = async (slug: string) => (await entries()).find(({ connector }) => connector.slug === slug) ?? null;

  return {
    entries,
    getPlatform: () => Promise.resolve(platform),
    listConnectors: async () => (await entries()).map(({ connector }) => connector),
    findConnector: async (slug) => (await findEntry(slug))?.connector ?? null,
    async getEntry(slug) {
      const entry = await findEntry(slug);
      if (!entry) throw noSuchConnector(slug);
      return entry;
    },
    check: async () => void (await recent.get((_, ageMs) => ageMs < CHECK_INTERVAL_MS, read)),
  };
}

/** Reads all integrations. Without a connector that names it, one whose key is no slug could not be asked for. */
function createReader({ client, log, publicUrl }: CatalogDependencies): () => Promise<readonly CatalogEntry[]> {
  const unnamed = new Set<string>();
  const warn = (integration: string): false => {
    if (!unnamed.has(integration)) log.warn({ integration }, "an integration is not in the catalog, because its key is not a slug");
    unnamed.add(integration);
    return false;
  };
  return async () => {
    const { data } = bodyOf(await client.ask({ method: "GET", path: ["integrations"] }, responses.integrations));
    const named = data.filter(({ unique_key: key }) => slugSchema.safeParse(key).success || warn(key));
    return named.map((integration) => ({ connector: describe(integration, publicUrl), integration: integration.unique_key, metadata: {} }));
  };
}

/** Nango allows any number of connections of an integration. */
const describe = ({ unique_key: slug, display_name: name, logo }: IntegrationResponse, publicUrl: string): Connector => ({
  slug,
  name: plainName(name) ?? slug,
  shortDescription: null,
  description: null,
  markUrl: logo,
  supportsMultipleConnections: true,
  connectorUrl: connectorUrlOf(publicUrl, slug),
});
