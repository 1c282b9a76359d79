import type { AddressInfo, Server } from "node:net";
import { setTimeout as delay, setImmediate as nextTurn } from "node:timers/promises";

/** Turns of the event loop in which nothing arrives, before the listener closes. */
const QUIET_TURNS = 5;
/** How long a stop waits for them, in milliseconds. */
const QUIET_TIMEOUT_MS = 1_000;

/** Starts to listen. Answers the port, which was 0 for any that is free. */
export function listen(server: Server, { port, host }: { port: number; host: string }): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve(portOf(server.address()));
    });
  });
}

const portOf = (address: AddressInfo | string | null): number => (address && typeof address === "object" ? address.port : 0);

/** Resolves after the drain, or at once when `hurry` is aborted. */
export async function drainFor(drainMs: number, hurry?: AbortSignal): Promise<void> {
  if (drainMs > 0) await delay(drainMs, undefined, { ...(hurry && { signal: hurry }) }).catch(() => {});
}

/**
 * Resolves after some turns of the event loop in which nothing arrived: a connection takes one turn to be accepted and another to be read.
 * Closing the listener resets connections that the system has made and that are not accepted yet, and closing idle connections loses
 * requests that are not read yet: at this moment there are none.
 */
export async function untilQuiet(server: Server): Promise<void> {
  const deadline = performance.now() + QUIET_TIMEOUT_MS;
  let quietTurns = 0;
  const onArrival = () => void (quietTurns = 0);
  server.on("connection", onArrival).on("request", onArrival);
  for (; quietTurns < QUIET_TURNS && performance.now() < deadline; quietTurns += 1) await nextTurn();
  server.off("connection", onArrival).off("request", onArrival);
}
