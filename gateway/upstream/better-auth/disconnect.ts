import { notFound } from "../../../schema/errors.ts";
import type { Connection, ConnectionWhere } from "../../../schema/upstream.ts";
import type { UpstreamRuntime } from "../outside/adapter.ts";
import type { Account, Accounts } from "./accounts.ts";
import { type Asker, type Holding, isEnabled, toConnection } from "./connections.ts";
import type { GrantStates } from "./grant-state.ts";
import type { Revoke } from "./revoke.ts";
import type { Secrets } from "./secrets.ts";

interface Dependencies {
  accounts: Accounts;
  states: GrantStates;
  secrets: Secrets;
  runtime: Pick<UpstreamRuntime, "clock" | "changed">;
  revoke: Revoke;
  find(asker: Asker, where: ConnectionWhere): Promise<Holding | null>;
}

/** Removes an account's tokens. The account stays: its user may sign in with it, and connecting again gives it tokens. */
export async function disconnect(dependencies: Dependencies, asker: Asker, where: ConnectionWhere): Promise<Connection> {
  const { accounts, states, runtime, find } = dependencies;
  for (;;) {
    const holding = await find(asker, where);
    if (!holding) throw notFound("There is no connection to disconnect.");
    const { account } = holding;
    const now = runtime.clock.now();
    const connection = toConnection(holding, asker, now);
    if (!isEnabled(account)) return connection;
    // A refresh that has begun meanwhile stores nothing over it.
    if (await accounts.replaceTokens(account, { ...noTokens, updatedAt: new Date(now) })) {
      await states.remove(account);
      await revokeStored(dependencies, account);
      await runtime.changed(asker.owner);
      return connection;
    }
  }
}

const noTokens = { accessToken: null, refreshToken: null, idToken: null, accessTokenExpiresAt: null, refreshTokenExpiresAt: null };

async function revokeStored({ secrets, revoke }: Dependencies, account: Account): Promise<void> {
  const open = (stored: string | null) => (stored === null ? null : secrets.open(stored).catch(() => null));
  await revoke(account, { accessToken: await open(account.accessToken), refreshToken: await open(account.refreshToken) });
}
