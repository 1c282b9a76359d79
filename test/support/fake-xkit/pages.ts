import { randomUUID } from "node:crypto";
import { cookieOf } from "./credentials.ts";
import { type Answer, type Call, notFound, ok, Refusal, type Routes } from "./exchange.ts";
import { bindingName, bindingOf, redirectUriOf, type Service, stepOf } from "./service.ts";
import type { Authorization } from "./state.ts";

/** Where browsers go: back from the provider, and on from a link (contract, "Links for another browser"). Pages have no text here. */
export function createPages(service: Service): Routes {
  const { state, dialect, credentials, grants, url } = service;

  function attemptOf({ params, query }: Call): Authorization {
    const attempt = state.findAttempt(query.get("state") ?? "");
    if (!attempt || attempt.connection.connector.slug !== params["slug"]) throw notFound("authorization to finish");
    return attempt;
  }

  async function finish(call: Call): Promise<Answer> {
    const attempt = attemptOf(call);
    if (dialect.bindsBrowsers && cookieOf(call, bindingName(attempt.number)) !== attempt.browser)
      throw new Refusal(403, "FORBIDDEN", "This was started in another browser.");
    attempt.isUsed = true;
    const code = call.query.get("code");
    if (code === null) state.fail(attempt, call.query.get("error") ?? "missing_code", call.query.get("error_description"));
    else await exchange(attempt, code);
    return ok(null);
  }

  async function exchange(attempt: Authorization, code: string): Promise<void> {
    attempt.status = "retrieving_tokens";
    const answer = await grants.exchange(code, redirectUriOf(service, attempt));
    if ("tokens" in answer) state.succeed(attempt, answer.tokens, await grants.findLabel(answer.tokens.accessToken));
    else state.fail(attempt, answer.code, answer.said);
  }

  function takeOver(call: Call): Answer {
    if (call.headers.origin !== url) throw new Refusal(403, "FORBIDDEN", "This form was sent from another site.");
    const user = credentials.redeemOneTimeToken(call.query.get("token") ?? "");
    if (!user) throw new Refusal(401, "UNAUTHENTICATED", "This link has expired or was opened before.");
    const attempt = attemptOf(call);
    if (attempt.startedBy.id !== user.id) throw new Refusal(403, "FORBIDDEN", "This was started by another user.");
    attempt.browser = randomUUID();
    const location = stepOf(service, attempt).authorize_url ?? "";
    return ok(null, { status: 303, headers: { location, ...bindingOf(service, attempt) } });
  }

  const links: Routes = {
    "GET /authorizations/:slug/continue": (call) => {
      attemptOf(call);
      return ok(null);
    },
    "POST /authorizations/:slug/continue": takeOver,
  };
  return { "GET /callback/:slug": finish, ...(dialect.bindsBrowsers && links) };
}
