import { randomUUID } from "node:crypto";
import type { Step } from "./pipeline.ts";

const HEADER = "x-request-id";
/** What a client or a proxy may call a request: nothing that could be taken for another part of a log line. */
const requestId = /^[\w.:+/=@-]{1,128}$/;

/** The id of a request: what its `X-Request-Id` says, else a new one. A header that is longer, or of other characters, is not believed. */
export function requestIdOf(headers: Pick<Headers, "get">): string {
  const given = headers.get(HEADER);
  return given !== null && requestId.test(given) ? given : randomUUID();
}

/** Says the id of its request in every answer. It is in the log's line of the request, and in the audit. */
export const nameRequests: Step = {
  after(exchange, { headers }) {
    headers.set(HEADER, exchange.requestId);
  },
};
