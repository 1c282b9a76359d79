import type { ProvisionedUser } from "../../schema/upstream.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import type { Database } from "../store/database.ts";
import type { RowMacs } from "../store/row-macs.ts";
import type { Sealer } from "../store/sealing.ts";
import { type ApiKeys, createApiKeys } from "./api-keys.ts";
import { type Authenticator, createAuthenticator } from "./authenticate.ts";
import { createBearers } from "./bearer.ts";
import { type Bindings, createBindings } from "./bindings.ts";
import { type Cookies, createCookies } from "./cookies.ts";
import type { Issuer } from "../config/token-issuers.ts";
import { createIssuers } from "./issuers.ts";
import { createKnownCredentials } from "./known-credentials.ts";
import { defaultLifetimes, type Lifetimes } from "./lifetimes.ts";
import { createOneTimeTokens, type OneTimeTokens } from "./one-time-tokens.ts";
import { createOriginCheck, type OriginCheck } from "../http/web-origin.ts";
import { createOperators, type Operators } from "./operators.ts";
import { createSessions, type Sessions } from "./sessions.ts";
import { createSignIn, type SignIn } from "./sign-in.ts";
import { createSigningKeys, type SigningKeys } from "./signing-keys.ts";
import { createTokens } from "./tokens.ts";
import { createAttempts } from "../vault/attempts.ts";
import { createUserLists, type UserLists } from "./user-lists.ts";
import { createUsers, type UserAssertion, type Users } from "./users.ts";

/** Everything about who is asking. */
export interface Auth extends Authenticator {
  signIn: SignIn;
  users: Users;
  userLists: UserLists;
  /** Creates or updates a user, and mints the user token that `login` takes. */
  provisionUser(input: Omit<UserAssertion, "assertedAt">): Promise<ProvisionedUser>;
  sessions: Sessions;
  oneTimeTokens: OneTimeTokens;
  apiKeys: ApiKeys;
  /** Sessions of the operator's page. */
  operators: Operators;
  signingKeys: SigningKeys;
  cookies: Cookies;
  bindings: Bindings;
  origins: OriginCheck;
  /** Finishes what is still being written; before the database is closed. */
  close(): Promise<void>;
}

export interface AuthOptions {
  database: Database;
  sealer: Sealer;
  macs: RowMacs;
  clock: Clock;
  /** Where browsers reach the gateway, as `https://xkit.example.com`. */
  publicUrl: string;
  /** Origins whose pages may ask; see `isWebOrigin`. */
  webOrigins: readonly string[];
  issuers: readonly Issuer[];
  lifetimes?: Partial<Lifetimes>;
  log: Pick<Log, "warn" | "error">;
}

/** Throws `TypeError` for a wrong web origin or issuer, and `SealError` when the signing key in the store does not open. */
export async function createAuth({
  database,
  sealer,
  macs,
  clock,
  publicUrl,
  webOrigins,
  issuers,
  log,
  ...options
}: AuthOptions): Promise<Auth> {
  const lifetimes = { ...defaultLifetimes, ...options.lifetimes };
  const longestTokenSeconds = Math.max(lifetimes.userTokenSeconds, lifetimes.sessionTokenSeconds);
  const origins = createOriginCheck(webOrigins, publicUrl);
  const cookies = createCookies(publicUrl, webOrigins);
  const bindings = createBindings({ cookies, attempts: createAttempts({ database, macs, clock }) });
  const signingKeys = await createSigningKeys({ database, sealer, macs, clock, longestTokenSeconds });
  const tokens = createTokens({ signingKeys, publicUrl, clock, lifetimes });
  const users = createUsers({ database, macs, clock });
  const sessions = createSessions({ database, macs, users, clock, lifetimes });
  const apiKeys = createApiKeys({ database, macs, clock, log });
  const knownIssuers = createIssuers(issuers, { publicUrl, clock, log });
  const bearers = createBearers({ tokens, sessions, issuers: knownIssuers, users, log });

  return {
    ...createAuthenticator({ bearers, apiKeys, known: createKnownCredentials({ changes: database.changes, clock }) }),
    signIn: createSignIn({ bearers, sessions, tokens, users, cookies, bindings, origins, clock }),
    users,
    userLists: createUserLists({ database, macs }),
    async provisionUser(input) {
      const user = await users.provision({ id: input.id, groupId: input.groupId, name: input.name });
      return { user, ...(await tokens.mintUserToken(user.id)) };
    },
    sessions,
    oneTimeTokens: createOneTimeTokens({ database, macs, clock, lifetimes }),
    apiKeys,
    operators: createOperators({ database, macs, clock, log, apiKeys, users, issuers: knownIssuers, configuredIssuers: issuers }),
    signingKeys,
    cookies,
    bindings,
    origins,
    close: () => apiKeys.settle(),
  };
}
