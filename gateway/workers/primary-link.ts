import { LRUCache } from "lru-cache";
import { GatewayError } from "../../schema/errors.ts";
import type { MetricsSnapshot } from "../runtime/metrics-snapshot.ts";
import type { LentSharing, Primary } from "../runtime/primary.ts";
import type { RateLimit, RateLimiter } from "../runtime/rate-limiter.ts";
import { acquiredSchema, retryAfterSchema, snapshotsSchema, type ToPrimary, type ToWorker } from "./messages.ts";
import { createQuestions } from "./questions.ts";

/** How long a primary may take to answer, in milliseconds: it waits for its slowest worker where metrics are collected. */
const ANSWER_TIMEOUT_MS = 3_000;
/** Memory for keys without room, in bytes, roughly. */
const MAXIMUM_FULL_BYTES = 4 * 1_024 * 1_024;
const ENTRY_BYTES = 200;
const CHARACTER_BYTES = 2;
const SECOND_MS = 1_000;

/** A worker's end of what goes on between it and its primary. */
export interface PrimaryLink extends Primary {
  /** Takes in an answer, a question, or how many workers there are. */
  receive(message: ToWorker): void;
}

type Send = (message: ToPrimary) => void;

export function createPrimaryLink(send: Send): PrimaryLink {
  const questions = createQuestions(ANSWER_TIMEOUT_MS);
  let share: LentSharing = () => Promise.reject(new TypeError("Nothing is shared."));
  let measure: () => Promise<MetricsSnapshot> = () => Promise.resolve([]);
  let degradation: string | null = null;
  const answer = (question: number, answering: Promise<unknown>) =>
    void answering.catch(() => null).then((value) => send({ type: "answer", question, value }));

  return {
    limiter: createSharedLimiter((key, limit) =>
      questions.ask(retryAfterSchema, (question) => send({ type: "consume", question, key, ...limit })),
    ),
    limitOf: (limit) => (maximum) => ({
      async acquire(holder) {
        let acquired = 0;
        const release = () => send({ type: "release", acquired });
        const asking = questions.ask(acquiredSchema, (question) => {
          acquired = question;
          send({ type: "acquire", question, limit, holder, maximum });
        });
        // What was acquired too late is released.
        const isAcquired = await asking.catch(() => (release(), throwUncounted()));
        return isAcquired ? release : null;
      },
    }),
    lendSharing(lent) {
      share = lent;
      send({ type: "shares" });
    },
    lendMetrics: (read) => void (measure = read),
    collectMetrics: () => questions.ask(snapshotsSchema, (question) => send({ type: "collect", question })),
    degradation: () => degradation,
    receive(message) {
      if (message.type === "answer") questions.settle(message.question, message.value);
      else if (message.type === "measure") answer(message.question, measure());
      else if (message.type === "share") answer(message.question, share(message.counts));
      else if (message.type === "serving") degradation = sentenceOf(message);
    },
  };
}

function throwUncounted(): never {
  throw new GatewayError(
    "TEMPORARILY_UNAVAILABLE",
    "The gateway cannot check this request against its rate limit at the moment: try again shortly.",
  );
}

const sentenceOf = ({ serving, wanted }: { serving: number; wanted: number }): string | null =>
  serving < wanted ? `${serving} of ${wanted} workers are running: the log says how the others ended.` : null;

/**
 * Asks the primary for each one that is counted, so that all workers have one exact count. A key without room is not asked for again before
 * its time: a flood of requests costs no messages. Throws TEMPORARILY_UNAVAILABLE where the primary does not answer.
 */
function createSharedLimiter(ask: (key: string, limit: RateLimit) => Promise<number | null>): RateLimiter {
  const fullUntil = new LRUCache<string, number>({
    maxSize: MAXIMUM_FULL_BYTES,
    sizeCalculation: (_until, key) => ENTRY_BYTES + CHARACTER_BYTES * key.length,
  });
  return {
    async consume(key, { count, seconds }) {
      const now = performance.now();
      const until = fullUntil.get(key) ?? 0;
      if (until > now) return Math.ceil((until - now) / SECOND_MS);
      const retryAfter = await ask(key, { count, seconds }).catch(throwUncounted);
      if (retryAfter === null) fullUntil.delete(key);
      else fullUntil.set(key, now + retryAfter * SECOND_MS);
      return retryAfter;
    },
  };
}
