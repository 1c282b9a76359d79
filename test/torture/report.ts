import type { HostileProvider } from "./provider.ts";
import type { Counts, Ledger } from "./ledger.ts";
import { faultKinds, type Plan } from "./plan.ts";

/** What must be true after any torture: at most so many. */
const aims: Record<keyof Counts, { title: string; most: number }> = {
  lost: { title: "connections lost that the provider had not revoked for a reason", most: 0 },
  deadOrTooShort: { title: "tokens given that were dead or shorter than asked", most: 0 },
  ofAnotherOwner: { title: "tokens given of another owner", most: 0 },
  usesOfOneRefreshToken: { title: "refreshes per expiry: answered uses of one refresh token", most: 1 },
  inFlightOfOneConnection: { title: "refreshes per expiry: in flight at once of one connection", most: 1 },
  neither: { title: "answers that were neither a token nor a typed outcome", most: 0 },
  lastResorts: { title: "errors that reached the last resort of a process", most: 0 },
  unhandledExits: { title: "processes that ended unasked, or not well", most: 0 },
};

export interface Report {
  plan: Plan;
  counts: Counts;
  /** The aims that were missed. */
  missed: (keyof Counts)[];
  /** A table, what went wrong, and how to repeat it. */
  text: string;
}

export function createReport(plan: Plan, ledger: Ledger, { truth, faultCounts }: HostileProvider): Report {
  const counts = ledger.counts();
  const keys = namesOf(counts);
  const missed = keys.filter((key) => counts[key] > aims[key].most);
  const rows = keys.map((key) => `| ${aims[key].title} | ${aims[key].most} | ${counts[key]}${missed.includes(key) ? " **missed**" : ""} |`);
  const taken = [...truth.grants.values()].filter(({ revoked }) => revoked?.why === "its user took it back").length;
  const requests = [...ledger.answers.values()].reduce((sum, count) => sum + count, 0);
  const lines = [
    `### ${plan.store}: seed ${plan.seed}, ${plan.processes} processes, ${plan.connections} connections, ${plan.seconds} s`,
    "",
    "| count | aim | seen |",
    "| ----- | --- | ---- |",
    ...rows,
    "",
    `Not counted as lost: ${ledger.unavoidablyLost()} whose new token was lost with its only holder or on the way without a grace window, ${taken} taken back by their users.`,
    `${requests} answers: ${listCounts(ledger.answers)}.`,
    `Faults of the provider: ${listCounts(faultCounts)}. Events: ${listEvents(plan)}. Processes started: ${ledger.starts()}.`,
    ...missed.flatMap((key) => ["", `Missed, ${aims[key].title}:`, ...(ledger.evidence.get(key) ?? []).map((line) => `  ${line}`)]),
    "",
    `Repeat: ${commandOf(plan)}`,
  ];
  return { plan, counts, missed, text: lines.join("\n") };
}

export function commandOf({ seed, store, kinds, processes, connections, seconds }: Plan): string {
  const all = faultKinds(store);
  const some = kinds.length === all.length ? "" : ` --kinds ${kinds.join(",")}`;
  return `npm run torture -- --store ${store} --seed ${seed} --seconds ${seconds} --processes ${processes} --connections ${connections}${some}`;
}

const namesOf = (counts: Counts): (keyof Counts)[] => {
  const isName = (name: string): name is keyof Counts => name in aims;
  return Object.keys(counts).filter(isName);
};

const listCounts = (counts: ReadonlyMap<string, number>): string =>
  [...counts]
    .toSorted(([, one], [, other]) => other - one)
    .map(([name, count]) => `${count} ${name}`)
    .join(", ") || "none";

function listEvents({ events }: Plan): string {
  const counts = new Map<string, number>();
  for (const { kind } of events) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return listCounts(counts);
}
