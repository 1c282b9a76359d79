import { Hono } from "hono";
import { html } from "hono/html";
import { forbidden } from "../../schema/errors.ts";
import type { SignIn } from "../auth/sign-in.ts";
import { sentencesOf } from "../http/language.ts";
import type { OriginCheck } from "../http/web-origin.ts";
import { type Pages, redirectTo, renderFailure, renderPage, renderWayToCatalog, SIGN_OUT_PATH } from "./page.ts";

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
    if (request.headers.get("origin") !== origins.own) throw forbidden(({ refusals }) => refusals.foreignSignOut);
    return redirectTo(SIGN_OUT_PATH, (await signIn.logout(request)).setCookies);
  }

  function show(request: Request): Promise<Response> {
    const url = pages.platform.loginRedirectUrl;
    const { signIn: label, signedOut } = sentencesOf(request).pages;
    const body = html`${url ? html`<a class="button" href="${url}">${label}</a>` : ""} ${renderWayToCatalog(request)}`;
    return renderPage(pages, request, { title: signedOut, body });
  }

  const routes = new Hono();
  routes.post(SIGN_OUT_PATH, ({ req }) =>
    signOut(req.raw).catch((error: unknown) => renderFailure(pages, req.raw, error, renderWayToCatalog(req.raw))),
  );
  routes.get(SIGN_OUT_PATH, ({ req }) => show(req.raw));
  return routes;
}
