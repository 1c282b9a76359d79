import type { Config } from "../config/config.ts";
import { connectorSchema } from "../providers/connector.ts";
import { type DemoProvider, type DemoProviderOptions, startDemoProvider } from "./provider.ts";

export const DEMO_SLUG = "demo";
/** The same provider under the name that Xkit's documentation uses, so that its page runs as it stands. */
const SLACK_SLUG = "slack";
/** Pages on this machine that examples are served from. */
const DEMO_WEB_ORIGINS = ["http://localhost:3000", "http://localhost:5173"];

export interface Demo {
  provider: DemoProvider;
  /** The configuration, with the demo provider behind the connectors of its catalog. */
  config: Config;
}

/**
 * Starts the demo provider for a gateway whose port and public URL are settled: on the port after the gateway's, where examples find its
 * API, or on any free one where that is taken.
 */
export async function startDemo(config: Config, options: Partial<DemoProviderOptions> = {}): Promise<Demo> {
  const redirectUris = [DEMO_SLUG, SLACK_SLUG].map((slug) => `${config.publicUrl}/callback/${slug}`);
  const startAt = (port: number) => startDemoProvider({ host: "localhost", port, redirectUris, ...options });
  const provider = await startAt(config.port + 1).catch((error: unknown) => {
    if (isPortTaken(error)) return startAt(0);
    throw error;
  });
  return { provider, config: { ...config, ...describeDemo(config, provider) } };
}

/** The port after 65535 is out of range, and counts as taken. */
const isPortTaken = (error: unknown): boolean =>
  error instanceof Error && "code" in error && (error.code === "EADDRINUSE" || error.code === "ERR_SOCKET_BAD_PORT");

function describeDemo({ platform, publicUrl }: Config, provider: DemoProvider): Pick<Config, "platform" | "connectors" | "webOrigins"> {
  const access = {
    provider: provider.provider,
    client_id: provider.clientId,
    client_secret: provider.clientSecret,
    scopes: provider.scopes,
    allowed_scopes: provider.furtherScopes,
  };
  const connectors = [
    {
      slug: DEMO_SLUG,
      name: "Demo",
      short_description: "A real OAuth provider in this process, with tokens that live for 30 seconds.",
      description: `Connect, ask for a token, wait until it has expired, and ask again: the answer is a fresh one.\n\nThe tokens open \`${provider.apiUrl}\`.`,
      ...access,
    },
    {
      slug: SLACK_SLUG,
      name: "Slack",
      short_description: "Not Slack: the demo provider once more, for pages that ask for “slack”.",
      ...access,
    },
  ];
  return {
    platform: { ...platform, name: "Xkit Gateway demo", loginRedirectUrl: `${publicUrl}/sign-in` },
    connectors: new Map(connectors.map((connector) => [connector.slug, connectorSchema.parse(connector)])),
    webOrigins: DEMO_WEB_ORIGINS,
  };
}
