import { type Context, Hono } from "hono";
import { html } from "hono/html";
import { GatewayError, notFound } from "../../schema/errors.ts";
import { ADMIN_PATH } from "../auth/cookies.ts";
import { redirectTo } from "../connect/page.ts";
import { failureHeaders, failureOf } from "../http/failure.ts";
import type { Exchange, Routed } from "../http/pipeline.ts";
import { showAudit } from "./audit.ts";
import { actOnConnection, askToDisconnect, showConnection } from "./connection.ts";
import { listConnections } from "./connections.ts";
import { listConnectors } from "./connectors.ts";
import { askToRevoke, listKeys, revokeKey } from "./keys.ts";
import { type Content, renderAdmin } from "./page.ts";
import { renderCallout } from "./parts.ts";
import { showSealing } from "./sealing.ts";
import { showSignIn, signIn, signOut } from "./sign-in.ts";
import { type AdminDependencies, assertOwnForm, createVisit, platformOf, type Visit } from "./visit.ts";
import { listWebhooks, replayEvents } from "./webhooks.ts";

/** What a page or a form does for an operator. `id` is what its path names. */
type Handler = (visit: Visit, id: string) => Promise<Content | Response>;

const pages: readonly (readonly [path: string, handler: Handler])[] = [
  ["", listConnectors],
  ["/connections", listConnections],
  ["/connections/:id", showConnection],
  ["/connections/:id/disconnect", askToDisconnect],
  ["/keys", listKeys],
  ["/keys/:id/revoke", askToRevoke],
  ["/webhooks", listWebhooks],
  ["/audit", showAudit],
  ["/sealing", showSealing],
];

const forms: readonly (readonly [path: string, handler: Handler])[] = [
  ["/sign-out", signOut],
  ["/connections/:id/refresh", actOnConnection("refresh")],
  ["/connections/:id/disable", actOnConnection("disable")],
  ["/connections/:id/enable", actOnConnection("enable")],
  ["/connections/:id/disconnect", actOnConnection("disconnect")],
  ["/keys/:id/revoke", revokeKey],
  ["/webhooks/:id/replay", replayEvents],
];

/** Where forms are sent and no page is. */
const formPaths = ["/session", ...forms.map(([path]) => path)].filter((path) => pages.every(([page]) => page !== path));

/**
 * The operator's page. Only its own cookie says who asks: no header, and nothing else takes the cookie. To open a page changes nothing,
 * and a form does something when our own page has sent it.
 */
export function createAdminRoutes(dependencies: AdminDependencies): Hono<Routed> {
  const routes = new Hono<Routed>();
  const answer = (handler: Handler, isForm: boolean) => async (context: Context<Routed>) => {
    const { env } = context;
    const operator = await findOperator(dependencies, env);
    try {
      if (isForm) assertOwnForm(dependencies, env);
      if (!operator) return await showSignIn(dependencies, env, wantedOf(env, isForm), null);
      const answered = await handler(createVisit(dependencies, env, operator), context.req.param("id") ?? "");
      return answered instanceof Response ? answered : renderAdmin(frameOf(dependencies, env, operator), answered);
    } catch (error) {
      return showFailure(dependencies, env, operator, error);
    }
  };
  for (const [path, handler] of pages) routes.get(`${ADMIN_PATH}${path}`, answer(handler, false));
  for (const [path, handler] of forms) routes.post(`${ADMIN_PATH}${path}`, answer(handler, true));
  routes.post(`${ADMIN_PATH}/session`, ({ env }) =>
    signIn(dependencies, env).catch((error: unknown) => showFailure(dependencies, env, null, error)),
  );
  // The address bar still has where a form was sent that was refused.
  for (const path of formPaths) routes.get(`${ADMIN_PATH}${path}`, () => redirectTo(`${dependencies.config.publicUrl}${ADMIN_PATH}`));
  routes.all(
    "*",
    answer(() => Promise.reject(notFound("This page does not exist.")), false),
  );
  // The pipeline masks errors.
  routes.onError((error) => {
    throw error;
  });
  return routes;
}

async function findOperator({ auth }: AdminDependencies, { request }: Exchange) {
  const secret = auth.cookies.operator.parse(request);
  return secret === null ? null : auth.operators.find(secret);
}

const frameOf = (dependencies: AdminDependencies, { pathname }: Exchange, operator: Visit["operator"] | null) => ({
  platform: platformOf(dependencies),
  operator,
  pathname,
});

/** Where an operator goes on who has to sign in first. What a form was to do is not done. */
function wantedOf({ request }: Exchange, isForm: boolean): string {
  const { pathname, search } = new URL(request.url);
  return isForm ? ADMIN_PATH : `${pathname}${search}`;
}

/** Tells of an expected failure. Throws every other error again. */
function showFailure(dependencies: AdminDependencies, exchange: Exchange, operator: Visit["operator"] | null, error: unknown) {
  if (!(error instanceof GatewayError)) throw error;
  const failure = failureOf(error);
  return renderAdmin(frameOf(dependencies, exchange, operator), {
    title: "Something went wrong",
    status: failure.status,
    headers: failureHeaders(failure, null),
    body: html`${renderCallout(failure.message, "bad", "alert")}
      <p><a href="${ADMIN_PATH}">Back to the first page</a></p>`,
  });
}
