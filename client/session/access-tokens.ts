import type { AccessTokenQueryVariables } from "../generated/graphql.ts";
import { type AccessToken, type AccessTokenResult, isAccessToken } from "../api/types.ts";
import { type ConnectionName, parseWhere } from "../api/where.ts";

/** A token is given again from memory for at most this long: a disconnect elsewhere is then noticed, and a wrong clock harmless. */
const REUSE_MS = 60_000;
/** Least life a token from memory must have left when the caller does not say. The gateway knows when less will do. */
const DEFAULT_MARGIN_SECONDS = 60;

export interface TokenOptions {
  /** Minimum remaining lifetime of the token, in seconds, 0 to 86400. Default: 60, capped at a tenth of the token's life. */
  minimumTtl?: number | undefined;
  /**
   * Whether the provider is asked first if the token still works. Default: when this session asks again for a token that it was given, so
   * that calling again after a failure brings a new token or the reason. False: never, and a token of the last minute comes from memory.
   */
  verify?: boolean;
  /** Scopes that the token must have. Where one is not granted, the answer is ScopesMissing, and its link asks for it. */
  scopes?: string[] | undefined;
  /** The kind of token, where one connection has several: `user` beside a bot's. Default: the connector's. */
  kind?: string | undefined;
}

/** Access tokens in memory: asked for once by many callers at a time, never given beyond their expiry, gone after clear. */
export interface AccessTokens {
  get(name: ConnectionName, options?: TokenOptions): Promise<AccessTokenResult>;
  /** The third party refused this token: it is not given again, and the next get tells the gateway. */
  reject(name: ConnectionName, fingerprint: string, kind?: string): void;
  clear(): void;
}

interface Kept {
  token: AccessToken;
  /** Given again until then; Unix ms. */
  reuseUntil: number;
}

function isUsable({ token, reuseUntil }: Kept, minimumTtl = DEFAULT_MARGIN_SECONDS): boolean {
  const now = Date.now();
  const expiresAt = token.expiresAt === null ? Infinity : Date.parse(token.expiresAt);
  return now < reuseUntil && expiresAt - now > minimumTtl * 1000;
}

/** `ask` fetches from the gateway. */
export function createAccessTokens(ask: (variables: AccessTokenQueryVariables) => Promise<AccessTokenResult>): AccessTokens {
  let kept = new Map<string, Kept>();
  let refused = new Map<string, string>();
  let flights = new Map<string, Promise<AccessTokenResult>>();

  async function fetchToken(key: string, variables: AccessTokenQueryVariables): Promise<AccessTokenResult> {
    const [keptThen, refusedThen] = [kept, refused];
    const result = await ask(variables);
    keptThen.delete(key);
    // One that was asked for by its scopes may have fewer than the others need.
    if (!variables.scopes && isAccessToken(result) && result.fingerprint !== refusedThen.get(key)) {
      refusedThen.delete(key);
      keptThen.set(key, { token: result, reuseUntil: Date.now() + REUSE_MS });
    }
    return result;
  }

  return {
    async get(name, { minimumTtl, verify, scopes, kind } = {}) {
      const where = parseWhere(name);
      const key = JSON.stringify([where, kind]);
      const found = kept.get(key);
      if (verify === false && !scopes && found && isUsable(found, minimumTtl)) return found.token;
      const variables = { where, minimumTtl, rejected: refused.get(key), verify, scopes, kind };
      const flightKey = JSON.stringify(variables);
      const [flightsThen, flying] = [flights, flights.get(flightKey)];
      if (flying) return flying;
      const flight = fetchToken(key, variables).finally(() => flightsThen.delete(flightKey));
      flightsThen.set(flightKey, flight);
      return flight;
    },
    reject(name, fingerprint, kind) {
      const key = JSON.stringify([parseWhere(name), kind]);
      refused.set(key, fingerprint);
      if (kept.get(key)?.token.fingerprint === fingerprint) kept.delete(key);
    },
    // New maps: late answers to the former user go into the old ones.
    clear() {
      [kept, refused, flights] = [new Map(), new Map(), new Map()];
    },
  };
}
