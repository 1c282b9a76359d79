import { fingerprintOf } from "../../vault/sealed-columns.ts";
import type { Account, Accounts } from "./accounts.ts";
import type { BetterAuth } from "./context.ts";
import { type BegunRefresh, listRoutings, type RefreshedTokens, type RoutedGateway } from "./providers.ts";
import type { Refresher } from "./refresh.ts";
import type { Secrets } from "./secrets.ts";

/** From how long before its expiry better-auth refreshes a token, in milliseconds. */
const BETTER_AUTH_AHEAD_MS = 5_000;

interface Dependencies extends Pick<RoutedGateway, "accountsChanged"> {
  accounts: Accounts;
  secrets: Secrets;
  refresher: Pick<Refresher, "refresh">;
}

/** Takes what better-auth's own endpoints begin, where it has the plugin `xkitGateway`. @returns what ends it. */
export async function joinPlugin(auth: BetterAuth, dependencies: Dependencies): Promise<() => void> {
  const routings = await listRoutings(auth);
  const gateway: RoutedGateway = {
    refresh: (begun) => takeOver(dependencies, begun),
    accountsChanged: dependencies.accountsChanged,
  };
  for (const routing of routings) routing.gateway = gateway;
  return () => {
    for (const routing of routings) if (routing.gateway === gateway) routing.gateway = null;
  };
}

async function takeOver(
  { accounts, secrets, refresher }: Dependencies,
  { accountId, refreshToken, isForced }: BegunRefresh,
): Promise<RefreshedTokens | null> {
  const account = await accounts.find(accountId);
  if (!account) return null;
  if (await isRenewed(secrets, account, refreshToken, isForced)) return toTokens(secrets, account);
  await refresher.refresh(account, "due");
  const current = await accounts.find(accountId);
  if (!current || isUnchanged(current, account)) throw new Error("The gateway has no new token of this account.");
  return toTokens(secrets, current);
}

/** A provider may answer the token that it has given before. Then the row tells when. */
const isUnchanged = (current: Account, before: Account): boolean =>
  current.accessToken === before.accessToken && current.updatedAt.getTime() === before.updatedAt.getTime();

/** Another has refreshed it since better-auth has read it. */
async function isRenewed(secrets: Secrets, account: Account, sent: string, isForced: boolean): Promise<boolean> {
  if (account.refreshToken === null || fingerprintOf(await secrets.open(account.refreshToken)) !== fingerprintOf(sent)) return true;
  const expiresAt = account.accessTokenExpiresAt?.getTime() ?? null;
  return !isForced && (expiresAt === null || expiresAt - Date.now() >= BETTER_AUTH_AHEAD_MS);
}

async function toTokens(secrets: Secrets, account: Account): Promise<RefreshedTokens> {
  const open = async (stored: string | null) => (stored === null ? undefined : await secrets.open(stored));
  const accessToken = await open(account.accessToken);
  if (accessToken === undefined) throw new Error("This account has no token.");
  return {
    accessToken,
    refreshToken: await open(account.refreshToken),
    idToken: account.idToken ?? undefined,
    accessTokenExpiresAt: account.accessTokenExpiresAt ?? undefined,
    refreshTokenExpiresAt: account.refreshTokenExpiresAt ?? undefined,
    scopes: (account.scope ?? "").split(",").filter((scope) => scope !== ""),
  };
}
