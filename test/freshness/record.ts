import type { Topic } from "../../gateway/store/changes.ts";

/**
 * What an answer shows, and a change changes: whether a credential is good, which group a user is in, which token a connection has, which
 * keys sign. Each has versions that only grow.
 */
export type Subject = `credential ${string}` | `user ${string}` | `token ${string}` | "keys";

/** From `doneAt` on a subject has at least this version: then the change was answered, so that it was committed before. */
export interface Change {
  subject: Subject;
  version: number;
  topic: Topic;
  /** The process that was asked to make it; null for one that answers no reader. */
  process: number | null;
  startedAt: number;
  doneAt: number;
}

/** A version that an answer showed. Instants are of the machine's monotonic clock, in milliseconds. */
export interface Shown {
  subject: Subject;
  version: number;
  process: number;
  /** Before the request was sent, so that it was received later. */
  sentAt: number;
  receivedAt: number;
}

export const now = (): number => Number(process.hrtime.bigint()) / 1e6;

/** All that was changed and shown. */
export interface Record {
  changes: Change[];
  shown: Shown[];
  /** What no gateway may answer at any time. */
  faults: string[];
}

export const createRecord = (): Record => ({ changes: [], shown: [], faults: [] });

/** Runs a change, and notes it. `toVersion` makes the version of its answer; null where it changed nothing. */
export async function noteChange<Result>(
  { changes }: Record,
  facts: Pick<Change, "subject" | "topic" | "process">,
  make: () => Promise<Result>,
  toVersion: (result: Result) => number | null,
): Promise<Result> {
  const startedAt = now();
  const result = await make();
  const doneAt = now();
  const version = toVersion(result);
  if (version !== null) changes.push({ ...facts, version, startedAt, doneAt });
  return result;
}
