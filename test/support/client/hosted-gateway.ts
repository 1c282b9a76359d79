/**
 * The real gateway on a real port, with the demo provider, and the catalog and xkit.js built from the current sources, for tests.
 * The only place where client/ meets a listening gateway: nothing that is published imports it.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createApp } from "../../../gateway/app.ts";
import { type Config, parseConfig } from "../../../gateway/config/config.ts";
import { type Demo, DEMO_SLUG, startDemo } from "../../../gateway/demo/demo.ts";
import type { DemoProvider } from "../../../gateway/demo/provider.ts";
import { startGateway } from "../../../gateway/listen.ts";
import { createLog } from "../../../gateway/runtime/log.ts";
import { connectorSchema } from "../../../gateway/providers/connector.ts";
import { STORES_FOLDER } from "../stores-folder.ts";
import { buildPages } from "./built-pages.ts";

export interface HostedGatewayOptions {
  /** Further connectors, as the configuration file writes them; `provider: "demo"` is the demo provider. */
  connectors?: readonly Record<string, unknown>[];
  /** Laid over the platform. */
  platform?: Partial<{
    name: string;
    website: string | null;
    loginRedirectUrl: string | null;
    color: string | null;
    logoUrl: string | null;
    privacyUrl: string | null;
  }>;
  webOrigins?: readonly string[];
  webhooks?: Config["webhooks"];
  accessTokenSeconds?: number;
  /** Where browsers reach it, if something stands in front of it. Strict transport is off: the demo provider has no https. */
  publicUrl?: string;
}

export interface HostedGateway {
  /** Where browsers reach it. */
  url: string;
  /** Where it listens on loopback, by http. */
  port: number;
  /** What a command line over the same store has for an environment. */
  env: Record<string, string>;
  provider: DemoProvider;
  /** A user token. */
  provision: (id: string, options?: { name?: string; groupId?: string }) => Promise<string>;
  stop: () => Promise<void>;
}

/** Starts one on a free port, over a database of its own. */
export async function startHostedGateway(options: HostedGatewayOptions = {}): Promise<HostedGateway> {
  await buildPages();
  const directory = mkdtempSync(join(STORES_FOLDER, "xkit-client-"));
  const env = { PORT: "0", DATABASE_URL: `file:${join(directory, "xkit.db")}`, LOG_LEVEL: "silent" };
  const { connectors = [], platform, webOrigins = [], webhooks = [], accessTokenSeconds, publicUrl } = options;
  let demo: Demo | undefined;
  const gateway = await startGateway(
    parseConfig({ ...env, XKIT_PUBLIC_URL: publicUrl, XKIT_STRICT_TRANSPORT: "off" }, null),
    async (settled) => {
      const redirectUris = [DEMO_SLUG, ...connectors.map(({ slug }) => String(slug))].map(
        (slug) => `${settled.publicUrl}/callback/${slug}`,
      );
      demo = await startDemo(settled, { redirectUris, ...(accessTokenSeconds !== undefined && { accessTokenSeconds }) });
      const { provider, clientId, clientSecret, scopes } = demo.provider;
      const further = connectors.map((connector) =>
        connectorSchema.parse(
          connector["provider"] === "demo"
            ? { scopes, ...connector, provider, client_id: clientId, client_secret: clientSecret }
            : connector,
        ),
      );
      const config = {
        ...demo.config,
        platform: { ...demo.config.platform, ...platform },
        webhooks,
        webOrigins: [...demo.config.webOrigins, ...webOrigins],
        connectors: new Map([
          ...[...demo.config.connectors].filter(([slug]) => slug === DEMO_SLUG),
          ...further.map((connector) => [connector.slug, connector] as const),
        ]),
      };
      return { app: await createApp(config, { log: createLog(config.logLevel) }), config };
    },
  );
  const provider = demo?.provider;
  if (!provider) throw new TypeError("The demo provider was just started.");
  return {
    url: gateway.config.publicUrl,
    port: gateway.config.port,
    env: { ...env, PORT: String(gateway.config.port) },
    provider,
    provision: async (id, { name, groupId } = {}) =>
      (await gateway.app.provisionUser({ id, ...(name !== undefined && { name }), ...(groupId !== undefined && { groupId }) })).token,
    async stop() {
      await gateway.stop();
      await provider.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
