import type { Log } from "../../runtime/log.ts";
import type { Fault } from "./fault.ts";

/** Whether the upstream answers at all. The operator is told of each change once. */
export interface Reachability {
  failed(fault: Fault): void;
  answered(): void;
  /** Why it does not answer, for the operator; null while it does. */
  fault(): Fault | null;
}

export function createReachability(log: Pick<Log, "info" | "warn">): Reachability {
  let current: Fault | null = null;
  return {
    failed(fault) {
      const isNews = current?.kind !== fault.kind;
      current = fault;
      if (isNews) log.warn({ fault: fault.kind, code: fault.code }, `the upstream is unavailable: it ${fault.sentence}`);
    },
    answered() {
      if (current) log.info({}, "the upstream is available again");
      current = null;
    },
    fault: () => current,
  };
}
