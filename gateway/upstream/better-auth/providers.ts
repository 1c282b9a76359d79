import type { AuthContext } from "better-auth";
import { type BetterAuth, contextOf } from "./context.ts";

/** A provider as better-auth has it, as far as it is used. */
type Provider = AuthContext["socialProviders"][number];

/** Exchanges a refresh token, and throws in any shape. */
export type RefreshAccessToken = NonNullable<Provider["refreshAccessToken"]>;

/** A refresh that better-auth itself has begun. */
export interface BegunRefresh {
  accountId: string;
  refreshToken: string;
  /** Whether it was asked for although the token still works. */
  isForced: boolean;
}

/** The gateway, as the plugin in better-auth asks it. */
export interface RoutedGateway {
  /** Refreshes in better-auth's stead. Null for what is no account. Throws where there is no new token. */
  refresh(begun: BegunRefresh): Promise<RefreshedTokens | null>;
  /** Hears that accounts of a user have changed. */
  accountsChanged(userId: string): void;
}

/** Where the plugin finds the gateway. Null: none is open in this process, and better-auth goes its own way. */
export interface Routing {
  gateway: RoutedGateway | null;
}

/** What better-auth's own endpoints go on with. */
export type RefreshedTokens = Awaited<ReturnType<RefreshAccessToken>>;

/** The functions that a plugin has put in place of a provider's own. */
const routed = new WeakMap<RefreshAccessToken, { own: RefreshAccessToken; routing: Routing }>();

/** Marks `wrapper` as standing in place of a provider's own function. */
export const markRouted = (wrapper: RefreshAccessToken, own: RefreshAccessToken, routing: Routing): void =>
  void routed.set(wrapper, { own, routing });

/** The provider's own function, also where a plugin has put another in its place. */
export async function findRefresh(auth: BetterAuth, providerId: string): Promise<RefreshAccessToken | null> {
  const { socialProviders } = await contextOf(auth);
  const found = socialProviders.find(({ id }) => id === providerId)?.refreshAccessToken;
  return found ? (routed.get(found)?.own ?? found) : null;
}

/** The routings of the plugins of ours that better-auth has. */
export async function listRoutings(auth: BetterAuth): Promise<Routing[]> {
  const { socialProviders } = await contextOf(auth);
  const routings = socialProviders.flatMap(({ refreshAccessToken: found }) => (found && routed.get(found)?.routing) ?? []);
  return [...new Set(routings)];
}
