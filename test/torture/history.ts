/** A stretch of time, in milliseconds since the epoch. */
export interface Stretch {
  process: number | "all";
  kind: "killed" | "paused" | "stopped" | "store in trouble";
  fromMs: number;
  /** Infinity while it lasts. */
  untilMs: number;
}

/** What was done to processes and store, and when: for telling what could not be helped from what could. */
export interface History {
  stretches: readonly Stretch[];
  /** Notes the beginning. Call the result at the end. */
  begin(kind: Stretch["kind"], process: Stretch["process"]): () => void;
  duringTrouble<Result>(process: Stretch["process"], action: () => Promise<Result>): Promise<Result>;
  /** What met a process between two instants. */
  find(process: number, kinds: readonly Stretch["kind"][], fromMs: number, untilMs: number): Stretch[];
}

export function createHistory(): History {
  const stretches: Stretch[] = [];
  const begin: History["begin"] = (kind, process) => {
    const stretch = { kind, process, fromMs: Date.now(), untilMs: Number.POSITIVE_INFINITY };
    stretches.push(stretch);
    return () => void (stretch.untilMs = Date.now());
  };
  return {
    stretches,
    begin,
    async duringTrouble(process, action) {
      const end = begin("store in trouble", process);
      try {
        return await action();
      } finally {
        end();
      }
    },
    find: (process, kinds, fromMs, untilMs) =>
      stretches.filter(
        (stretch) =>
          (stretch.process === process || stretch.process === "all") &&
          kinds.includes(stretch.kind) &&
          stretch.fromMs <= untilMs &&
          stretch.untilMs >= fromMs,
      ),
  };
}
