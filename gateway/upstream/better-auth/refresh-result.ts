import type { TokenFailure } from "../../oauth/result.ts";
import { assessFreshness } from "../../vault/freshness.ts";
import { noProblem, problemColumns, shortLived } from "../../vault/refresh-problem.ts";
import type { UpstreamRuntime } from "../outside/adapter.ts";
import { type Account, type Accounts, type TokenColumns, versionOf } from "./accounts.ts";
import { changeState, type GrantState, type GrantStates } from "./grant-state.ts";
import type { RefreshedTokens } from "./providers.ts";
import type { Revoke } from "./revoke.ts";
import type { Secrets } from "./secrets.ts";

/** How often new tokens are tried to be stored while better-auth's database is away, and for how long, in milliseconds. */
const STORE_RETRY_MS = 1_000;
const STORE_TRIES = 60;

/** Why a token is refreshed: it is due, or the third party refused it. */
export type RefreshCause = "due" | "rejected";

/** Tokens with their life by the gateway's clock. */
export interface GrantedTokens extends Omit<RefreshedTokens, "accessToken" | "accessTokenExpiresAt"> {
  accessToken: string;
  /** When they were asked for. */
  askedAt: number;
  expiresAt: number | null;
}

export interface ResultDependencies {
  accounts: Accounts;
  states: GrantStates;
  secrets: Secrets;
  runtime: Pick<UpstreamRuntime, "clock" | "log" | "singleFlight" | "providerTimeoutMs">;
  revoke: Revoke;
  /** Tells live views that accounts of a user have changed. */
  accountsChanged(userId: string): void;
}

/** What an answer is of. */
interface Asked extends ResultDependencies {
  account: Account;
  state: GrantState;
  cause: RefreshCause;
}

/** Stores new tokens over those that were read (rule 9). What is noted of them is stored before, so that they are told from a reconnect. */
export async function storeTokens(asked: Asked, tokens: GrantedTokens): Promise<void> {
  const { accounts, states, account, revoke, runtime } = asked;
  const columns = await toColumns(asked, tokens);
  await states.write(account, stateAfter(asked, tokens), columns);
  if (await storeUntilAnswered(asked, columns)) runtime.log.info(factsOf(account), "refreshed");
  else if (isGone(await accounts.find(account.id))) await revoke(account, { ...tokens, refreshToken: tokens.refreshToken ?? null });
  tell(asked);
}

/** What the provider did not send again stays (rule 6). The scopes are better-auth's: what was ever granted. */
async function toColumns({ secrets, account }: Asked, tokens: GrantedTokens): Promise<TokenColumns> {
  return {
    accessToken: await secrets.seal(tokens.accessToken),
    refreshToken: tokens.refreshToken ? await secrets.seal(tokens.refreshToken) : account.refreshToken,
    idToken: tokens.idToken ?? account.idToken,
    accessTokenExpiresAt: tokens.expiresAt === null ? null : new Date(tokens.expiresAt),
    refreshTokenExpiresAt: tokens.refreshTokenExpiresAt ?? account.refreshTokenExpiresAt,
    updatedAt: new Date(tokens.askedAt),
  };
}

/** A provider whose new tokens are of no use would else be asked for another one by every caller. */
function stateAfter({ account, state, cause, runtime }: Asked, { askedAt, expiresAt }: GrantedTokens): GrantState {
  const now = runtime.clock.now();
  const { perhaps_rotated_at: _vault, ...working } = noProblem;
  const { isUsable } = assessFreshness({ issuedAt: askedAt, expiresAt }, null, now);
  const problem = isUsable ? working : problemColumns(state, now, { ...shortLived, kind: "temporary", retryAfterSeconds: null });
  return changeState(account, state, { ...problem, error_code: null, ...(cause === "rejected" && { forced_at: askedAt }) }, now);
}

/** The used refresh token is worth nothing: what replaces it is tried to be stored for a while. @returns false when others are stored. */
async function storeUntilAnswered({ accounts, account, runtime }: Asked, columns: TokenColumns): Promise<boolean> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await accounts.replaceTokens(account, columns);
    } catch (error) {
      if (tries === STORE_TRIES) throw error;
      runtime.log.error({ ...factsOf(account), err: error }, "refreshed tokens cannot be stored: the gateway tries again");
      await runtime.clock.sleep(STORE_RETRY_MS);
    }
  }
}

const isGone = (current: Account | null): boolean => !current?.accessToken && !current?.refreshToken;

/** Rule 3: only when the refresh token that was sent is still the stored one. */
export async function markRevoked(asked: Asked, { code }: TokenFailure): Promise<void> {
  const { accounts, states, account, state, runtime } = asked;
  const current = await accounts.find(account.id);
  if (!current || versionOf(current) !== versionOf(account)) return;
  await states.write(account, changeState(account, state, { error_code: code }, runtime.clock.now()));
  runtime.log.warn({ ...factsOf(account), code }, "grant no longer honoured");
  tell(asked);
}

/** Rule 4: the provider is left alone for a while. */
export async function recordFailure(asked: Asked, failure: TokenFailure): Promise<void> {
  const { states, account, state, cause, runtime } = asked;
  const now = runtime.clock.now();
  const change = { ...problemColumns(state, now, failure), ...(cause === "rejected" && { forced_at: now }) };
  await states.write(account, changeState(account, state, change, now));
  const { code, reason } = failure;
  runtime.log.warn({ ...factsOf(account), code, reason, failures: change.failures }, "refresh failed");
  tell(asked);
}

const tell = ({ accountsChanged, account }: Asked): void => accountsChanged(account.userId);

const factsOf = ({ id, providerId }: Account) => ({ account: id, connector: providerId });
