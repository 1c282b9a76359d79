import { isTemporary } from "../../../schema/errors.ts";
import { temporarilyUnavailable } from "../../../schema/outcomes.ts";
import type { AccessTokenOutcome } from "../../../schema/upstream.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Log } from "../../runtime/log.ts";
import { withTimeout } from "../../runtime/with-timeout.ts";
import type { SingleFlight } from "../../store/single-flight.ts";
import { assessFreshness } from "../../vault/freshness.ts";
import type { NangoClient } from "./client.ts";
import { type CredentialsReading, readCredentials } from "./connections.ts";
import type { HeldToken } from "./credentials.ts";
import type { ConnectionMemory } from "./memory.ts";
import { type Asked, failureOutcome, isRefused, tokenOutcome } from "./outcome.ts";

/** How long a token without a stated end is kept, in milliseconds. */
const KEPT_MS = 30_000;
/** How long it is believed that Nango has no token, or none that is not due, in milliseconds. */
const NONE_KEPT_MS = 5_000;
/** Least time between two forced refreshes of a connection (rule 8), in milliseconds. */
const FORCE_INTERVAL_MS = 30_000;
/** Longest that a request waits for a new token while the last one is usable (rule 1), in milliseconds. */
const USABLE_WAIT_MS = 1_000;
/** When to ask again where Nango does not answer in time, in seconds. */
const RETRY_SECONDS = 2;

export interface ReadTokenDependencies {
  client: NangoClient;
  clock: Clock;
  log: Pick<Log, "warn">;
  singleFlight: SingleFlight;
}

/** Reads a token. While none can be read, the last one is given for as long as it may be (rules 1 and 4). */
export async function readToken(dependencies: ReadTokenDependencies, asked: Asked): Promise<AccessTokenOutcome> {
  const reading = resolve(dependencies, asked);
  if (!lastToken(dependencies, asked)) return reading;
  return (await withTimeout(reading, USABLE_WAIT_MS)) ?? lastToken(dependencies, asked) ?? reading;
}

async function resolve(dependencies: ReadTokenDependencies, asked: Asked): Promise<AccessTokenOutcome> {
  try {
    const plain = await readPlainly(dependencies, asked);
    const reading = plain.token && mustForce(dependencies, asked, plain.token) ? await force(dependencies, asked) : plain;
    if (reading.failure) return lastToken(dependencies, asked) ?? failureOutcome(asked.connection, reading.failure);
    return tokenOutcome(asked, reading.token, dependencies.clock.now());
  } catch (error) {
    if (!isTemporary(error)) throw error;
    const seconds = error.facts.retryAfter ?? RETRY_SECONDS;
    return lastToken(dependencies, asked) ?? temporarilyUnavailable(asked.connection.connector.name, seconds, "Nango returned no token");
  }
}

/**
 * A token is kept until it is due: Nango refreshes one that lives for less than a quarter of an hour at each read. One that would be
 * refreshed by force, or was refused, is first compared with what Nango has now.
 */
async function readPlainly(dependencies: ReadTokenDependencies, asked: Asked): Promise<CredentialsReading> {
  const { owner, held, memory, request } = asked;
  const now = dependencies.clock.now();
  const isGood = ({ token }: CredentialsReading, ageMs: number): boolean => {
    if (token && (isRefused(request, token) || mustForce(dependencies, asked, token))) return false;
    if (token?.expiresAt === null) return ageMs < KEPT_MS;
    return ageMs < NONE_KEPT_MS || (token !== null && !assessFreshness(token, null, now).isDue);
  };
  const reading = await memory.reading.get(isGood, () => readCredentials(dependencies, owner, held, false));
  noteToken(memory, reading);
  return reading;
}

function noteToken(memory: ConnectionMemory, reading: CredentialsReading): void {
  if (!reading.token) return;
  memory.token = reading.token;
  memory.config = reading.config;
}

/** Whether only a refresh that Nango would not do by itself gives what was asked for, and one may be forced now. */
function mustForce({ clock }: ReadTokenDependencies, asked: Asked, token: HeldToken): boolean {
  const { forced, forcing } = asked.memory;
  const now = clock.now();
  if (!forcing && forced && now - forced.at < FORCE_INTERVAL_MS) return false;
  if (isRefused(asked.request, token)) return true;
  const { isUsable } = assessFreshness(token, asked.request.minimumTtl, now);
  if (isUsable || token.expiresAt === null) return false;
  // What a forced refresh has given shows how long tokens live.
  const most = forced && assessFreshness(forced.token, null, forced.at).maximumTtl;
  return most === null || (asked.request.minimumTtl ?? 0) <= most;
}

/** One at a time over all processes; all who need it share it. */
async function force(dependencies: ReadTokenDependencies, { owner, held, memory }: Asked): Promise<CredentialsReading> {
  memory.forcing ??= forceAlone(dependencies, { owner, held, memory }).finally(() => (memory.forcing = null));
  return memory.forcing;
}

/** Nango refreshes at each request that forces it: so what another process has got meanwhile is looked up first. */
async function forceAlone(
  dependencies: ReadTokenDependencies,
  { owner, held, memory }: Pick<Asked, "owner" | "held" | "memory">,
): Promise<CredentialsReading> {
  const before = memory.token?.value;
  const read = (isForced: boolean) => readCredentials(dependencies, owner, held, isForced);
  const note = (reading: CredentialsReading): void => {
    noteToken(memory, reading);
    memory.reading.put(reading);
  };
  await dependencies.singleFlight(`nango:${held.integration}:${held.nangoId}`, async (lease) => {
    const current = await read(false);
    if (current.token?.value !== before || !(await lease.renew())) return note(current);
    const at = dependencies.clock.now();
    const forced = await read(true);
    if (forced.token) memory.forced = { at, token: forced.token, isNew: forced.token.value !== before };
    note(forced);
  });
  return memory.reading.get(
    () => true,
    () => read(false),
  );
}

/** The last token, if it is as good as was asked for. */
function lastToken({ clock }: ReadTokenDependencies, asked: Asked): AccessTokenOutcome | null {
  const { token } = asked.memory;
  if (!token || isRefused(asked.request, token)) return null;
  const outcome = tokenOutcome(asked, token, clock.now());
  return outcome.type === "AccessToken" ? outcome : null;
}
