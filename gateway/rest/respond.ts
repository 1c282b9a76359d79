import type { Answer } from "../http/pipeline.ts";
import { createPlainAnswer } from "../http/plain-answer.ts";
import type { Operation } from "./operation.ts";
import type { WireError, WireTokenProblem } from "./wire.ts";

/** An answer with a body, or 204 without one. */
export function succeed(
  { status, holdsNoSecret }: Pick<Operation, "status" | "holdsNoSecret">,
  body: unknown,
  cookies: readonly string[],
): Answer {
  if (status !== 204 && cookies.length === 0) return answerJson(status, body, holdsNoSecret);
  const headers = new Headers(cookies.map((cookie) => ["set-cookie", cookie]));
  return status === 204 ? new Response(null, { status, headers }) : Response.json(body, { status, headers });
}

/** Where the contract says 404 because there is no connection, with the page where the user can connect. */
export function notConnected({ message, connector_url }: WireTokenProblem): Answer {
  const body: WireError = { error: message, code: "NOT_CONNECTED", ...(connector_url !== undefined && { connector_url }) };
  return answerJson(404, body);
}

const answerJson = (status: number, body: unknown, isCompressible = false): Answer =>
  createPlainAnswer(JSON.stringify(body), { "content-type": "application/json" }, { status, isCompressible });
