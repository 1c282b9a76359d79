import type { DatabaseKind } from "../support/databases.ts";
import { createRandom, pick, shuffle } from "./random.ts";

/** What the provider does to one refresh. */
export const providerFaults = ["slow", "late", "lost", "lost-strict", "error", "retry-after", "false-invalid-grant", "garbage"] as const;
/** What happens once, at an instant of the plan. */
export const eventFaults = ["sigkill", "sigterm", "sigstop", "commit", "revoked"] as const;
export const storeFaults = {
  postgres: ["cut", "delay", "reset", "backends-terminated", "postgres-restart"],
  sqlite: ["lock"],
} as const;
/** Processes whose clocks are wrong from the start. SQLite is one machine, which has one clock. */
export const SKEW = "skew";

export type ProviderFault = (typeof providerFaults)[number];
export type EventFault = (typeof eventFaults)[number] | (typeof storeFaults)[DatabaseKind][number];
export type FaultKind = ProviderFault | EventFault | typeof SKEW;

export const faultKinds = (store: DatabaseKind): readonly FaultKind[] => [
  ...providerFaults,
  ...eventFaults,
  ...storeFaults[store],
  ...(store === "postgres" ? ([SKEW] as const) : []),
];

/** Of the only connector. */
export const SLUG = "test";
/** Longest a provider may take, as the gateways are told, in milliseconds. A lease is 5 s longer. */
export const PROVIDER_TIMEOUT_MS = 2_500;
/** Life of the provider's access tokens. */
export const TOKEN_LIFE_MS = 5_000;
/** Share of the refreshes that go wrong. Two in a row of one connection never do. */
const FAULT_SHARE = 0.4;
/** One event happens in so many seconds, at least. */
const SLOT_SECONDS = 2.5;
/** A pause that outlives a lease. */
const PAUSE_MS = PROVIDER_TIMEOUT_MS + 6_500;
/** How long a store is away, slow or locked: between these, in milliseconds. */
const TROUBLE_MS = [1_000, 6_000] as const;
/** By process: two of them a minute and a half apart. */
const CLOCK_SKEWS_MS = [0, 45_000, -45_000];
/** How long a provider honours a used refresh token, in milliseconds, by connection: not at all, or within a short window. */
const GRACES_MS = [0, 5_000, 10_000];

export interface PlannedEvent {
  /** From the beginning of the faults, in milliseconds. */
  atMs: number;
  kind: EventFault;
  /** Of a process, or of a connection for `revoked`. */
  target: number;
  /** How long it lasts, where it lasts. */
  forMs: number;
}

/** Everything that will go wrong, known before the start: the same seed gives the same plan. */
export interface Plan {
  seed: string;
  store: DatabaseKind;
  kinds: readonly FaultKind[];
  processes: number;
  connections: number;
  seconds: number;
  events: readonly PlannedEvent[];
  /** By process, in milliseconds. */
  clockSkewsMs: readonly number[];
}

export type PlanOptions = Pick<Plan, "seed" | "store" | "kinds" | "processes" | "connections" | "seconds">;

export function createPlan(options: PlanOptions): Plan {
  const { kinds, processes } = options;
  const isSkewed = kinds.includes(SKEW);
  return {
    ...options,
    events: planEvents(options),
    clockSkewsMs: Array.from({ length: processes }, (_, index) => (isSkewed ? (CLOCK_SKEWS_MS[index % CLOCK_SKEWS_MS.length] ?? 0) : 0)),
  };
}

export const graceMsOf = (connection: number): number => GRACES_MS[connection % GRACES_MS.length] ?? 0;

/** The fault of a connection's nth refresh request (from 0), or null. */
export function faultOf({ seed, kinds }: Plan, connection: number, nth: number): ProviderFault | null {
  const isStrict = graceMsOf(connection) === 0;
  // Where a used token is never honoured, a lost answer is a lost grant: that kind is counted apart.
  const possible = providerFaults.filter(
    (fault) => kinds.includes(fault) && (fault === "lost-strict" ? isStrict : !isStrict || !["lost", "late", "garbage"].includes(fault)),
  );
  const isFaulty = (index: number) => createRandom(`${seed}/${connection}/${index}`)() < FAULT_SHARE;
  if (!isFaulty(nth) || (nth > 0 && isFaulty(nth - 1))) return null;
  return pick(possible, createRandom(`${seed}/${connection}/${nth}/kind`)) ?? null;
}

/** One event in each slot of time: all kinds in turn, each round shuffled. */
function planEvents({ seed, store, kinds, processes, connections, seconds }: PlanOptions): PlannedEvent[] {
  const random = createRandom(`${seed}/events`);
  const wanted = [...eventFaults, ...storeFaults[store]].filter((kind) => kinds.includes(kind));
  if (wanted.length === 0) return [];
  const rounds = Math.max(1, Math.round(seconds / (wanted.length * SLOT_SECONDS)));
  const order = Array.from({ length: rounds }, () => shuffle(wanted, random)).flat();
  const slotMs = (seconds * 1000) / order.length;
  return order.map((kind, slot) => ({
    kind,
    atMs: Math.round((slot + random() * 0.8) * slotMs),
    target: Math.floor(random() * (kind === "revoked" ? connections : processes)),
    forMs: kind === "sigstop" ? PAUSE_MS : Math.round(TROUBLE_MS[0] + random() * (TROUBLE_MS[1] - TROUBLE_MS[0])),
  }));
}
