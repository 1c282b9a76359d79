import { GatewayError } from "../../schema/errors.ts";
import { createConcurrencyLimit, type CreateConcurrencyLimit } from "./concurrency-limit.ts";
import { createStoppableIterator } from "./stoppable-iterator.ts";

/** Subscriptions open in one process, over server-sent events and sockets together: each holds memory and reads at every change. */
export const MAXIMUM_SUBSCRIPTIONS = 10_000;
/** Those of one user, so that one cannot use up the limit of all. */
export const MAXIMUM_SUBSCRIPTIONS_PER_USER = 50;
/** When to try again, in seconds. */
const RETRY_SECONDS = 30;
/** The holder that all of a process count for. */
const WHOLE_PROCESS = "";

/** Lets a user's stream be one of those that are open: it counts from here until it ends or its reader stops. */
export type SubscriptionLimit = <Value>(userId: string, open: () => Promise<AsyncIterable<Value>>) => Promise<AsyncIterableIterator<Value>>;

/**
 * Creates a limit of open streams, in all and for each user. One more throws RATE_LIMITED.
 * @param createOwnLimit Of users. Default: this process counts alone.
 */
export function createSubscriptionLimit(
  maximum: number,
  maximumPerUser: number,
  createOwnLimit: CreateConcurrencyLimit = createConcurrencyLimit,
): SubscriptionLimit {
  const all = createConcurrencyLimit(maximum);
  const own = createOwnLimit(maximumPerUser);

  async function acquire(userId: string): Promise<() => void> {
    const releaseOwn = await own.acquire(userId);
    if (!releaseOwn) throw tooMany(`You already have ${maximumPerUser} open subscriptions: end one, or try again shortly.`);
    const releaseAll = all.acquire(WHOLE_PROCESS);
    if (!releaseAll) {
      releaseOwn();
      throw tooMany(`This gateway already has ${maximum} open subscriptions: try again shortly.`);
    }
    return () => {
      releaseOwn();
      releaseAll();
    };
  }

  return async <Value>(userId: string, open: () => Promise<AsyncIterable<Value>>): Promise<AsyncIterableIterator<Value>> => {
    const release = await acquire(userId);
    const releaseAfterFailure = (error: unknown): never => {
      release();
      throw error;
    };
    const iterator = (await open().catch(releaseAfterFailure))[Symbol.asyncIterator]();
    const next = async () => {
      const result = await iterator.next().catch(releaseAfterFailure);
      if (result.done) release();
      return result;
    };
    return createStoppableIterator(next, () => {
      release();
      return iterator.return?.();
    });
  };
}

const tooMany = (message: string): GatewayError => new GatewayError("RATE_LIMITED", message, { retryAfter: RETRY_SECONDS });
