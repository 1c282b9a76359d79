import { GatewayError, isTemporary } from "../../schema/errors.ts";
import { isDevice, requestDeviceTokens } from "../oauth/device.ts";
import type { TokenFailure } from "../oauth/result.ts";
import { type Lease, tryAlone, watchLease } from "../store/single-flight.ts";
import type { AttemptRow } from "../store/tables.ts";
import { openSecrets, replaceSecrets } from "./attempts.ts";
import { codeExpired, type ConnectingFailure, internalError } from "./connecting-failure.ts";
import type { StartedConnection } from "./connections.ts";
import type { DeviceGrant } from "./device-grant.ts";
import { failStarted, requestFirst, storeFirst } from "./first-tokens.ts";
import { type ConnectingParts, readStarted } from "./started-connections.ts";

/** How often each process looks for device codes whose tokens no process asks for, in milliseconds. */
export const DEVICE_SWEEP_INTERVAL_MS = 10_000;
/** How long after its expiry a device code is still looked for, so that its user is told, in milliseconds. */
const TOLD_FOR_MS = 3_600_000;
/** Most device codes whose tokens one process asks for at a time. */
const MAXIMUM_POLLS = 1_000;
/** RFC 8628 section 3.5: added to the interval by `slow_down`. */
const SLOW_DOWN_SECONDS = 5;
/** The longest wait after requests that had no answer, each of which doubles the wait, in milliseconds. */
const LONGEST_BACKOFF_MS = 60_000;

/** Asks for the tokens of device codes until their users have agreed: one process for each code, which a lease decides. */
export interface DevicePolls {
  /** Starts to ask, until the code expires. Does nothing where this process or another one asks already. */
  begin(stateHash: string): void;
  /** Ends all waiting. Resolves once the requests in progress have ended. */
  stop(): Promise<void>;
}

/** How a poll waits for its next request. */
interface Waiting {
  /** Resolves at an instant, or when the process stops. */
  until(instant: number): Promise<void>;
  isStopping(): boolean;
}

/** Asks for the tokens of all device codes in the store, and of those that are begun from now on, until it is stopped. */
export function startDevicePolls(parts: ConnectingParts): DevicePolls {
  const { database, clock, log, connectors } = parts;
  const slugs = [...connectors.values()].filter(({ oauth }) => oauth && isDevice(oauth.provider)).map(({ slug }) => slug);
  const stopping = new AbortController();
  const { signal } = stopping;
  const stopped = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  const waiting: Waiting = { until: (instant) => Promise.race([clock.until(instant), stopped]), isStopping: () => signal.aborted };
  const running = new Map<string, Promise<unknown>>();
  const watches = new Map<string, ReturnType<typeof watchLease>>();
  const note = (err: unknown) => {
    if (!isTemporary(err)) log.error({ err }, "a device code could not be exchanged for tokens");
  };

  function begin(stateHash: string, takeOver: string | null = null): void {
    if (signal.aborted || running.has(stateHash) || running.size >= MAXIMUM_POLLS) return;
    const polling: Promise<unknown> = tryAlone(database, keyOf(stateHash), takeOver, (lease) => poll(parts, stateHash, lease, waiting))
      .catch(note)
      .finally(() => running.delete(stateHash));
    running.set(stateHash, polling);
  }

  /** After a restart, and where another process has died. */
  async function sweep(): Promise<void> {
    const due = (await listWaiting(parts, slugs)).filter((stateHash) => !running.has(stateHash));
    for (const stateHash of watches.keys()) if (!due.includes(stateHash)) watches.delete(stateHash);
    for (const stateHash of due) {
      const look = watches.get(stateHash) ?? watchLease(database, keyOf(stateHash));
      watches.set(stateHash, look);
      begin(stateHash, await look(DEVICE_SWEEP_INTERVAL_MS));
    }
  }

  async function run(): Promise<void> {
    while (!signal.aborted) {
      await sweep().catch(note);
      await waiting.until(clock.now() + DEVICE_SWEEP_INTERVAL_MS);
    }
  }
  const sweeping = slugs.length > 0 ? run() : Promise.resolve();

  return {
    begin: (stateHash) => begin(stateHash),
    async stop() {
      stopping.abort();
      await Promise.all([sweeping, ...running.values()]);
    },
  };
}

const keyOf = (stateHash: string): string => `device:${stateHash}`;

/** Attempts that have a device code, the first to expire first. */
async function listWaiting(parts: ConnectingParts, slugs: readonly string[]): Promise<string[]> {
  const rows = await parts.database.query
    .selectFrom("attempts")
    .selectAll()
    .where("connector_slug", "in", slugs)
    .where("used_at", "is", null)
    .where("expires_at", ">", parts.clock.now() - TOLD_FOR_MS)
    .orderBy("expires_at")
    .limit(MAXIMUM_POLLS)
    .execute();
  return rows.filter((row) => parts.macs.accept("attempts", row) && grantOf(parts, row) !== null).map(({ state_hash }) => state_hash);
}

/** Null where the attempt has no device code yet, or it cannot be opened. */
function grantOf(parts: ConnectingParts, attempt: AttemptRow): DeviceGrant | null {
  try {
    return openSecrets(parts, attempt).device ?? null;
  } catch (error) {
    if (error instanceof GatewayError) return null;
    throw error;
  }
}

interface Pending {
  attempt: AttemptRow;
  grant: DeviceGrant;
}

/** Null when the attempt is used, or was disconnected. */
async function readPending(parts: ConnectingParts, stateHash: string): Promise<Pending | null> {
  const attempt = await parts.attempts.findByHash(stateHash);
  const grant = attempt && attempt.used_at === null ? grantOf(parts, attempt) : null;
  return attempt && grant && { attempt, grant };
}

/** Asks at the provider's interval until there are tokens or a final failure. */
async function poll(parts: ConnectingParts, stateHash: string, lease: Lease, { until, isStopping }: Waiting): Promise<void> {
  const { clock } = parts;
  let unanswered = 0;
  for (;;) {
    const before = await readPending(parts, stateHash);
    if (!before) return;
    const { intervalSeconds, expiresAt } = before.grant;
    const waitMs = unanswered === 0 ? intervalSeconds * 1000 : backoffMs(intervalSeconds, unanswered);
    await until(Math.min(clock.now() + waitMs, Math.max(expiresAt, clock.now())));
    if (isStopping() || !(await lease.renew())) return;
    const pending = await readPending(parts, stateHash);
    if (!pending) return;
    const outcome = await askOnce(parts, pending);
    if (outcome === "ended") return;
    unanswered = outcome === "unanswered" ? unanswered + 1 : 0;
  }
}

/** RFC 8628 section 3.5: each request without an answer doubles the wait. */
const backoffMs = (intervalSeconds: number, unanswered: number): number =>
  Math.max(intervalSeconds * 1000, Math.min(intervalSeconds * 1000 * 2 ** unanswered, LONGEST_BACKOFF_MS));

type Outcome = "pending" | "unanswered" | "ended";

async function askOnce(parts: ConnectingParts, { attempt, grant }: Pending): Promise<Outcome> {
  const started = await findStarted(parts, attempt);
  if (started?.authorization.status !== "awaiting_callback") return end(parts, attempt);
  const asking = requestFirst(parts, started, new URLSearchParams(), (request) =>
    requestDeviceTokens({ ...request, deviceCode: grant.deviceCode }),
  );
  const result = await asking.catch(async (error: unknown) => {
    if (isTemporary(error)) throw error;
    await end(parts, attempt, { started, failure: internalError });
    throw error;
  });
  if (result.ok) {
    const { failure } = await storeFirst(parts, started, attempt.user_id, result.granted, () => {});
    return end(parts, attempt, failure && { started, failure });
  }
  const verdict = result.answer === null ? "refused" : verdictOf(result.answer);
  if (verdict === "refused") return end(parts, attempt, { started, failure: shownFailure(result) });
  if (parts.clock.now() >= grant.expiresAt) return end(parts, attempt, { started, failure: codeExpired });
  if (verdict === "slow_down")
    await replaceSecrets(parts, attempt, {
      ...openSecrets(parts, attempt),
      device: { ...grant, intervalSeconds: grant.intervalSeconds + SLOW_DOWN_SECONDS },
    });
  return verdict === "unanswered" ? "unanswered" : "pending";
}

/** Null where the connection is gone or disabled, or its user may no longer connect for its owner. */
const findStarted = (parts: ConnectingParts, attempt: AttemptRow): Promise<StartedConnection | null> =>
  readStarted(parts, attempt).catch(nullIfNone);

function nullIfNone(error: unknown): null {
  if (error instanceof GatewayError && error.code === "FORBIDDEN") return null;
  return nullIfNotFound(error);
}

function nullIfNotFound(error: unknown): null {
  if (error instanceof GatewayError && error.code === "NOT_FOUND") return null;
  throw error;
}

/** Ends the attempt. A failure is stored, so that those who watch the connection learn of it. */
async function end(
  parts: ConnectingParts,
  attempt: AttemptRow,
  failed: { started: StartedConnection; failure: ConnectingFailure } | null = null,
): Promise<"ended"> {
  if (failed) await failStarted(parts, failed.started, failed.failure);
  await parts.attempts.use(attempt).catch(nullIfNotFound);
  return "ended";
}

/** What an answer without tokens means for the code (RFC 8628 section 3.5). */
function verdictOf({ code, kind, isRefusal }: TokenFailure): "pending" | "slow_down" | "unanswered" | "refused" {
  if (code === "authorization_pending") return "pending";
  if (code === "slow_down") return "slow_down";
  return kind === "temporary" && !isRefusal ? "unanswered" : "refused";
}

/** Every code of the provider's that means an unusable device code is one failure to its user. */
const shownFailure = ({ failure, answer }: { failure: ConnectingFailure; answer: TokenFailure | null }): ConnectingFailure =>
  answer?.kind === "revoked" ? { ...failure, code: codeExpired.code } : failure;
