import { plainName } from "../../../client/design/plain-name.ts";
import { decodeJwt } from "jose";
import { describeProblem, toSentence } from "../../../schema/problems.ts";
import type { Authorization, Connection, ConnectionWhere, Owner } from "../../../schema/upstream.ts";
import type { Clock } from "../../runtime/clock.ts";
import { createAuthorization } from "../outside/answers.ts";
import type { Account, Accounts } from "./accounts.ts";
import type { Offer } from "./catalog.ts";
import { type GrantState, type GrantStates, healthOf } from "./grant-state.ts";

/** An account, what is noted of it, and the connector that it is of. */
export interface Holding {
  account: Account;
  state: GrantState;
  offer: Offer;
}

/** Who asks about whose accounts. */
export interface Asker {
  owner: Owner;
  /** Servers are told what the provider said. */
  isServer: boolean;
  /** The user of better-auth's who has the accounts; null where there is none, or the asker may not see them. */
  findHolder(): Promise<string | null>;
}

interface Dependencies {
  accounts: Accounts;
  states: GrantStates;
  offers: readonly Offer[];
  clock: Pick<Clock, "now">;
}

/** The holdings that an asker sees, the healthiest first: enabled, then active, then newest. */
export async function listHoldings({ accounts, states, offers, clock }: Dependencies, asker: Asker): Promise<Holding[]> {
  const holder = await asker.findHolder();
  if (holder === null) return [];
  const rows = await accounts.list(holder);
  const noted = await states.readAll(rows);
  const now = clock.now();
  return rows
    .flatMap((account) => {
      const offer = offers.find(({ connector }) => connector.slug === account.providerId);
      const state = noted.get(account.id);
      return offer && state ? [{ account, state, offer }] : [];
    })
    .toSorted((a, b) => rankOf(b, now) - rankOf(a, now) || b.account.createdAt.getTime() - a.account.createdAt.getTime());
}

export const choose = (holdings: readonly Holding[], where: ConnectionWhere): Holding | null =>
  holdings.find(({ account }) => (where.slug === undefined ? account.id === where.id : account.providerId === where.slug)) ?? null;

const rankOf = ({ account, state }: Holding, now: number): number => (isEnabled(account) ? 2 : 0) + (isActive(account, state, now) ? 1 : 0);

/** Disconnected is an account without tokens: its user may still sign in with it. */
export const isEnabled = ({ accessToken, refreshToken }: Account): boolean => accessToken !== null || refreshToken !== null;

const isActive = (account: Account, state: GrantState, now: number): boolean =>
  isEnabled(account) && healthOf(account, state, now).health !== "reconnect_required";

/** A holding as the port shows it: no tokens. */
export const toConnection = (holding: Holding, { owner, isServer }: Asker, now: number): Connection => ({
  id: holding.account.id,
  owner,
  enabled: isEnabled(holding.account),
  connector: holding.offer.connector,
  authorization: isEnabled(holding.account) ? toAuthorization(holding, isServer, now) : null,
  createdAt: holding.account.createdAt,
  updatedAt: holding.account.updatedAt,
});

function toAuthorization({ account, state, offer }: Holding, isServer: boolean, now: number): Authorization {
  const { health, code, changedAt } = healthOf(account, state, now);
  const isDead = health === "reconnect_required";
  const problem = health === "working" ? null : describeProblem(offer.connector.name, code, health);
  const scopes = scopesOf(account);
  return createAuthorization({
    id: `${account.id}.${state.grant}`,
    connectionId: account.id,
    status: isDead ? "error" : "active",
    displayLabel: labelOf(account),
    errorCode: isDead ? code : null,
    errorMessage: isDead && problem ? toSentence(problem) : isServer ? state.failure_message : null,
    health,
    healthCode: code,
    healthChangedAt: changedAt === null ? null : new Date(changedAt),
    problem,
    scopes,
    missingScopes: offer.scopes.filter((scope) => !scopes.includes(scope)),
    expiresAt: account.accessTokenExpiresAt,
    grantExpiresAt: account.refreshTokenExpiresAt,
  });
}

/** better-auth keeps what was granted, separated by commas. */
const scopesOf = ({ scope }: Account): string[] => (scope ?? "").split(/[\s,]+/).filter((name) => name !== "");

/** What names the account in its ID token. Nothing is verified: it is shown, and nothing else. */
function labelOf({ idToken }: Account): string | null {
  try {
    const { email, preferred_username: username, name } = idToken === null ? {} : decodeJwt(idToken);
    return (
      [email, username, name].map((label) => plainName(typeof label === "string" ? label : null)).find((label) => label !== null) ?? null
    );
  } catch {
    return null;
  }
}
