import { GatewayError } from "../../schema/errors.ts";
import { createPlaces } from "./concurrency-limit.ts";

/** Subscriptions open in one process, over server-sent events and sockets together: each holds memory and reads at every change. */
export const MAXIMUM_SUBSCRIPTIONS = 10_000;
/** Those of one user, so that nobody takes the places of everybody. */
export const MAXIMUM_SUBSCRIPTIONS_PER_USER = 50;
/** When to try again, in seconds. */
const RETRY_SECONDS = 30;
/** Holds the places of the whole process. */
const EVERYBODY = "";

/**
 * Lets a user's stream be one of those that are open. It counts from its first reading until it ends or its reader stops.
 * `findUser` says whose it is, at the first reading.
 */
export type SubscriptionLimit = <Value>(source: AsyncIterable<Value>, findUser: () => Promise<string>) => AsyncIterableIterator<Value>;

/** Creates a limit of open streams, in all and for each user. The first reading of one more throws RATE_LIMITED. */
export function createSubscriptionLimit(maximum: number, maximumPerUser: number): SubscriptionLimit {
  const all = createPlaces(maximum);
  const own = createPlaces(maximumPerUser);

  function enter(userId: string): () => void {
    const leaveOwn = own.take(userId);
    if (!leaveOwn) throw tooMany(`You follow ${maximumPerUser} subscriptions already: end one, or try again shortly.`);
    const leaveAll = all.take(EVERYBODY);
    if (!leaveAll) {
      leaveOwn();
      throw tooMany(`This gateway follows no more than ${maximum} subscriptions at a time: try again shortly.`);
    }
    return () => {
      leaveOwn();
      leaveAll();
    };
  }

  return <Value>(source: AsyncIterable<Value>, findUser: () => Promise<string>): AsyncIterableIterator<Value> => {
    const iterator = source[Symbol.asyncIterator]();
    let entered: Promise<() => void> | null = null;
    return {
      [Symbol.asyncIterator]() {
        return this;
      },
      async next() {
        entered ??= findUser().then(enter);
        const leave = await entered;
        try {
          const result = await iterator.next();
          if (result.done) leave();
          return result;
        } catch (error) {
          leave();
          throw error;
        }
      },
      async return() {
        // Who stops before the first reading never starts; who was refused has nothing to leave.
        entered ??= Promise.resolve(() => {});
        await entered.then(
          (leave) => leave(),
          () => {},
        );
        await iterator.return?.();
        return { done: true, value: undefined };
      },
    };
  };
}

const tooMany = (message: string): GatewayError => new GatewayError("RATE_LIMITED", message, { retryAfter: RETRY_SECONDS });
