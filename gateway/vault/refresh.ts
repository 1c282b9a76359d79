import { randomUUID } from "node:crypto";
import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import { refreshTokens } from "../oauth/refresh.ts";
import type { TokenResult, TokenSet } from "../oauth/result.ts";
import { fillProvider } from "../providers/template.ts";
import { type ConnectionStore, parseScopes, type StoredConnection } from "./connections.ts";
import type { Database } from "../store/database.ts";
import { assessFreshness } from "./freshness.ts";
import {
  FORCED_REFRESH_INTERVAL_MS,
  forcedTooSoon,
  noProblem,
  problemColumns,
  problemOf,
  type RefreshProblem,
  standingProblem,
} from "./refresh-problem.ts";
import type { Revoker } from "./revoke.ts";
import type { Sealer } from "../store/sealing.ts";
import type { AuthorizationRow } from "../store/tables.ts";
import { openColumn, openFields, placeOf, tokenColumns } from "./sealed-columns.ts";

/** A lease outlives the provider's timeout by this much, for storing the answer. */
const LEASE_MARGIN_MS = 5_000;
/** A claim that took longer, because the row was locked, has used too much of its lease up: it is given back, and made anew. */
const CLAIM_LONGEST_MS = 1_000;
/** How often a process that waits for another's refresh looks, at first and at most. */
const WAIT_FIRST_MS = 25;
const WAIT_LONGEST_MS = 250;
/** How often, and for how long, storing an answer is tried while the store is away: the answer may be the only copy. */
const STORE_RETRY_MS = 250;
const STORE_RETRY_FOR_MS = 30_000;

/** What the store holds after a refresh, and why it did not come about if it did not. */
export interface RefreshOutcome {
  /** Null when the connection is gone. */
  stored: StoredConnection | null;
  problem: RefreshProblem | null;
}

/** Refreshes grants, one at a time each, over all processes of a store. */
export interface Refresher {
  /** `forced`: because the third party refused the present token. Joins a refresh that is under way. */
  refresh(stored: StoredConnection, forced: boolean): Promise<RefreshOutcome>;
  /** Resolves when no refresh is under way in this process. */
  idle(): Promise<void>;
}

interface Dependencies {
  database: Database;
  connections: ConnectionStore;
  revoker: Revoker;
  sealer: Sealer;
  clock: Clock;
  log: Log;
  /** Longest a provider may take, in milliseconds. */
  timeoutMs: number;
}

interface Held extends StoredConnection {
  authorization: AuthorizationRow;
}

interface Claimed extends Held {
  /** What is left of the lease, by the store's clock. */
  leaseRemainsMs(): number;
  /** `forced_at` as it was before the claim. */
  forcedAtBefore: number | null;
}
type Failed = Extract<TokenResult, { ok: false }>;

const unusableToken = { kind: "temporary", reason: "its new token expires too soon", retryAfterSeconds: null } as const;

const noLease = { lease_id: null, lease_expires_at: null };

export function createRefresher({ database, connections, revoker, sealer, clock, log, timeoutMs }: Dependencies): Refresher {
  const flights = new Map<string, Promise<RefreshOutcome>>();

  /** Rule 2: claim, else wait for whoever has the claim and adopt what it stored. */
  async function run(started: Held, forced: boolean): Promise<RefreshOutcome> {
    let held = started;
    for (let waitMs = WAIT_FIRST_MS; ; waitMs = Math.min(waitMs * 2, WAIT_LONGEST_MS)) {
      const problem = standingProblem(held.authorization, clock.now()) ?? (forced ? forcedTooSoon(held.authorization, clock.now()) : null);
      if (problem) return { stored: held, problem };
      const claimed = await claim(held, forced);
      const outcome = claimed && (await perform(claimed));
      if (outcome) return outcome;
      const present = await connections.read(held.connection.id);
      if (!isSameGrant(present, held)) return { stored: present, problem: problemOf(present, clock.now()) };
      held = present;
      await clock.sleep(waitMs);
    }
  }

  /**
   * One conditional update: nobody else holds the lease, nobody has failed a moment ago, and the grant is still the one that was read.
   * @returns the grant as it is now.
   */
  async function claim(held: Held, forced: boolean): Promise<Claimed | null> {
    const leadMs = await database.leadMs();
    const now = clock.now();
    const leaseExpiresAt = now + leadMs + timeoutMs + LEASE_MARGIN_MS;
    let update = database.query
      .updateTable("authorizations")
      .set({ lease_id: randomUUID(), lease_expires_at: leaseExpiresAt, ...(forced && { forced_at: now }) })
      .where("id", "=", held.authorization.id)
      .where("version", "=", held.authorization.version)
      .where("status", "=", "active")
      .where((row) => row.or([row("retry_at", "is", null), row("retry_at", "<=", now)]))
      .where((row) => row.or([row("lease_id", "is", null), row("lease_expires_at", "<=", now + leadMs)]));
    if (forced)
      update = update.where((row) => row.or([row("forced_at", "is", null), row("forced_at", "<=", now - FORCED_REFRESH_INTERVAL_MS)]));
    const authorization = await update.returningAll().executeTakeFirst();
    if (!authorization) return null;
    const claimed = {
      ...held,
      authorization,
      forcedAtBefore: held.authorization.forced_at,
      leaseRemainsMs: () => leaseExpiresAt - clock.now() - leadMs,
    };
    if (clock.now() - now <= CLAIM_LONGEST_MS) return claimed;
    return giveUp(claimed);
  }

  /** @returns null when the lease ended before the request was sent: the claim is given up. */
  async function perform(held: Claimed): Promise<RefreshOutcome | null> {
    try {
      // The token's life may have begun as soon as it was asked for (rule 1).
      const askedAt = clock.now();
      const result = await callProvider(held);
      if (!result.ok && result.kind === "withdrawn") return await giveUp(held);
      if (result.ok) await store(held, result.tokens, askedAt);
      else if (result.kind === "revoked") await markRevoked(held, result.code);
      else await recordFailure(held, result);
    } catch (error) {
      // The lease ends by itself when the store is away.
      await release(held).catch(() => {});
      throw error;
    }
    const present = await connections.read(held.connection.id);
    return { stored: present, problem: problemOf(present, clock.now()) };
  }

  function callProvider(held: Claimed): Promise<TokenResult> {
    const refreshToken = openColumn(sealer, held, "sealed_refresh_token");
    const { oauth } = held.connector;
    if (!oauth || refreshToken === null) throw new TypeError("Only a connection with a refresh token can be refreshed.");
    const provider = fillProvider(oauth.provider, openFields(sealer, held));
    return refreshTokens({
      provider,
      client: oauth.client,
      refreshToken,
      scopes: parseScopes(held.authorization.granted_scopes),
      timeoutMs,
      // What is left of the call must end within the lease: a process that was paused may wake after another has taken over.
      mayStillSend: (remainingMs) => remainingMs < held.leaseRemainsMs(),
    });
  }

  /** Rule 9. Also over a verdict of another process that sent the same refresh token after this one's lease had ended. */
  async function store(held: Held, tokens: TokenSet, askedAt: number): Promise<void> {
    const { connection, authorization, connector } = held;
    const columns = tokenColumns(sealer, placeOf(connection, authorization.id), connector, tokens, authorization, askedAt);
    const { isUsable } = assessFreshness({ issuedAt: askedAt, expiresAt: columns.expires_at }, null, clock.now());
    // A provider whose new tokens are of no use would else be asked for another one by every caller.
    const problem = isUsable ? noProblem : problemColumns(authorization, clock.now(), unusableToken);
    const isStored = await insistently(() =>
      update(held, { ...columns, ...problem, ...noLease, status: "active", error_code: null, error_message: null }),
    );
    if (isStored) log.info({ connection: connection.id, connector: connector.slug, isUsable }, "refreshed");
    else await discard(held, tokens);
  }

  /** The user disconnected while the provider was answering: what it answered must not live on there. */
  async function discard(held: Held, tokens: TokenSet): Promise<void> {
    const present = await connections.read(held.connection.id);
    if (!present?.connection.enabled) await revoker.revoke(held, tokens);
  }

  async function insistently<Result>(action: () => Promise<Result>): Promise<Result> {
    const giveUpAt = clock.now() + STORE_RETRY_FOR_MS;
    for (;;) {
      try {
        return await action();
      } catch (error) {
        if (clock.now() >= giveUpAt) throw error;
        await clock.sleep(STORE_RETRY_MS);
      }
    }
  }

  /** Rule 3: only when the refresh token that was sent is still the stored one, which the version tells. */
  async function markRevoked(held: Held, code: string): Promise<void> {
    const message = `${held.connector.name} no longer honours this connection: connect again.`;
    const isMarked = await update(held, { ...noLease, status: "error", error_code: code, error_message: message });
    if (isMarked) log.warn({ connection: held.connection.id, connector: held.connector.slug, code }, "grant no longer honoured");
  }

  /** Rule 4: the status stays; the provider is left alone for a while. */
  async function recordFailure(held: Held, result: Failed): Promise<void> {
    const { connection, authorization, connector } = held;
    const columns = problemColumns(authorization, clock.now(), result);
    await connections.change(connection, (transaction) =>
      transaction
        .updateTable("authorizations")
        .set({ ...columns, ...noLease })
        .where("id", "=", authorization.id)
        .where("lease_id", "=", authorization.lease_id)
        .execute(),
    );
    log.warn({ connection: connection.id, connector: connector.slug, code: result.code, failures: columns.failures }, "refresh failed");
  }

  /** @returns false when the grant is not the one that was claimed any more, and nothing has changed. */
  function update({ connection, authorization }: Held, columns: Partial<AuthorizationRow>): Promise<boolean> {
    return connections.change(connection, async (transaction) => {
      const now = clock.now();
      const { numUpdatedRows } = await transaction
        .updateTable("authorizations")
        .set({ ...columns, updated_at: now })
        .where("id", "=", authorization.id)
        .where("version", "=", authorization.version)
        .executeTakeFirstOrThrow();
      if (numUpdatedRows === 0n) return false;
      await transaction.updateTable("connections").set({ updated_at: now }).where("id", "=", connection.id).execute();
      return true;
    });
  }

  /** Nothing was sent, so the claim leaves no trace. */
  async function giveUp(claimed: Claimed): Promise<null> {
    await release(claimed, { forced_at: claimed.forcedAtBefore });
    return null;
  }

  async function release({ authorization }: Held, columns: Pick<Partial<AuthorizationRow>, "forced_at"> = {}): Promise<void> {
    await database.query
      .updateTable("authorizations")
      .set({ ...columns, ...noLease })
      .where("id", "=", authorization.id)
      .where("lease_id", "=", authorization.lease_id)
      .execute();
  }

  return {
    refresh(stored, forced) {
      const { authorization } = stored;
      if (!authorization) throw new TypeError("Only a connection with an authorization can be refreshed.");
      const running = flights.get(authorization.id);
      if (running) return running;
      const flight = run({ ...stored, authorization }, forced).finally(() => flights.delete(authorization.id));
      flights.set(authorization.id, flight);
      return flight;
    },

    async idle() {
      while (flights.size > 0) await Promise.allSettled(flights.values());
    },
  };
}

const isSameGrant = (present: StoredConnection | null, held: Held): present is Held =>
  present?.authorization?.id === held.authorization.id &&
  present.authorization.version === held.authorization.version &&
  present.authorization.status === held.authorization.status &&
  present.connection.enabled === held.connection.enabled;
