import type { Step } from "./pipeline.ts";
import { refuse } from "./refuse.ts";

/** Methods that no `Request` can have (fetch.spec.whatwg.org, "forbidden method"). */
const FORBIDDEN_METHODS: readonly string[] = ["CONNECT", "TRACE", "TRACK"];
const ALLOWED_METHODS = "GET, HEAD, POST, PUT, DELETE, OPTIONS";

/** Answers 405 to methods that no page and no handler can ask with. */
export const refuseForbiddenMethods: Step = {
  before(exchange) {
    const { method } = exchange.request;
    if (!FORBIDDEN_METHODS.includes(method)) return null;
    const message = `The method ${method} is not supported: use one of ${ALLOWED_METHODS}.`;
    return refuse(exchange, { status: 405, code: "BAD_USER_INPUT", message, facts: {} }, { allow: ALLOWED_METHODS });
  },
};
