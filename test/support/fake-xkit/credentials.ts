import { randomUUID } from "node:crypto";
import { type Call, Refusal } from "./exchange.ts";
import type { User } from "./state.ts";

/** A bearer of the service, with its end. */
export interface Bearer {
  readonly access_token: string;
  readonly expires_at: string;
}

interface Held {
  readonly user: User;
  readonly endsAt: number;
}

const USER_TOKEN_MS = 3_600_000;
const SESSION_TOKEN_MS = 600_000;
const ONE_TIME_TOKEN_MS = 60_000;
const SESSION_MS = 30 * 86_400_000;

/** The name of the session's cookie, which is the service's own affair. */
export const SESSION_COOKIE = "fake_session";

export type Credentials = ReturnType<typeof createCredentials>;

/** Who asks, and what they are given to ask with (contract, "Sessions"). */
export function createCredentials({ keys, now }: { keys: { publishable: string; secret: string }; now: () => number }) {
  const [bearers, sessions, oneTimeTokens] = [new Map<string, Held>(), new Map<string, Held>(), new Map<string, Held>()];

  function mint(held: Map<string, Held>, user: User, lifeMs: number): { token: string; endsAt: number } {
    const [token, endsAt] = [randomUUID(), now() + lifeMs];
    held.set(token, { user, endsAt });
    return { token, endsAt };
  }

  const find = (held: Map<string, Held>, token: string): User | null => {
    const found = held.get(token);
    return found && found.endsAt > now() ? found.user : null;
  };

  function mintBearer(user: User, lifeMs: number): Bearer {
    const { token, endsAt } = mint(bearers, user, lifeMs);
    return { access_token: token, expires_at: new Date(endsAt).toISOString() };
  }

  const findUser = ({ headers }: Call): User | null => find(bearers, /^Bearer (.+)$/.exec(headers.authorization ?? "")?.[1] ?? "");

  const isKeyPair = ({ headers }: Call): boolean => headers.authorization === basicOf(keys);

  return {
    mintUserToken: (user: User) => mintBearer(user, USER_TOKEN_MS),
    mintSessionToken: (user: User) => mintBearer(user, SESSION_TOKEN_MS),
    mintOneTimeToken: (user: User): string => mint(oneTimeTokens, user, ONE_TIME_TOKEN_MS).token,

    /** It works once. */
    redeemOneTimeToken(token: string): User | null {
      const user = find(oneTimeTokens, token);
      oneTimeTokens.delete(token);
      return user;
    },

    /** The cookie's value. */
    openSession: (user: User): string => mint(sessions, user, SESSION_MS).token,
    endSession: (call: Call): void => void sessions.delete(cookieOf(call, SESSION_COOKIE) ?? ""),

    findUser,

    requireUser(call: Call): User {
      if (isKeyPair(call)) throw new Refusal(403, "FORBIDDEN", "This is for users.");
      return findUser(call) ?? refuse("Sign in first.");
    },

    requireSession: (call: Call): User => find(sessions, cookieOf(call, SESSION_COOKIE) ?? "") ?? refuse("There is no session."),

    requireKeys(call: Call): void {
      if (call.headers.origin !== undefined) throw new Refusal(403, "FORBIDDEN", "A secret key must not be in a page.");
      if (isKeyPair(call)) return;
      throw findUser(call)
        ? new Refusal(403, "FORBIDDEN", "This is for servers.")
        : new Refusal(401, "UNAUTHENTICATED", "The key pair is wrong.");
    },
  };
}

const basicOf = ({ publishable, secret }: { publishable: string; secret: string }): string => `Basic ${btoa(`${publishable}:${secret}`)}`;

function refuse(message: string): never {
  throw new Refusal(401, "UNAUTHENTICATED", message);
}

/** Without an `Origin`, the page must say that it is the service's own (contract, "Sessions"). */
export function requirePage({ headers }: Call, url: string): void {
  if (headers.origin === undefined ? headers["sec-fetch-site"] === "same-origin" : headers.origin === url) return;
  throw new Refusal(403, "FORBIDDEN", "This is for the platform's own pages.");
}

/** RFC 6265 section 4.2. */
export function cookieOf({ headers }: Pick<Call, "headers">, name: string): string | null {
  const pairs = (headers.cookie ?? "").split("; ").map((pair) => pair.split("="));
  return pairs.find(([given]) => given === name)?.[1] ?? null;
}
