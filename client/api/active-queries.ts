import { type Client, type Exchange, makeOperation, type Operation } from "@urql/core";
import { pipe, tap } from "wonka";

/** The queries that are watched, and the means to ask them all again. */
export function createActiveQueries(): { exchange: Exchange; refetch: () => void } {
  const active = new Map<number, Operation>();
  let client: Client | undefined;

  function note(operation: Operation): void {
    if (operation.kind === "query") active.set(operation.key, operation);
    if (operation.kind === "teardown") active.delete(operation.key);
  }

  return {
    exchange(input) {
      ({ client } = input);
      return (operations$) => input.forward(pipe(operations$, tap(note)));
    },
    refetch() {
      for (const operation of active.values())
        client?.reexecuteOperation(makeOperation("query", operation, { ...operation.context, requestPolicy: "network-only" }));
    },
  };
}
