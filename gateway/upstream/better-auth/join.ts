import { PROVIDER_TIMEOUT_MS } from "../../http/fetch.ts";
import { systemClock } from "../../runtime/clock.ts";
import { createLog, type Log } from "../../runtime/log.ts";
import { createNotes } from "../../store/notes.ts";
import { openDatabase } from "../../store/open.ts";
import { createSingleFlight } from "../../store/single-flight.ts";
import { topicOf } from "../../vault/connections.ts";
import { createAccounts } from "./accounts.ts";
import type { BetterAuth } from "./context.ts";
import { createGrantStates } from "./grant-state.ts";
import { createRefresher } from "./refresh.ts";
import { listRoutings } from "./providers.ts";
import { joinPlugin } from "./routing.ts";
import { createSecrets } from "./secrets.ts";

export interface JoinOptions {
  /** The gateway's own store: its `DATABASE_URL`. */
  databaseUrl: string;
  log?: Log;
}

/**
 * For a process that has better-auth with the plugin `xkitGateway`, and whose gateway is another process: what better-auth refreshes is
 * refreshed under the leases of the gateway's store. Throws where the store cannot be opened, and `TypeError` where the plugin has no provider.
 */
export async function joinGateway(
  auth: BetterAuth,
  { databaseUrl, log = createLog("warn") }: JoinOptions,
): Promise<{ close(): Promise<void> }> {
  if ((await listRoutings(auth)).length === 0)
    throw new TypeError(
      "better-auth has no plugin xkitGateway(), or lists it before genericOAuth, so its refreshes would bypass the gateway: add the plugin after genericOAuth.",
    );
  const database = await openDatabase(databaseUrl, { clock: systemClock, log });
  const { singleFlight, idle } = createSingleFlight(database);
  const [accounts, states, secrets] = [createAccounts(auth, log), createGrantStates(createNotes(database)), createSecrets(auth)];
  const accountsChanged = (userId: string) =>
    void database
      .write([topicOf({ kind: "user", id: userId })], () => Promise.resolve())
      .catch((err: unknown) => log.warn({ err }, "a change of accounts cannot be announced"));
  const runtime = { clock: database.clock, log, singleFlight, providerTimeoutMs: PROVIDER_TIMEOUT_MS };
  const refresher = createRefresher({ auth, accounts, states, secrets, runtime, revoke: async () => {}, accountsChanged });
  const leavePlugin = await joinPlugin(auth, { accounts, secrets, refresher, accountsChanged });
  return {
    async close() {
      leavePlugin();
      await idle();
      await refresher.idle();
      await database.close();
    },
  };
}
