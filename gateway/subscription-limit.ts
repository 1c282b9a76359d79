import { GatewayError } from "../schema/errors.ts";

/** Subscriptions open in one process, over server-sent events and sockets together: each holds memory and reads at every change. */
export const MAXIMUM_SUBSCRIPTIONS = 10_000;
/** When to try again, in seconds. */
const RETRY_SECONDS = 30;

/** Lets a stream be one of those that are open. It counts from its first reading until it ends or its reader stops. */
export type SubscriptionLimit = <Value>(source: AsyncIterable<Value>) => AsyncIterableIterator<Value>;

/** Creates a limit of `maximum` open streams. The first reading of one more throws RATE_LIMITED. */
export function createSubscriptionLimit(maximum: number): SubscriptionLimit {
  let open = 0;

  function enter(): () => void {
    if (open >= maximum)
      throw new GatewayError("RATE_LIMITED", `This gateway follows no more than ${maximum} subscriptions at a time: try again shortly.`, {
        retryAfter: RETRY_SECONDS,
      });
    open += 1;
    let isInside = true;
    return () => {
      if (isInside) open -= 1;
      isInside = false;
    };
  }

  return <Value>(source: AsyncIterable<Value>): AsyncIterableIterator<Value> => {
    const iterator = source[Symbol.asyncIterator]();
    let leave: (() => void) | null = null;
    return {
      [Symbol.asyncIterator]() {
        return this;
      },
      async next() {
        leave ??= enter();
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
        // Who stops before the first reading never starts.
        leave ??= () => {};
        leave();
        await iterator.return?.();
        return { done: true, value: undefined };
      },
    };
  };
}
