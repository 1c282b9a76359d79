import { forbidden } from "../../../schema/errors.ts";
import { type ConnectionWhere, type Owner, type OwnerConnections, ownerOfViewer } from "../../../schema/upstream.ts";
import type { ConnectsElsewhere, OpenUpstream, UpstreamAdapter, UpstreamRuntime, UserConnections } from "../outside/adapter.ts";
import { readToken } from "./access-token.ts";
import { type Accounts, createAccounts } from "./accounts.ts";
import { listOffers, type Offer } from "./catalog.ts";
import { type Asker, choose, type Holding, listHoldings, toConnection } from "./connections.ts";
import { disconnect } from "./disconnect.ts";
import { createGrantStates, type GrantStates } from "./grant-state.ts";
import type { BetterAuth } from "./context.ts";
import type { BetterAuthUpstreamOptions } from "./options.ts";
import { createRefresher, type Refresher } from "./refresh.ts";
import { createHolders, type Holders } from "./holders.ts";
import { joinPlugin } from "./routing.ts";
import { createRevoke, type Revoke } from "./revoke.ts";
import { createSecrets, type Secrets } from "./secrets.ts";

/**
 * The gateway in front of better-auth: its account table holds the tokens, and its users' ids are the gateway's. For
 * `createApp(config, { upstream })`.
 */
export const betterAuthUpstream =
  (auth: BetterAuth, options: BetterAuthUpstreamOptions): OpenUpstream =>
  async (runtime) => {
    const secrets = createSecrets(auth);
    const accounts = createAccounts(auth, runtime.log);
    const states = createGrantStates(runtime.notes);
    const revoke = createRevoke(options, runtime);
    const holders = createHolders(options, accounts);
    const accountsChanged = (userId: string) => void tellOwners(runtime, holders.ownersOf(userId));
    const refresher = createRefresher({ auth, accounts, states, secrets, runtime, revoke, accountsChanged });
    const leavePlugin = await joinPlugin(auth, { accounts, secrets, refresher, accountsChanged });
    const offers = await listOffers(auth, options, runtime.connectorUrl);
    return {
      ...createHolder({ options, runtime, offers, holders, accounts, states, secrets, refresher, revoke }),
      check: () => accounts.check(),
      async close() {
        leavePlugin();
        await refresher.idle();
      },
    };
  };

/** Who watches sees it within seconds in any case. */
const tellOwners = ({ changed, log }: UpstreamRuntime, owners: readonly Owner[]) =>
  Promise.all(owners.map(changed)).catch((err: unknown) => log.warn({ err }, "a change of accounts cannot be announced"));

interface Parts {
  options: BetterAuthUpstreamOptions;
  runtime: UpstreamRuntime;
  offers: readonly Offer[];
  holders: Holders;
  accounts: Accounts;
  states: GrantStates;
  secrets: Secrets;
  refresher: Refresher;
  revoke: Revoke;
}

function createHolder(parts: Parts): Pick<UpstreamAdapter, "listConnectors" | "connectionsOf" | "forUser"> {
  const { offers, holders, runtime } = parts;
  const find = async (asker: Asker, where: ConnectionWhere) => choose(await listHoldings({ ...parts, clock: runtime.clock }, asker), where);

  return {
    listConnectors: async () => offers.map(({ connector }) => connector),
    connectionsOf: (owner) => readsOf({ ...parts, find }, { owner, isServer: true, findHolder: () => holders.ofOwner(owner) }),
    forUser(viewer) {
      const owner = ownerOfViewer(viewer);
      return userConnections({ ...parts, find }, { owner, isServer: false, findHolder: () => holders.ofViewer(viewer) });
    },
  };
}

interface Holder extends Parts {
  find(asker: Asker, where: ConnectionWhere): Promise<Holding | null>;
}

function readsOf(holder: Holder, asker: Asker): OwnerConnections {
  const { runtime, offers, find } = holder;
  const connectorOf = ({ slug }: ConnectionWhere) => offers.find(({ connector }) => connector.slug === slug)?.connector ?? null;
  const show = (holding: Holding) => toConnection(holding, asker, runtime.clock.now());
  return {
    async find(where) {
      const holding = await find(asker, where);
      return holding && show(holding);
    },
    async list(slug) {
      const holdings = await listHoldings({ ...holder, clock: runtime.clock }, asker);
      return holdings.filter(({ account }) => slug === null || account.providerId === slug).map(show);
    },
    accessToken: (where, request) => readToken({ ...holder, connectorOf }, { asker, where, request }),
  };
}

const userConnections = (holder: Holder, asker: Asker): UserConnections => ({
  ...readsOf(holder, asker),
  disconnect: (where) => disconnect(holder, asker, where),
  connectPage: createConnectPage(holder.options, asker.owner),
});

/** better-auth ties linking to the browser by a cookie of its own origin: users link on a page of the app's. */
const createConnectPage =
  ({ connectPage, groupAccount }: BetterAuthUpstreamOptions, owner: Owner): ConnectsElsewhere["connectPage"] =>
  ({ slug }, { returnTo, connection, scopes = [], loginHint }) => {
    if (owner.kind === "group" && !groupAccount)
      throw forbidden("Groups have no connections here, because better-auth's accounts belong to users.");
    const page = new URL(connectPage);
    const parameters = {
      connector: slug,
      returnTo,
      connection: connection?.id,
      group: owner.kind === "group" ? owner.id : null,
      scopes: scopes.join(" "),
      loginHint,
    };
    for (const [name, value] of Object.entries(parameters)) if (value) page.searchParams.set(name, value);
    return page.href;
  };
