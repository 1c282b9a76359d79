import { LRUCache } from "lru-cache";
import type { Owner } from "../../../schema/upstream.ts";
import { boundedByCount } from "../../runtime/bounded-by-count.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Changes } from "../../store/changes.ts";
import { topicOf } from "../../vault/connections.ts";
import type { CredentialsReading, NangoConnection } from "./connections.ts";
import type { HeldToken } from "./credentials.ts";
import type { Kept } from "./kept.ts";
import { createRecent, type Recent } from "./recent.ts";

/** After a change that was told, when to read again, in milliseconds: Nango's lists come from a copy that lags behind. */
const LAG_MS = 2_000;
/** Owners of whom something is kept at most. */
const MAXIMUM_OWNERS = 10_000;

/** What is kept of a connection's tokens in this process. */
export interface ConnectionMemory {
  reading: Recent<CredentialsReading>;
  /** The last token that was read: it is given while newer ones cannot be had and it lives. */
  token: HeldToken | null;
  /** What Nango itself keeps of the account, as it was read with the last token. */
  config: Kept;
  /** The last forced refresh: what it gave, and whether that was a new token. */
  forced: { at: number; token: HeldToken; isNew: boolean } | null;
  /** The one that goes on. */
  forcing: Promise<CredentialsReading> | null;
}

/** What is kept of an owner in this process. */
export interface OwnerMemory {
  connections: Recent<readonly NangoConnection[]>;
  of(connection: NangoConnection): ConnectionMemory;
  /** Forgets the tokens of all other connections. */
  retain(connections: readonly NangoConnection[]): void;
  /** Resolves after `pollMs`, or soon after a change: at the same moment for all who wait, so that they share what is read then. */
  poll(): Promise<void>;
}

/** Keeps what was read of each owner, until it changes in any process. `pollMs`: how often an owner who is watched is read. */
export function createMemory(clock: Clock, changes: Pick<Changes, "listen">, pollMs: number): (owner: Owner) => OwnerMemory {
  const owners = new LRUCache<string, OwnerMemory & { outdate(): void }>(boundedByCount(MAXIMUM_OWNERS));
  changes.listen((change) => {
    if (change !== "everything") owners.get(change)?.outdate();
    else for (const memory of owners.values()) memory.outdate();
  });
  return (owner) => {
    const topic = topicOf(owner);
    const memory = owners.get(topic) ?? createOwnerMemory(clock, pollMs);
    owners.set(topic, memory);
    return memory;
  };
}

function createOwnerMemory(clock: Clock, pollMs: number): OwnerMemory & { outdate(): void } {
  const connections = createRecent<readonly NangoConnection[]>(clock);
  const tokens = new Map<string, ConnectionMemory>();
  let polling: Promise<void> | null = null;
  let hasChanged = false;

  function wait(): Promise<void> {
    const waiting = clock.sleep(hasChanged ? LAG_MS : pollMs).finally(() => {
      if (polling === waiting) polling = null;
    });
    hasChanged = false;
    return waiting;
  }

  return {
    connections,
    of(connection) {
      const key = keyOf(connection);
      const memory = tokens.get(key) ?? { reading: createRecent(clock), token: null, config: {}, forced: null, forcing: null };
      tokens.set(key, memory);
      return memory;
    },
    retain(current) {
      const keys = new Set(current.map(keyOf));
      for (const key of tokens.keys()) if (!keys.has(key)) tokens.delete(key);
    },
    poll: () => (polling ??= wait()),
    outdate() {
      polling = null;
      hasChanged = true;
      connections.outdate();
      for (const { reading } of tokens.values()) reading.outdate();
    },
  };
}

/** One grant of one connection: connecting again begins a new one. */
const keyOf = ({ nangoId, integration, authorizationId }: NangoConnection): string =>
  JSON.stringify([integration, nangoId, authorizationId]);
