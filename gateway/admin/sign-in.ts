import { html } from "hono/html";
import { z } from "zod";
import { GatewayError } from "../../schema/errors.ts";
import { parseInput } from "../../schema/input.ts";
import { ADMIN_PATH } from "../auth/cookies.ts";
import type { TypedCredential } from "../auth/operators.ts";
import { redirectTo } from "../connect/page.ts";
import { failureHeaders, failureOf } from "../http/failure.ts";
import type { Exchange } from "../http/pipeline.ts";
import { countRefusal } from "../http/rate-limits.ts";
import { renderAdmin } from "./page.ts";
import { renderCallout } from "./parts.ts";
import { type AdminDependencies, assertOwnForm, createVisit, platformOf, type Visit } from "./visit.ts";

const SESSION_PATH = `${ADMIN_PATH}/session`;

/** What was typed, and why it was refused. */
interface Refused {
  publishableKey: string;
  error: GatewayError;
}

/** Asks for an API key, or a token, and then leads to `wanted`, a path with its query. */
export function showSignIn(dependencies: AdminDependencies, exchange: Exchange, wanted: string, refused: Refused | null) {
  const { config } = dependencies;
  const takesTokens = config.tokenIssuers.some(({ operator }) => operator !== null);
  const failure = refused && failureOf(refused.error);
  // A Strict cookie does not come with a link from another site, and does with one from here.
  const isFromElsewhere = exchange.request.headers.get("sec-fetch-site") === "cross-site";
  return renderAdmin(
    { platform: platformOf(dependencies), operator: null, pathname: exchange.pathname },
    {
      title: "Operator’s page",
      status: failure?.status ?? 401,
      headers: failure ? failureHeaders(failure, null) : {},
      body: html`
        ${failure ? renderCallout(failure.message, "bad", "alert") : ""}
        <form class="card" method="post" action="${SESSION_PATH}">
          <input type="hidden" name="wanted" value="${wanted}" />
          <div class="field">
            <label for="publishable">Publishable key${takesTokens ? " (none for a token)" : ""}</label>
            <input
              id="publishable"
              name="publishable"
              value="${refused?.publishableKey ?? ""}"
              placeholder="pk_…"
              autocomplete="username"
              spellcheck="false"
              ${takesTokens ? "" : "required"}
            />
          </div>
          <div class="field">
            <label for="secret">${takesTokens ? "Secret key, or a token" : "Secret key"}</label>
            <input id="secret" name="secret" type="password" autocomplete="current-password" required />
          </div>
          <button>Sign in</button>
          <p class="hint">
            <code>npx xkit-gateway keys create</code> prints a pair of keys.
            ${takesTokens ? "A token is a JWT of a configured issuer that makes its bearer an operator." : ""}
          </p>
        </form>
        ${isFromElsewhere ? html`<p class="hint"><a href="${wanted}">Continue, if you are already signed in</a></p>` : ""}
      `,
    },
  );
}

/** What a field may hold: a JWT is the longest. */
const MAXIMUM_FIELD_CHARACTERS = 16_384;
const fieldSchema = z.string().trim().max(MAXIMUM_FIELD_CHARACTERS, `must have at most ${MAXIMUM_FIELD_CHARACTERS} characters`);
const formSchema = z.object({ publishable: fieldSchema.default(""), secret: fieldSchema.default(""), wanted: z.string().default("") });

/** `POST /admin/session`: exchanges what was typed for a session, for the form of our own page alone. */
export async function signIn(dependencies: AdminDependencies, exchange: Exchange): Promise<Response> {
  const { auth, config } = dependencies;
  const { request, limits } = exchange;
  assertOwnForm(dependencies, exchange);
  const form = parseInput(formSchema, Object.fromEntries(new URLSearchParams(await request.text())), "The form");
  const { publishable: publishableKey, secret: typed } = form;
  const credential: TypedCredential = publishableKey === "" ? { token: typed } : { publishableKey, secretKey: typed };
  const wanted = pathIn(config.publicUrl, form.wanted);
  try {
    const { secret, seconds, ...operator } = await countRefusal(limits, auth.operators.signIn(credential));
    await endSession(dependencies, request);
    createVisit(dependencies, exchange, operator).record({ action: "operator.sign_in" });
    return redirectTo(`${config.publicUrl}${wanted}`, [auth.cookies.operator.serialize(secret, seconds)]);
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    return showSignIn(dependencies, exchange, wanted, { publishableKey, error });
  }
}

/** `POST /admin/sign-out`: ends the session in every process. */
export async function signOut({ auth, config, record, exchange }: Visit): Promise<Response> {
  await endSession({ auth }, exchange.request);
  record({ action: "operator.sign_out" });
  return redirectTo(`${config.publicUrl}${ADMIN_PATH}`, [auth.cookies.operator.clear()]);
}

/** A page of the operator's that a form names; the first one for anything else. */
function pathIn(publicUrl: string, text: string): string {
  const url = URL.parse(text, publicUrl);
  const isOurs = url?.origin === new URL(publicUrl).origin && (url.pathname === ADMIN_PATH || url.pathname.startsWith(`${ADMIN_PATH}/`));
  return isOurs ? `${url.pathname}${url.search}` : ADMIN_PATH;
}

async function endSession({ auth }: Pick<AdminDependencies, "auth">, request: Request): Promise<void> {
  const secret = auth.cookies.operator.parse(request);
  const before = secret === null ? null : await auth.operators.find(secret);
  if (before) await auth.operators.end(before.sessionId);
}
