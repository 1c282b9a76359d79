import type { Connector } from "../../../schema/upstream.ts";
import { type BetterAuth, contextOf } from "./context.ts";
import type { BetterAuthConnector, BetterAuthUpstreamOptions } from "./options.ts";

/** A connector, and what the app asks for when it links. */
export interface Offer {
  connector: Connector;
  scopes: readonly string[];
}

/** The connectors that are stated, else all of better-auth's providers. */
export async function listOffers(
  auth: BetterAuth,
  { connectors }: Pick<BetterAuthUpstreamOptions, "connectors">,
  connectorUrl: (slug: string) => string,
): Promise<Offer[]> {
  const { socialProviders } = await contextOf(auth);
  const names = new Map(socialProviders.map(({ id, name }) => [id, name]));
  const stated: readonly BetterAuthConnector[] = connectors ?? [...names.keys()].map((slug) => ({ slug }));
  return stated.map(({ slug, scopes = [], ...facts }) => ({
    scopes,
    connector: {
      name: names.get(slug) ?? slug,
      shortDescription: null,
      description: null,
      markUrl: null,
      supportsMultipleConnections: true,
      ...facts,
      slug,
      connectorUrl: connectorUrl(slug),
    },
  }));
}
