import type { z } from "zod";
import type { GatewayError } from "../../../schema/errors.ts";
import { safeParseJson } from "../../runtime/json.ts";
import { type RawAnswer, valuesOf } from "./raw-answer.ts";
import { explainRefusal, retryAfterOf, upstreamUnavailable } from "./refusal.ts";
import type { RestRequest } from "./rest-client.ts";
import { repeatsSecret } from "./scrub.ts";

export interface RestAnswer<Body> {
  body: Body;
  /** `Set-Cookie` headers, as they came. */
  setCookies: string[];
}

/** What an answer has to be: one about something else than was asked for is none. */
export interface Expected<Body> {
  schema: z.ZodType<Body>;
  isAsked: (body: Body) => boolean;
}

/**
 * What an answer says to a request. Throws what its status means, and UPSTREAM_UNAVAILABLE with `retryAfter` for what is no answer to it.
 * `expected` says what was asked for (`asked.ts`).
 */
export function readAnswer<Body>(answer: RawAnswer, request: RestRequest, expected: z.ZodType<Body> | Expected<Body>): RestAnswer<Body> {
  const { status, headers, text } = answer;
  const json = status === 204 ? {} : safeParseJson(text);
  const isSuccess = status >= 200 && status <= 299;
  if (!isSuccess) throw explainRefusal(status, json, retryAfterOf(headers, json), request);
  const refuse = (why: string) => upstreamUnavailable(why, { retryAfter: retryAfterOf(headers, json) });
  if (!mintsUserToken(request) && repeatsSecret(json)) throw refuse("answered with a token in an unexpected place");
  return { body: parse(json, expected, refuse), setCookies: valuesOf(headers, "set-cookie") };
}

/** Whether the `access_token` of the answer is the user's own bearer, and no third party's. */
const mintsUserToken = ({ method, path }: RestRequest): boolean =>
  method === "POST" && ["sessions", "sessions/token", "users"].includes(path.slice(2).join("/"));

/** Contract, "Responses": a success is JSON that is not null and has no `error`; 204 stands for `{}`. */
function parse<Body>(json: unknown, expected: z.ZodType<Body> | Expected<Body>, refuse: (why: string) => GatewayError): Body {
  if (typeof json === "object" && json !== null && "error" in json && json.error != null)
    throw refuse("answered with an error and a success status");
  const { schema, isAsked } = "isAsked" in expected ? expected : { schema: expected, isAsked: () => true };
  const parsed = schema.safeParse(json);
  if (parsed.success && isAsked(parsed.data)) return parsed.data;
  if (parsed.success) throw refuse("answered about another connection than the requested one");
  const where = parsed.error.issues[0]?.path.map(String).join(".") ?? "";
  throw refuse(`gave an unexpected answer${where ? ` (${where})` : ""}`);
}
