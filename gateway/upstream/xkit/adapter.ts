import type { Clock } from "../../runtime/clock.ts";
import type { Log } from "../../runtime/log.ts";
import type { Telemetry } from "../../runtime/telemetry.ts";
import type { ViewerConnections } from "../../../schema/upstream.ts";
import type { TokenHolder, UserRelay } from "../upstream.ts";
import { createCatalog, getPlatform } from "./catalog.ts";
import { createEntryReader } from "./entries.ts";
import { createOperations } from "./operation.ts";
import { createOwnConnections, type OwnCaller } from "./own-connections.ts";
import { beginWithKeys, createKeyPairState, type KeyPair, probeKeys } from "./key-pair.ts";
import { createPlatform, type PlatformFor } from "./platform.ts";
import { createTokenReader } from "./read-token.ts";
import { createReachability } from "./reachability.ts";
import { DEFAULT_RETRY_SECONDS, upstreamUnavailable } from "./refusal.ts";
import { createRelay, createUserApi } from "./relay.ts";
import { createRestClient } from "./rest-client.ts";
import { createUpstreamTraits } from "./traits.ts";
import { createWatching } from "./watches.ts";

export interface XkitOptions {
  /** Where this gateway reaches the upstream: an origin. */
  url: string;
  /** Where browsers reach it. */
  origin: string;
  /** For what servers ask; null where only users do. */
  keys: KeyPair | null;
  /** Where this gateway is reached: paths to return to are its own, and so are the pages of connectors. */
  publicUrl: string;
  /** Longest that one call of the port may take, in milliseconds. */
  timeoutMs: number;
  clock: Clock;
  log: Log;
  telemetry: Telemetry;
}

export interface XkitAdapter extends TokenHolder {
  relay: UserRelay;
  /** What a user of this gateway's own has, where the upstream need not say who is asking. */
  forOwnUser(this: void, caller: OwnCaller): ViewerConnections;
}

/** Longest that a look at the upstream may take: a balancer waits for it. */
const CHECK_TIMEOUT_MS = 2_000;

/** The adapter for an Xkit over REST: this gateway as another one serves it, or the closed service that it re-creates. */
export function createXkitAdapter(options: XkitOptions): XkitAdapter {
  const { origin, keys, publicUrl, clock, log, timeoutMs } = options;
  const client = createRestClient(options);
  const reachability = createReachability(log);
  const traits = createUpstreamTraits();
  const { tracing } = options.telemetry;
  // A trace is continued by a gateway like this one alone.
  const headers = tracing ? () => (traits.isOfThisProject() ? tracing.headers() : {}) : undefined;
  const begin = createOperations({ client, reachability, timeoutMs, log, headers });
  const readEntries = createEntryReader(log);
  const watching = createWatching(clock);
  const readToken = createTokenReader({ clock, publicUrl });
  const keyPair = createKeyPairState(clock, log);
  const platformFor: PlatformFor = (clientAddress) => {
    const beginFor = () => beginWithKeys(begin({ clientAddress: clientAddress() }), keys, keyPair);
    return { begin: beginFor, publicUrl, clock, readToken, readEntries, traits };
  };
  const toUserApi = createUserApi({ origin, publicUrl, clock, watching, readToken, readEntries, traits });
  return {
    catalog: createCatalog(begin, publicUrl, readEntries),
    relay: createRelay({ begin, toUserApi, origin, clock, log }),
    forOwnUser: createOwnConnections({ platformFor, toUserApi, watching, clock }),
    forPlatform: (clientAddress = () => null) => createPlatform(platformFor(clientAddress)),
    async check() {
      const operation = begin({ deadlineMs: Math.min(CHECK_TIMEOUT_MS, timeoutMs) });
      try {
        await Promise.all([getPlatform(operation.ask), keys && probeKeys(beginWithKeys(operation, keys, keyPair), keyPair)]);
      } catch (error) {
        const fault = reachability.fault();
        throw fault ? upstreamUnavailable(fault.sentence, { retryAfter: DEFAULT_RETRY_SECONDS }) : error;
      }
    },
    degradation: () => keyPair.problem(),
    endSubscriptions: () => watching.end(),
    close: () => client.close(),
  };
}
