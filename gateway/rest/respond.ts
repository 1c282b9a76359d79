import { randomUUID } from "node:crypto";
import { GatewayError, httpStatusOf } from "../../schema/errors.ts";
import type { Log } from "../runtime/log.ts";
import type { CallerKind } from "./operation.ts";
import { NotConnectedError } from "./read-connection.ts";
import type { WireError } from "./wire.ts";

/** What every answer of the contract carries: tokens are never kept by anybody on the way. */
const common = { "cache-control": "no-store", "x-content-type-options": "nosniff", "referrer-policy": "no-referrer" };

/** An answer with a body, or 204 without one. */
export function succeed(status: number, body: unknown, headers: Headers): Response {
  for (const [name, value] of Object.entries(common)) headers.set(name, value);
  return status === 204 ? new Response(null, { status, headers }) : Response.json(body, { status, headers });
}

/** An error as decision 4 spells it. Whatever nobody foresaw is logged once with an id, and the answer holds the id alone. */
export function fail(error: unknown, caller: CallerKind, log: Log): Response {
  if (error instanceof NotConnectedError) {
    const { message, connector_url } = error.problem;
    return problem(404, { error: message, code: "NOT_CONNECTED", ...(connector_url !== undefined && { connector_url }) }, caller);
  }
  if (error instanceof GatewayError) return problem(httpStatusOf[error.code], bodyOf(error), caller);
  const id = randomUUID();
  log.error({ id, err: error }, "unexpected error");
  const message = `Something went wrong here, not with your request. Tell the operator this id: ${id}`;
  return problem(500, { error: message, code: "INTERNAL", id }, caller);
}

function bodyOf({ code, message, facts }: GatewayError): WireError {
  return {
    error: message,
    code,
    ...(facts.path !== undefined && { path: facts.path }),
    ...(facts.retryAfter !== undefined && { retry_after: Math.ceil(facts.retryAfter) }),
    ...(facts.maximumTtl !== undefined && { maximum_ttl: facts.maximumTtl }),
    ...(facts.connectorUrl !== undefined && { connector_url: facts.connectorUrl }),
    ...(facts.id !== undefined && { id: facts.id }),
  };
}

function problem(status: number, body: WireError, caller: CallerKind): Response {
  return Response.json(body, {
    status,
    headers: {
      ...common,
      ...(body.retry_after !== undefined && { "retry-after": String(body.retry_after) }),
      // RFC 9110 section 11.6.1. A page must never make the browser ask for a password.
      ...(status === 401 && { "www-authenticate": caller === "platform" ? 'Basic realm="xkit"' : "Bearer" }),
    },
  });
}
