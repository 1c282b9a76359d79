/** What is compared in one run. */
export type Measure =
  /** How many times as fast: CPU per request of the other by that of the target. */
  | "speed"
  /** CPU per request by that of the other. */
  | "cost"
  /** p99 by p50, by the same of the other. */
  | "tail"
  /** Milliseconds that the target's median, or p99, is above the other's. */
  | "added p50"
  | "added p99";

export interface Goal {
  measure: Measure;
  target: string;
  other: string;
  atLeast?: number;
  atMost?: number;
}

/** The goals of `npm run bench:goals`, by the names of `bench/targets.ts`. */
export const goals: readonly Goal[] = [
  { measure: "speed", target: "ours", other: "raw", atLeast: 0.45 },
  { measure: "speed", target: "ours", other: "mercurius", atLeast: 0.6 },
  { measure: "speed", target: "ours", other: "apollo", atLeast: 2 },
  { measure: "speed", target: "ours", other: "better-auth", atLeast: 20 },
  { measure: "speed", target: "ours-postgres", other: "ours", atLeast: 0.95 },
  { measure: "speed", target: "ours", other: "ours-silent", atLeast: 0.97 },
  { measure: "speed", target: "ours-proxied", other: "proxy", atLeast: 0.6 },
  { measure: "tail", target: "ours", other: "mercurius", atMost: 1 },
  { measure: "cost", target: "ours-workers", other: "ours", atMost: 1.1 },
  { measure: "added p50", target: "ours-cold", other: "provider", atMost: 5 },
  { measure: "added p99", target: "ours-cold", other: "provider", atMost: 10 },
];
