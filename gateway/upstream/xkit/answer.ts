import type { z } from "zod";
import { safeParseJson } from "../../runtime/json.ts";
import { SOMETHING_ELSE } from "./asked.ts";
import { type RawAnswer, valuesOf } from "./raw-answer.ts";
import { explainRefusal, retryAfterOf, upstreamUnavailable } from "./refusal.ts";
import type { RestRequest } from "./rest-client.ts";
import { repeatsSecret } from "./scrub.ts";

export interface RestAnswer<Body> {
  body: Body;
  /** `Set-Cookie` headers, as they came. */
  setCookies: string[];
}

/**
 * What an answer says to a request. Throws what its status means, and UPSTREAM_UNAVAILABLE with `retryAfter` for what is no answer to it.
 * `schema` says what was asked for (`asked.ts`).
 */
export function readAnswer<Body>(answer: RawAnswer, request: RestRequest, schema: z.ZodType<Body>): RestAnswer<Body> {
  const { status, headers, text } = answer;
  const json = status === 204 ? {} : safeParseJson(text);
  const retryAfter = retryAfterOf(headers, json);
  if (status < 200 || status > 299) throw explainRefusal(status, json, retryAfter, request);
  if (!mintsUserToken(request) && repeatsSecret(json)) throw upstreamUnavailable("answered with a token outside its place", { retryAfter });
  return { body: parse(json, schema, retryAfter), setCookies: valuesOf(headers, "set-cookie") };
}

/** Whether the `access_token` of the answer is the user's own bearer, and no third party's. */
const mintsUserToken = ({ method, path }: RestRequest): boolean =>
  method === "POST" && ["sessions", "sessions/token", "users"].includes(path.slice(2).join("/"));

/** Contract, "Responses": a success is JSON that is not null and has no `error`; 204 stands for `{}`. */
function parse<Body>(json: unknown, schema: z.ZodType<Body>, retryAfter: number): Body {
  if (typeof json === "object" && json !== null && "error" in json && json.error != null)
    throw upstreamUnavailable("answered with an error and a status of success", { retryAfter });
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  if (issue?.message === SOMETHING_ELSE) throw upstreamUnavailable("answered about something else than it was asked for", { retryAfter });
  const where = issue?.path.map(String).join(".") ?? "";
  throw upstreamUnavailable(`answered with something that is not expected${where ? ` (${where})` : ""}`, { retryAfter });
}
