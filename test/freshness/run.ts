import { setTimeout as delay } from "node:timers/promises";
import { HEARTBEAT_MS } from "../../gateway/store/listener.ts";
import { LOOK_LASTS_MS } from "../../gateway/store/sqlite.ts";
import type { DatabaseKind } from "../support/databases.ts";
import { createRandom, pick } from "../torture/random.ts";
import { delaysOf, findStale, type Stale } from "./judge.ts";
import { readOnce } from "./readers.ts";
import { begin, changeBehind, writeKeys, writeUser } from "./writers.ts";
import { openWorld, type World } from "./world.ts";

export interface Plan {
  seed: string;
  kind: DatabaseKind;
  processes: number;
  users: number;
  readers: number;
  seconds: number;
}

export interface Report {
  stale: readonly Stale[];
  faults: readonly string[];
  /** How often each kind of subject changed, and was shown. */
  changes: Readonly<Record<string, number>>;
  /** How long an answer took, in milliseconds, the shortest first: it says how busy the machine was. */
  answerTimes: readonly number[];
  /** How long news travelled, in the same way. Null where processes look for themselves. */
  newsTimes: readonly number[] | null;
}

/**
 * Lets gateways change and read at random for so long, and judges every answer. Over Postgres, one of them first hears nothing of what
 * another one changes.
 */
export async function run(plan: Plan): Promise<Report> {
  const world = await openWorld(plan.kind, plan);
  const randomOf = (who: string) => createRandom(`${plan.seed} ${who}`);
  try {
    for (const user of world.users) await begin(world, user, randomOf(`begin ${user.id}`));
    if (plan.kind === "postgres") await changeBehind(world, SILENT_HEARTBEATS * HEARTBEAT_MS);
    await changeAtRandom(world, plan, randomOf);
    return judge(world, plan);
  } finally {
    await world.close();
  }
}

/** For longer than a heartbeat, and less long than the connection that is lost is waited for. */
const SILENT_HEARTBEATS = 1.8;

async function changeAtRandom(world: World, { seconds, readers }: Plan, randomOf: (who: string) => () => number): Promise<void> {
  const endsAt = performance.now() + seconds * 1_000;
  const isOver = () => performance.now() > endsAt;
  const read = async (random: () => number) => {
    while (!isOver()) await readOnce(world, random);
  };
  await Promise.all([
    ...world.users.map((user) => writeUser(world, user, randomOf(user.id), isOver)),
    writeKeys(world, randomOf("keys"), isOver),
    ...Array.from({ length: readers }, (_, reader) => read(randomOf(`reader ${reader}`))),
    silence(world, randomOf("silence"), isOver),
  ]);
}

/** Lets one gateway after the other hear nothing more for a while, without a close. */
async function silence({ gateways }: World, random: () => number, isOver: () => boolean): Promise<void> {
  const lines = gateways.all.flatMap(({ line }) => line ?? []);
  while (!isOver() && lines.length > 0) {
    await delay(HEARTBEAT_MS * (1 + random()));
    const line = pick(lines, random);
    line?.swallow();
    await delay(HEARTBEAT_MS * (1 + random()));
    line?.forward();
  }
}

function judge({ gateways, record }: World, { kind }: Pick<Plan, "kind">): Report {
  const news = kind === "postgres" ? gateways.all.map(({ readNews }) => readNews()) : null;
  const stale = findStale(record, { news, latestMs: news ? HEARTBEAT_MS : LOOK_LASTS_MS });
  const changes: Record<string, number> = {};
  for (const { subject } of record.changes) {
    const [what = ""] = subject.split(" ");
    changes[what] = (changes[what] ?? 0) + 1;
  }
  const answerTimes = record.shown.map(({ sentAt, receivedAt }) => receivedAt - sentAt).toSorted((one, other) => one - other);
  return { stale, faults: record.faults, changes, answerTimes, newsTimes: news && delaysOf(record, news) };
}

/** How long news of a change travel at most to processes that hear of it, beyond what an answer takes at the time, in milliseconds. */
const NEWS_MS = 50;

/** Whether most news came in time. On a machine that is busy everything takes longer, answers and news alike. */
export const areNewsInTime = ({ newsTimes, answerTimes }: Report): boolean =>
  newsTimes === null || medianOf(newsTimes) <= NEWS_MS + medianOf(answerTimes);

const medianOf = (sorted: readonly number[]): number => sorted[Math.floor(sorted.length / 2)] ?? 0;

/** The report in words. */
export function describeReport({ stale, faults, changes, answerTimes, newsTimes }: Report): string {
  const lines = [`${answerTimes.length} shown, changes ${JSON.stringify(changes)}, answers took ${medianOf(answerTimes).toFixed(1)} ms`];
  if (newsTimes) lines.push(`news travelled ${medianOf(newsTimes).toFixed(1)} ms`);
  for (const { shown: answer, change, lateMs } of stale.slice(0, 10))
    lines.push(
      `${answer.subject} ${answer.version} from process ${answer.process}, ${lateMs.toFixed(1)} ms after ${change.version} by ${change.process}`,
    );
  return [...lines, ...faults.slice(0, 10)].join("\n");
}
