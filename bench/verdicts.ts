import { type Goal, goals, type Measure } from "./goals.ts";
import type { Measured, Results, Round } from "./results.ts";
import { median, spread } from "./statistics.ts";

/** A goal beside what was measured. */
export interface Verdict {
  goal: Goal;
  /** The median of the rounds; null where the target or the other was not measured. */
  value: number | null;
  /** How far the middle half of the rounds reaches. */
  spread: number;
  /** Whether the goal is missed by more than the spread. */
  isMissed: boolean;
}

/** Each round is compared with the same round of the other: both were measured one after the other. */
const compare: Readonly<Record<Measure, (target: Round, other: Round) => number>> = {
  speed: (target, other) => other.cpuMicroseconds / target.cpuMicroseconds,
  cost: (target, other) => target.cpuMicroseconds / other.cpuMicroseconds,
  tail: (target, other) => target.p99Ms / target.p50Ms / (other.p99Ms / other.p50Ms),
  "added p50": (target, other) => target.p50Ms - other.p50Ms,
  "added p99": (target, other) => target.p99Ms - other.p99Ms,
};

/** Every goal, in order. */
export const judge = ({ targets }: Results): Verdict[] => goals.map((goal) => judgeOne(goal, targets));

/** Of each round, in order; empty where one of both was not measured. */
export function ratiosOf(measure: Measure, target: Measured | undefined, other: Measured | undefined): number[] {
  return (target?.rounds ?? []).flatMap((round, index) => {
    const beside = other?.rounds[index];
    return beside ? [compare[measure](round, beside)] : [];
  });
}

function judgeOne(goal: Goal, targets: readonly Measured[]): Verdict {
  const find = (name: string) => targets.find((target) => target.name === name);
  const values = ratiosOf(goal.measure, find(goal.target), find(goal.other));
  if (values.length === 0) return { goal, value: null, spread: 0, isMissed: false };
  const [value, reach] = [median(values), spread(values)];
  const isBelow = goal.atLeast !== undefined && value + reach < goal.atLeast;
  const isAbove = goal.atMost !== undefined && value - reach > goal.atMost;
  return { goal, value, spread: reach, isMissed: isBelow || isAbove };
}
