/** A value, or a promise of it. What is in memory is answered as a value: promises are most of what a fresh token costs. */
export type PromiseOrValue<Value> = Value | Promise<Value>;

/** Goes on with a value: at once, or when its promise is fulfilled. */
export const andThen = <Value, Next>(
  value: PromiseOrValue<Value>,
  proceed: (value: Value) => PromiseOrValue<Next>,
): PromiseOrValue<Next> => (value instanceof Promise ? value.then(proceed) : proceed(value));
