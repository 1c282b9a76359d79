import type { TokenFailure, TokenSet } from "../oauth/result.ts";
import type { RefreshResult } from "../runtime/metrics.ts";
import type { ChangedGrant } from "./connection-rows.ts";
import type { StoredGrant } from "./connections.ts";
import { type ClaimedGrant, undoClaim } from "./lease.ts";
import { factsOf } from "./log-facts.ts";
import type { Asked, CallDependencies } from "./provider-call.ts";
import { markRevoked, recordFailure, type ResultDependencies, storeTokens } from "./refresh-result.ts";
import { retryWhileStoreAway } from "./retry-while-store-away.ts";
import type { RefusedAlone } from "./refused-alone.ts";

/** Narrower tokens, and when they were asked for, in milliseconds; or the provider gives none with these scopes. */
export type Narrowed = { tokens: TokenSet; askedAt: number } | "refused";

/** What one refresh works with. */
export interface Flight extends CallDependencies, ResultDependencies {
  refusedAlone: RefusedAlone;
  /** Called with what came of a request for a narrower token, once it is stored. */
  onNarrowed?: ((narrowed: Narrowed) => void) | undefined;
}

/** @returns the rows of new tokens, null for another answer, "nothing" when there is nothing to save. */
export async function saveAnswer(flight: Flight, { answer, grant }: Asked): Promise<ChangedGrant | null | "nothing"> {
  if (!answer) return "nothing";
  const { result, askedAt } = answer;
  if (result.ok) {
    const changed = await storeTokens(flight, grant, result.tokens, askedAt);
    count(flight, grant, changed ? "refreshed" : "discarded");
    if (changed) flight.onNarrowed?.({ tokens: result.tokens, askedAt });
    return changed;
  }
  count(flight, grant, await saveFailure(flight, grant, result));
  return result.kind === "withdrawn" ? "nothing" : null;
}

const count = ({ telemetry }: Flight, { connector }: StoredGrant, outcome: RefreshResult): void =>
  telemetry.metrics.countRefresh(connector.slug, outcome);

async function saveFailure(flight: Flight, grant: ClaimedGrant, failure: TokenFailure): Promise<RefreshResult> {
  if (flight.narrowTo && failure.code === "invalid_scope") await refuseNarrower(flight, grant, failure);
  else if (failure.kind === "revoked") await markRevoked(flight, grant, failure.code);
  else if (failure.kind === "withdrawn") await undoClaim(flight.database, grant);
  else if (await retryWhileStoreAway(flight, () => flight.refusedAlone(grant, failure))) {
    await markRefusedAlone(flight, grant, failure);
    return "revoked";
  } else await recordFailure(flight, grant, failure);
  return failure.kind === "denied" || failure.kind === "invalid" ? "temporary" : failure.kind;
}

/** It says nothing of the grant. */
async function refuseNarrower({ log, database, onNarrowed }: Flight, grant: ClaimedGrant, { code, reason }: TokenFailure): Promise<void> {
  log.warn({ ...factsOf(grant), code, reason }, "the provider gives no narrower token");
  await undoClaim(database, grant);
  onNarrowed?.("refused");
}

/** Rule 3: each of the provider's words for it means to the user what `invalid_grant` does. */
async function markRefusedAlone(flight: Flight, grant: StoredGrant, { code }: TokenFailure): Promise<void> {
  flight.log.warn({ ...factsOf(grant), code }, "the provider revoked a grant while it refreshed others");
  await markRevoked(flight, grant, "invalid_grant");
}

/**
 * Rule 5: tokens that come after the provider's timeout are as good as any, and newer ones of a call that was sent beside another replace
 * those. Never throws: what cannot be stored is in the spool.
 */
export async function adoptLateTokens(flight: Flight, { answer, grant, lateTokens }: Asked, saving: Promise<unknown>): Promise<void> {
  let held = answer?.result.ok ? answer : null;
  if (held) await saving.catch(() => {});
  let { version } = grant.authorization;
  for (;;) {
    const late = await lateTokens(held);
    if (!late?.result.ok) return;
    if (held) version += 1;
    const current = held ? await readUnleased(flight, grant, version).catch(() => null) : null;
    await storeTokens(flight, current ?? grant, late.result.tokens, late.askedAt).catch(() => {});
    held = late;
  }
}

/** The grant with the tokens that this refresh has stored, unless another refresh is under way or was since. */
async function readUnleased(
  flight: Flight,
  { connection, authorization: { token_kind: kind } }: StoredGrant,
  version: number,
): Promise<StoredGrant | null> {
  const current = await retryWhileStoreAway(flight, () => flight.connections.read(connection.id, kind));
  if (!current?.authorization) return null;
  const { authorization } = current;
  return authorization.version === version && authorization.lease_id === null ? { ...current, authorization } : null;
}
