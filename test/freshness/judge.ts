import type { Change, Record, Shown } from "./record.ts";

/** When a process took in news of which topic. */
export interface News {
  topic: string;
  at: number;
}

export interface Rules {
  /** By process. Null: each looks for itself at each request, as on SQLite. */
  news: readonly (readonly News[])[] | null;
  /** How late a change may be known where no news came of it, in milliseconds: the heartbeat, and on SQLite how long a look counts. */
  latestMs: number;
}

export interface Stale {
  shown: Shown;
  change: Change;
  /** By how much, in milliseconds. */
  lateMs: number;
}

/**
 * The answers that were stale when they were sent. A request counts from when it was sent, so that it was received later still: nothing
 * that a process knew by then may be missing in its answer.
 *
 * - A change that the process made itself it knows from the change's own answer on: 0 ms.
 * - One that another process made it knows from when the news of it arrived, which each process notes itself, and at the latest a
 *   heartbeat after the change was answered. How long news travel is the machine's doing, and judged apart (`delaysOf`). So neither a slow
 *   machine nor a slow judge makes an answer look stale that was not, or hides one that was.
 */
export function findStale({ changes, shown }: Record, rules: Rules): Stale[] {
  const arrivals = (rules.news ?? []).map((news) => matchNews(changes, news));
  const knownAt = (change: Change, process: number): number => {
    if (change.process === process) return change.doneAt;
    return Math.min(change.doneAt + rules.latestMs, arrivals[process]?.get(change) ?? Infinity);
  };
  const bySubject = new Map<string, Change[]>();
  for (const change of changes) bySubject.set(change.subject, [...(bySubject.get(change.subject) ?? []), change]);
  return shown.flatMap((answer) =>
    (bySubject.get(answer.subject) ?? []).flatMap((change) => {
      const lateMs = answer.sentAt - knownAt(change, answer.process);
      return change.version > answer.version && lateMs > 0 ? [{ shown: answer, change, lateMs }] : [];
    }),
  );
}

/** How long the news of each change travelled to each other process that heard of it, in milliseconds, the shortest first. */
export const delaysOf = ({ changes }: Pick<Record, "changes">, news: readonly (readonly News[])[]): number[] =>
  news
    .flatMap((heard, process) =>
      [...matchNews(changes, heard)].flatMap(([change, at]) =>
        change.process === process || isOfSeveral(change) ? [] : [at - change.doneAt],
      ),
    )
    .map((delayMs) => Math.max(0, delayMs))
    .toSorted((one, other) => one - other);

/** Connecting and refreshing write several times. */
const isOfSeveral = ({ topic }: Change): boolean => topic.startsWith("connections:");

/**
 * When the news of each change arrived. Of a topic, changes follow each other, and so do their news: each takes the first that no earlier
 * change has taken. Where a change may have had several, that is the first after its answer, by which all of them are sent.
 */
function matchNews(changes: readonly Change[], news: readonly News[]): Map<Change, number> {
  const found = new Map<Change, number>();
  const taken = new Map<string, { startedAt: number; at: number }>();
  for (const change of changes.toSorted((one, other) => one.startedAt - other.startedAt)) {
    const last = taken.get(change.topic);
    // One commit may change several subjects.
    const isSame = last?.startedAt === change.startedAt;
    const since = isOfSeveral(change) ? change.doneAt : Math.max(change.startedAt, last?.at ?? 0);
    const at = isSame ? last.at : news.find((each) => each.topic === change.topic && each.at > since)?.at;
    if (at === undefined) continue;
    found.set(change, at);
    taken.set(change.topic, { startedAt: change.startedAt, at });
  }
  return found;
}
