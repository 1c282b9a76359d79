import type { Log } from "../runtime/log.ts";
import { toFailure } from "./failure.ts";
import type { Answer, Exchange } from "./pipeline.ts";
import { refuse } from "./refuse.ts";

/** The status of a request whose client is gone: for the log alone. */
const HUNG_UP_STATUS = 499;

/** Answers every error that comes out of the steps and the handler. */
export const maskErrors =
  (log: Pick<Log, "debug" | "error">) =>
  async (exchange: Exchange, error: unknown): Promise<Answer> => {
    if (!isHangUp(error, exchange.request)) return refuse(exchange, toFailure(error, log));
    log.debug({ err: error }, "the client closed the connection");
    return new Response(null, { status: HUNG_UP_STATUS });
  };

/** Whether the client is gone, and with it the rest of the body. */
const isHangUp = (error: unknown, { signal }: Request): boolean =>
  signal.aborted && (error === signal.reason || (error instanceof Error && "code" in error && error.code === "ECONNRESET"));
