import { GatewayError } from "../../schema/errors.ts";
import { createConcurrencyLimit } from "./concurrency-limit.ts";

/** Subscriptions open in one process, over server-sent events and sockets together: each holds memory and reads at every change. */
export const MAXIMUM_SUBSCRIPTIONS = 10_000;
/** Those of one user, so that one cannot use up the limit of all. */
export const MAXIMUM_SUBSCRIPTIONS_PER_USER = 50;
/** When to try again, in seconds. */
const RETRY_SECONDS = 30;
/** The holder that all of a process count for. */
const WHOLE_PROCESS = "";

/**
 * Lets a user's stream be one of those that are open. It counts from its first reading until it ends or its reader stops.
 * `findUser` says whose it is, at the first reading.
 */
export type SubscriptionLimit = <Value>(source: AsyncIterable<Value>, findUser: () => Promise<string>) => AsyncIterableIterator<Value>;

/** Creates a limit of open streams, in all and for each user. The first reading of one more throws RATE_LIMITED. */
export function createSubscriptionLimit(maximum: number, maximumPerUser: number): SubscriptionLimit {
  const all = createConcurrencyLimit(maximum);
  const own = createConcurrencyLimit(maximumPerUser);

  function acquire(userId: string): () => void {
    const releaseOwn = own.acquire(userId);
    if (!releaseOwn) throw tooMany(`You follow ${maximumPerUser} subscriptions already: end one, or try again shortly.`);
    const releaseAll = all.acquire(WHOLE_PROCESS);
    if (!releaseAll) {
      releaseOwn();
      throw tooMany(`This gateway follows no more than ${maximum} subscriptions at a time: try again shortly.`);
    }
    return () => {
      releaseOwn();
      releaseAll();
    };
  }

  return <Value>(source: AsyncIterable<Value>, findUser: () => Promise<string>): AsyncIterableIterator<Value> => {
    const iterator = source[Symbol.asyncIterator]();
    let acquired: Promise<() => void> | null = null;
    return {
      [Symbol.asyncIterator]() {
        return this;
      },
      async next() {
        acquired ??= findUser().then(acquire);
        const release = await acquired;
        try {
          const result = await iterator.next();
          if (result.done) release();
          return result;
        } catch (error) {
          release();
          throw error;
        }
      },
      async return() {
        // Who stops before the first reading never starts; who was refused has nothing to release.
        acquired ??= Promise.resolve(() => {});
        await acquired.then(
          (release) => release(),
          () => {},
        );
        await iterator.return?.();
        return { done: true, value: undefined };
      },
    };
  };
}

const tooMany = (message: string): GatewayError => new GatewayError("RATE_LIMITED", message, { retryAfter: RETRY_SECONDS });
