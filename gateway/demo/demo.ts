import type { Config } from "../config.ts";
import { connectorSchema } from "../providers/connector.ts";
import { type DemoProvider, type DemoProviderOptions, startDemoProvider } from "./provider.ts";

export const DEMO_SLUG = "demo";
/** Pages on this machine that examples are served from. */
const DEMO_WEB_ORIGINS = ["http://localhost:3000", "http://localhost:5173"];

export interface Demo {
  provider: DemoProvider;
  /** The configuration, with the demo provider as the one connector of its catalog. */
  config: Config;
}

/** Starts the demo provider for a gateway whose public URL is settled. */
export async function startDemo(config: Config, options: Partial<DemoProviderOptions> = {}): Promise<Demo> {
  const redirectUris = [`${config.publicUrl}/callback/${DEMO_SLUG}`];
  const provider = await startDemoProvider({ host: "localhost", port: 0, redirectUris, ...options });
  return { provider, config: { ...config, ...describeDemo(config, provider) } };
}

function describeDemo({ platform, publicUrl }: Config, provider: DemoProvider): Pick<Config, "platform" | "connectors" | "webOrigins"> {
  const connector = connectorSchema.parse({
    slug: DEMO_SLUG,
    name: "Demo",
    short_description: "A real OAuth provider in this process, with tokens that live for 30 seconds.",
    description: "Connect, ask for a token, wait until it has expired, and ask again: the answer is a fresh one.",
    provider: provider.provider,
    client_id: provider.clientId,
    client_secret: provider.clientSecret,
    scopes: provider.scopes,
  });
  return {
    platform: { ...platform, name: "Xkit Gateway demo", loginRedirectUrl: `${publicUrl}/sign-in` },
    connectors: new Map([[DEMO_SLUG, connector]]),
    webOrigins: DEMO_WEB_ORIGINS,
  };
}
