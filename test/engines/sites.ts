/** A gateway and an app of the platform, over https, each at a host of its own. */
import { createServer, type Server } from "node:https";
import { connect } from "node:net";
import { createServer as createTlsServer, type Server as TlsServer } from "node:tls";
import { build } from "vite";
import { type HostedGateway, startHostedGateway } from "../support/client/hosted-gateway.ts";
import { createCertificate } from "../support/certificate.ts";

export interface Sites {
  gateway: HostedGateway;
  /** Where browsers reach the app. */
  appUrl: string;
  /** Sets the page of the app at a path. */
  setPage(path: string, html: string): void;
  stop(): Promise<void>;
}

export interface SitesOptions {
  appHost: string;
  gatewayHost: string;
  /** Further scripts of the app, by path. */
  scripts?: Record<string, PublishedScript>;
}

/** The package as it is published, for a script tag, at a path of the app. */
export const ORIGINAL_XKIT_PATH = "/original-xkit.js";

/** A published package, bundled for a script tag. */
export interface PublishedScript {
  /** Its file. */
  input: string;
  /** Other packages in place of those that it imports. */
  alias?: Record<string, string>;
}

const originalXkit: PublishedScript = {
  input: new URL("../../node_modules/@xkit-co/xkit.js/lib/browser.js", import.meta.url).pathname,
};

async function bundle({ input, alias = {} }: PublishedScript): Promise<string> {
  const built = await build({
    configFile: false,
    logLevel: "error",
    define: { "process.env.NODE_ENV": JSON.stringify("production"), global: "window" },
    resolve: { alias: Object.entries(alias).map(([find, replacement]) => ({ find: new RegExp(`^${find}$`), replacement })) },
    build: { write: false, minify: false, rolldownOptions: { input, output: { format: "iife" } } },
  });
  const outputs = Array.isArray(built) ? built : "output" in built ? [built] : [];
  return outputs.flatMap(({ output }) => output).reduce((text, file) => (file.type === "chunk" ? text + file.code : text), "");
}

async function listen(server: Server | TlsServer): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return typeof address === "object" && address ? address.port : 0;
}

/**
 * Hosts under `localhost` need no name service: `localhost` twice is one site with two origins, `app.localhost` and `connect.localhost`
 * are two sites (html.spec.whatwg.org, "same site").
 */
export async function startSites({ appHost, gatewayHost, scripts = {} }: SitesOptions): Promise<Sites> {
  const pages = new Map<string, string>();
  const code = new Map<string, string>();
  for (const [path, script] of Object.entries({ [ORIGINAL_XKIT_PATH]: originalXkit, ...scripts })) code.set(path, await bundle(script));
  const app = createServer(createCertificate(appHost), (request, response) => {
    const { pathname } = new URL(request.url ?? "/", "https://app");
    const script = code.get(pathname);
    if (script !== undefined) return response.writeHead(200, { "content-type": "text/javascript" }).end(script);
    const html = pages.get(pathname);
    return response.writeHead(html === undefined ? 404 : 200, { "content-type": "text/html; charset=utf-8" }).end(html);
  });
  let gatewayPort = 0;
  const front = createTlsServer(createCertificate(gatewayHost), (outside) => {
    const inside = connect(gatewayPort, "127.0.0.1");
    const close = () => (outside.destroy(), inside.destroy());
    outside.on("error", close).pipe(inside).on("error", close).pipe(outside);
  });
  const appUrl = `https://${appHost}:${await listen(app)}`;
  const publicUrl = `https://${gatewayHost}:${await listen(front)}`;
  const gateway = await startHostedGateway({
    publicUrl,
    webOrigins: [appUrl],
    connectors: [{ slug: "slack", name: "Slack", provider: "demo" }],
  });
  gatewayPort = gateway.port;
  return {
    gateway,
    appUrl,
    setPage: (path, html) => void pages.set(path, html),
    async stop() {
      app.closeAllConnections();
      app.close();
      front.close();
      await gateway.stop();
    },
  };
}
