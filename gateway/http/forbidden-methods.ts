import type { Step } from "./pipeline.ts";
import { refuseMethod } from "./refuse.ts";

/** Methods that no `Request` can have (fetch.spec.whatwg.org, "forbidden method"). */
const FORBIDDEN_METHODS: readonly string[] = ["CONNECT", "TRACE", "TRACK"];
const ALLOWED_METHODS: readonly string[] = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"];

/** Answers 405 to methods that no page and no handler can ask with. */
export const refuseForbiddenMethods: Step = {
  before(exchange) {
    const { method } = exchange.request;
    if (!FORBIDDEN_METHODS.includes(method)) return null;
    return refuseMethod(exchange, ALLOWED_METHODS);
  },
};
