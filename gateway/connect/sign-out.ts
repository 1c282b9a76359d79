import { Hono } from "hono";
import { html } from "hono/html";
import { forbidden } from "../../schema/errors.ts";
import type { SignIn } from "../auth/sign-in.ts";
import type { OriginCheck } from "../http/web-origin.ts";
import { type Pages, redirectTo, renderFailure, renderPage, SIGN_OUT_PATH } from "./page.ts";

/** `POST /sign-out`: signs this browser out, for the form of the gateway's own pages alone. */
export function createSignOutRoute({
  pages,
  signIn,
  origins,
}: {
  pages: Pages;
  signIn: Pick<SignIn, "logout">;
  origins: OriginCheck;
}): Hono {
  async function signOut(request: Request): Promise<Response> {
    if (request.headers.get("origin") !== origins.own) throw forbidden("This form was sent from another site: sign out from here.");
    return redirectTo(SIGN_OUT_PATH, (await signIn.logout(request)).setCookies);
  }

  function show(request: Request): Promise<Response> {
    const url = pages.platform.loginRedirectUrl;
    const body = url ? html`<a class="button" href="${url}">Sign in</a>` : html`<p>You can close this page.</p>`;
    return renderPage(pages, request, { title: "Signed out", body });
  }

  const routes = new Hono();
  routes.post(SIGN_OUT_PATH, ({ req }) => signOut(req.raw).catch((error: unknown) => renderFailure(pages, req.raw, error, html``)));
  routes.get(SIGN_OUT_PATH, ({ req }) => show(req.raw));
  return routes;
}
