import type { BetterAuthPlugin } from "better-auth";
import { z } from "zod";
import { markRouted, type RefreshAccessToken, type Routing } from "./providers.ts";

/** What of better-auth's endpoint says which account is refreshed. */
const endpointSchema = z.object({
  path: z.string().optional(),
  body: z.object({ accountId: z.string() }).optional().catch(undefined),
  query: z.object({ accountId: z.string() }).optional().catch(undefined),
});

/**
 * A plugin for better-auth: what its own endpoints refresh (`get-access-token`, `refresh-token`, `account-info`) is refreshed by the
 * gateway of this process, once for all who ask, and the gateway hears at once what users link. It comes after `genericOAuth`, whose
 * providers it else does not see. Before a gateway is opened, better-auth goes its own way.
 */
export function xkitGateway(): BetterAuthPlugin {
  const routing: Routing = { gateway: null };
  /** The endpoints that were answered with what is stored already. */
  const answered = new WeakSet<object>();

  function wrap(own: RefreshAccessToken): RefreshAccessToken {
    const wrapper: RefreshAccessToken = async (refreshToken, endpoint) => {
      const { data } = endpointSchema.safeParse(endpoint);
      const accountId = data?.body?.accountId ?? data?.query?.accountId;
      if (!routing.gateway || !endpoint || accountId === undefined) return own(refreshToken, endpoint);
      const tokens = await routing.gateway.refresh({ accountId, refreshToken, isForced: data?.path === "/refresh-token" });
      if (!tokens) return own(refreshToken, endpoint);
      answered.add(endpoint);
      return tokens;
    };
    markRouted(wrapper, own, routing);
    return wrapper;
  }

  const tell = async ({ userId }: { userId: string }) => routing.gateway?.accountsChanged(userId);

  return {
    id: "xkit-gateway",
    init: ({ socialProviders }) => ({
      context: {
        socialProviders: socialProviders.map((provider) =>
          provider.refreshAccessToken ? { ...provider, refreshAccessToken: wrap(provider.refreshAccessToken) } : provider,
        ),
      },
      options: {
        databaseHooks: {
          account: {
            create: { after: tell },
            update: {
              // better-auth would write the same tokens again, perhaps over newer ones.
              before: async (_columns, endpoint) => (endpoint && answered.has(endpoint) ? false : undefined),
              after: tell,
            },
            delete: { after: tell },
          },
        },
      },
    }),
  };
}
