import { type ErrorCode, forbidden, GatewayError } from "../../../schema/errors.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Log } from "../../runtime/log.ts";
import type { Ask, UpstreamOperation } from "./operation.ts";
import { answers } from "./response-schemas.ts";

/** The key pair of a server. */
export interface KeyPair {
  publishable: string;
  secret: string;
}

/** How long what a request has shown of the key pair is taken to hold, in milliseconds. */
const PROBE_EVERY_MS = 30_000;
/** A user whom no platform has: the answer to a question about them tells of the key pair alone. */
const PROBED = ["users", "xkit-gateway-probe", "connections", "none"];

const REFUSED: readonly ErrorCode[] = ["UNAUTHENTICATED", "FORBIDDEN"];
/** No answer of the upstream's own, or perhaps nothing was sent: it says nothing of the key pair. */
const SILENT: readonly ErrorCode[] = ["UPSTREAM_UNAVAILABLE", "TEMPORARILY_UNAVAILABLE", "BAD_USER_INPUT"];

/** Whether the upstream takes the gateway's key pair. The operator is told of each change once. */
export interface KeyPairState {
  accepted(): void;
  refused(): void;
  /** What the operator has to do; null while the key pair is taken. */
  problem(): string | null;
  /** Whether nothing has been seen of it lately. Counts as a look. */
  takeProbe(): boolean;
}

export function createKeyPairState(clock: Pick<Clock, "now">, log: Pick<Log, "info" | "warn">): KeyPairState {
  let isRefused = false;
  let seenAt = Number.NEGATIVE_INFINITY;
  const see = (nowRefused: boolean) => {
    seenAt = clock.now();
    if (nowRefused === isRefused) return;
    isRefused = nowRefused;
    if (isRefused) log.warn({}, KEYS_REFUSED);
    else log.info({}, "the upstream accepts this gateway's API key again");
  };
  return {
    accepted: () => see(false),
    refused: () => see(true),
    problem: () => (isRefused ? KEYS_REFUSED : null),
    takeProbe() {
      const isDue = clock.now() - seenAt >= PROBE_EVERY_MS;
      if (isDue) seenAt = clock.now();
      return isDue;
    },
  };
}

/** An operation, and how it asks below `/api/platform`. */
export interface PlatformOperation {
  ask: Ask;
  operation: UpstreamOperation;
}

/** Asks the Platform API with the key pair. That the upstream refuses it is this gateway's mistake, not its caller's. */
export function beginWithKeys(operation: UpstreamOperation, keys: KeyPair | null, state: KeyPairState): PlatformOperation {
  const ask: Ask = async (request, schema) => {
    if (!keys) throw forbidden(NO_KEYS);
    const authorization = `Basic ${Buffer.from(`${keys.publishable}:${keys.secret}`).toString("base64")}`;
    try {
      const answer = await operation.ask({ ...request, path: ["api", "platform", ...request.path], credential: { authorization } }, schema);
      state.accepted();
      return answer;
    } catch (error) {
      if (!(error instanceof GatewayError) || SILENT.includes(error.code)) throw error;
      if (!REFUSED.includes(error.code)) {
        state.accepted();
        throw error;
      }
      state.refused();
      throw new GatewayError("UPSTREAM_UNAVAILABLE", KEYS_REFUSED);
    }
  };
  return { ask, operation };
}

/** Asks whether the key pair is taken, where no request has shown it in the last 30 s. Never fails: what is found is in `state`. */
export async function probeKeys({ ask }: PlatformOperation, state: KeyPairState): Promise<void> {
  if (!state.takeProbe()) return;
  try {
    await ask({ method: "GET", path: PROBED, credential: null }, answers.anything);
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
  }
}

const NO_KEYS =
  "This gateway has no API key of its upstream: the operator has to set XKIT_UPSTREAM_PUBLISHABLE_KEY and XKIT_UPSTREAM_SECRET_KEY.";
const KEYS_REFUSED =
  "The upstream refuses this gateway's API key: the operator has to correct XKIT_UPSTREAM_PUBLISHABLE_KEY and XKIT_UPSTREAM_SECRET_KEY.";
