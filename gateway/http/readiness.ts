import { GatewayError } from "../../schema/errors.ts";

/** Whether the gateway can do its work. */
export interface Readiness {
  /** Resolves when it can, with what is degraded all the same, or null. Throws what keeps it from its work. */
  check(this: void): Promise<string | null>;
  /** From now on it is not ready. */
  drain(this: void): void;
}

/** Says what is degraded, by the part that it is of: a sentence, or null. */
export type Degradations = Readonly<Record<string, () => string | null>>;

/** @param checks All that must resolve. @param degradations What is degraded when they have. */
export function createReadiness(checks: readonly (() => Promise<unknown>)[], degradations: Degradations): Readiness {
  let isDraining = false;
  return {
    async check() {
      if (isDraining) throw new GatewayError("TEMPORARILY_UNAVAILABLE", "This gateway is stopping.");
      await Promise.all(checks.map((check) => check()));
      const degraded = Object.values(degradations)
        .map((find) => find())
        .filter((sentence) => sentence !== null);
      return degraded.length > 0 ? degraded.join(" ") : null;
    },
    drain: () => void (isDraining = true),
  };
}
