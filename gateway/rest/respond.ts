import { badUserInput, GatewayError } from "../../schema/errors.ts";
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
export function notConnected(problem: WireTokenProblem): Answer {
  const link = "connector_url" in problem && problem.connector_url !== undefined ? { connector_url: problem.connector_url } : {};
  const body: WireError = { error: problem.message, code: "NOT_CONNECTED", ...link };
  return answerJson(404, body);
}

/** What the port calls arguments that the contract spells in its own way. */
const spellings: Readonly<Record<string, string>> = { returnTo: "return_to", loginHint: "login_hint", minimumTtl: "minimum_ttl" };

/** A refusal of an argument, under the name that the contract has for it. */
export function spelledAsSent(error: unknown): unknown {
  const path = error instanceof GatewayError ? error.facts.path : undefined;
  const spelling = path === undefined || !Object.hasOwn(spellings, path) ? undefined : spellings[path];
  if (!(error instanceof GatewayError) || spelling === undefined) return error;
  return badUserInput(error.message.replace(`${path}:`, `${spelling}:`), spelling);
}

const answerJson = (status: number, body: unknown, isCompressible = false): Answer =>
  createPlainAnswer(JSON.stringify(body), { "content-type": "application/json" }, { status, isCompressible });
