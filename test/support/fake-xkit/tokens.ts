import type { GrantAnswer, Grants } from "./grants.ts";
import { fingerprintOf, hasLife, isOver, maximumTtlOf } from "./life.ts";
import type { Authorization, Connection, State, Tokens } from "./state.ts";

/** What is asked of a token (contract, "Tokens"). */
export interface TokenQuery {
  readonly minimumTtl: number | null;
  readonly rejected: string | null;
  readonly scopes: readonly string[];
  /** Null is the default. */
  readonly kind: string | null;
}

/** What a GET of a single connection says of its token (contract, "Tokens"). */
export type TokenOutcome =
  | { readonly outcome: "token"; readonly tokens: Tokens }
  | { readonly outcome: "not connected" }
  | { readonly outcome: "withheld" }
  | { readonly outcome: "scopes missing"; readonly missing: readonly string[] }
  | { readonly outcome: "reconnect"; readonly reason: "REVOKED" | "EXPIRED" | "TOKEN_REJECTED" }
  | { readonly outcome: "later"; readonly retryAfterSeconds: number; readonly said: string }
  | { readonly outcome: "misconfigured"; readonly said: string }
  | { readonly outcome: "too long"; readonly maximumTtl: number };

const FORCED_EVERY_MS = 30_000;
const LEFT_ALONE_MS = 10_000;

export type ReadToken = ReturnType<typeof createTokenReader>;

/** The tokens of connections, which are refreshed as they are read. */
export function createTokenReader({ state, grants, now }: { state: State; grants: Grants; now: () => number }) {
  const flights = new Map<Authorization, Promise<void>>();

  /** One at a time: the others wait for it. */
  function refresh(authorization: Authorization, refreshToken: string): Promise<void> {
    const flight =
      flights.get(authorization) ??
      grants
        .refresh(refreshToken)
        .then((answer) => note(state, authorization, answer, now() + LEFT_ALONE_MS))
        .finally(() => flights.delete(authorization));
    flights.set(authorization, flight);
    return flight;
  }

  async function read({ enabled, ...connection }: Connection, isWithheld: boolean, query: TokenQuery): Promise<TokenOutcome> {
    const authorization = query.kind === "user" ? connection.authorization?.user : connection.authorization;
    if (!enabled || !authorization) return { outcome: "not connected" };
    const held = authorization.tokens;
    if (!held) return { outcome: "reconnect", reason: "REVOKED" };
    if (isWithheld) return isOver(held, now()) ? { outcome: "reconnect", reason: "EXPIRED" } : { outcome: "withheld" };
    const missing = query.scopes.filter((scope) => !held.scopes.includes(scope));
    if (missing.length > 0) return { outcome: "scopes missing", missing };
    const isRejected = query.rejected === fingerprintOf(held.accessToken);
    if (!isRejected && hasLife(held, query.minimumTtl, now())) return { outcome: "token", tokens: held };
    if (!isRejected && (query.minimumTtl ?? 0) > maximumTtlOf(held, now()))
      return { outcome: "too long", maximumTtl: maximumTtlOf(held, now()) };
    if (held.refreshToken === null) return { outcome: "reconnect", reason: isRejected ? "TOKEN_REJECTED" : "EXPIRED" };
    return renew(authorization, held.refreshToken, isRejected, query);
  }

  async function renew(authorization: Authorization, refreshToken: string, isForced: boolean, query: TokenQuery): Promise<TokenOutcome> {
    const allowedAt = (authorization.forcedAt ?? Number.NEGATIVE_INFINITY) + FORCED_EVERY_MS;
    if (isForced && now() < allowedAt && !flights.has(authorization)) return later(allowedAt, "a token was refused a moment ago");
    if (!authorization.failure || now() >= authorization.failure.retryAt) {
      if (isForced) authorization.forcedAt = now();
      await refresh(authorization, refreshToken);
    }
    const { failure, tokens } = authorization;
    if (failure?.kind === "misconfigured") return { outcome: "misconfigured", said: failure.said };
    if (failure) return later(failure.retryAt, failure.said);
    if (!tokens) return { outcome: "reconnect", reason: "REVOKED" };
    return hasLife(tokens, query.minimumTtl, now())
      ? { outcome: "token", tokens }
      : { outcome: "too long", maximumTtl: maximumTtlOf(tokens, now()) };
  }

  const later = (instant: number, said: string): TokenOutcome => ({
    outcome: "later",
    retryAfterSeconds: Math.max(1, Math.ceil((instant - now()) / 1000)),
    said,
  });

  return read;
}

/** What a refresh has brought. A refresh token that is not replaced stays. */
function note(state: State, authorization: Authorization, answer: GrantAnswer, retryAt: number): void {
  if ("tokens" in answer) {
    const refreshToken = answer.tokens.refreshToken ?? authorization.tokens?.refreshToken ?? null;
    return state.refreshed(authorization, { ...answer.tokens, refreshToken });
  }
  const { refusal, code, said } = answer;
  if (refusal === "revoked") state.revoked(authorization, code, said);
  else state.failing(authorization, { kind: refusal, code, said, retryAt });
}
