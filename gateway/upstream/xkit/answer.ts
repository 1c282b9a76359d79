import type { z } from "zod";
import { safeParseJson } from "../../runtime/json.ts";
import { type RawAnswer, valuesOf } from "./raw-answer.ts";
import { explainRefusal, retryAfterOf, upstreamUnavailable } from "./refusal.ts";
import type { RestRequest } from "./rest-client.ts";

export interface RestAnswer<Body> {
  body: Body;
  /** `Set-Cookie` headers, as they came. */
  setCookies: string[];
}

/** What an answer says to a request. Throws what its status means, and UPSTREAM_UNAVAILABLE for what is no answer to it. */
export function readAnswer<Body>(answer: RawAnswer, request: RestRequest, schema: z.ZodType<Body>): RestAnswer<Body> {
  if (answer.status < 200 || answer.status > 299) throw explainRefusal(answer, request);
  return { body: parse(answer, schema), setCookies: valuesOf(answer.headers, "set-cookie") };
}

/** Contract, "Responses": a success is JSON that is not null and has no `error`; 204 stands for `{}`. */
function parse<Body>(answer: RawAnswer, schema: z.ZodType<Body>): Body {
  const retryAfter = retryAfterOf(answer);
  const json = answer.status === 204 ? {} : safeParseJson(answer.text);
  if (typeof json === "object" && json !== null && "error" in json && json.error != null)
    throw upstreamUnavailable("answered with an error and a status of success", { retryAfter });
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues[0]?.path.map(String).join(".") ?? "";
  throw upstreamUnavailable(`answered with something that is not expected${where ? ` (${where})` : ""}`, { retryAfter });
}
