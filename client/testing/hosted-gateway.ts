/**
 * The real gateway on a real port, with the demo provider and the built catalog and xkit.js in front of it, for tests.
 * `npm run build` first. The only place where client/ meets gateway/: nothing that is published imports it.
 */
import { existsSync, readFileSync, rmSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { createApp } from "../../gateway/app.ts";
import { parseConfig } from "../../gateway/config.ts";
import { startDemo } from "../../gateway/demo/demo.ts";
import type { DemoProvider } from "../../gateway/demo/provider.ts";
import { startGateway } from "../../gateway/listen.ts";
import { createLog } from "../../gateway/log.ts";
import { connectorSchema } from "../../gateway/providers/connector.ts";

const TYPES: Record<string, string> = { ".js": "text/javascript", ".css": "text/css", ".html": "text/html; charset=utf-8" };
/** What the gateway is to send with the page: nothing inline, nothing from elsewhere but logos. */
export const CATALOG_CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' https: data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

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
  }>;
  webOrigins?: readonly string[];
  accessTokenSeconds?: number;
  port?: number;
  logLevel?: string;
}

export interface HostedGateway {
  url: string;
  provider: DemoProvider;
  /** A user token. */
  provision: (id: string, options?: { name?: string; groupId?: string }) => Promise<string>;
  stop: () => Promise<void>;
}

const dist = new URL("../../dist/", import.meta.url);

function serveBuilt(path: string): Response | null {
  const isPage = path === "/" || path === "/connectors" || /^\/connectors\/[^/]+$/.test(path);
  const file = isPage
    ? "catalog/index.html"
    : path === "/xkit.js"
      ? "browser/xkit.js"
      : path.startsWith("/assets/")
        ? `catalog${path}`
        : null;
  const url = file && new URL(file, dist);
  if (!url || !existsSync(url)) return null;
  return new Response(readFileSync(url), {
    headers: {
      "content-type": TYPES[extname(url.pathname)] ?? "application/octet-stream",
      ...(isPage && { "content-security-policy": CATALOG_CSP }),
    },
  });
}

/** Starts one on a free port, over a database of its own. */
export async function startHostedGateway(options: HostedGatewayOptions = {}): Promise<HostedGateway> {
  const directory = mkdtempSync(join(tmpdir(), "xkit-client-"));
  const env = {
    PORT: String(options.port ?? 0),
    DATABASE_URL: `file:${join(directory, "xkit.db")}`,
    LOG_LEVEL: options.logLevel ?? "silent",
  };
  const running: { provider?: DemoProvider } = {};
  const gateway = await startGateway(parseConfig(env, null), async (settled) => {
    const demo = await startDemo(settled, {
      redirectUris: ["demo", ...(options.connectors ?? []).map(({ slug }) => String(slug))].map(
        (slug) => `${settled.publicUrl}/callback/${slug}`,
      ),
      ...(options.accessTokenSeconds !== undefined && { accessTokenSeconds: options.accessTokenSeconds }),
    });
    running.provider = demo.provider;
    const { provider, clientId, clientSecret, scopes } = demo.provider;
    const further = (options.connectors ?? []).map((connector) =>
      connectorSchema.parse(
        connector["provider"] === "demo" ? { scopes, ...connector, provider, client_id: clientId, client_secret: clientSecret } : connector,
      ),
    );
    const config = {
      ...demo.config,
      platform: { ...demo.config.platform, ...options.platform },
      webOrigins: [...demo.config.webOrigins, ...(options.webOrigins ?? [])],
      connectors: new Map([...demo.config.connectors, ...further.map((connector) => [connector.slug, connector] as const)]),
    };
    const app = await createApp(config, { log: createLog(config.logLevel) });
    const fetch = async (request: Request) =>
      (request.method === "GET" ? serveBuilt(new URL(request.url).pathname) : null) ?? app.fetch(request);
    return { app: { ...app, fetch }, config };
  });
  const { provider } = running;
  if (!provider) throw new TypeError("The demo provider was just started.");
  return {
    url: gateway.config.publicUrl,
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
