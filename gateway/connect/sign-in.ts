import { Hono } from "hono";
import { html } from "hono/html";
import { forbidden } from "../../schema/errors.ts";
import type { SignIn } from "../auth/sign-in.ts";
import type { Routed } from "../http/pipeline.ts";
import { type Pages, redirectTo, renderFailure, renderPage } from "./page.ts";

/**
 * In development only: `/sign-in?token=…` signs this browser in with a user token, for lack of a platform that would. Another site that
 * sends a browser there could sign it in as another user, so that a visitor who comes from one is asked first.
 */
export function createSignInRoute({ pages, signIn }: { pages: Pages; signIn: SignIn }): Hono<Routed> {
  const routes = new Hono<Routed>();
  routes.get("/sign-in", async ({ req, env }) => {
    const token = req.query("token");
    const where = html`<p>
      In development, open the sign-in link that the server printed at its start, or make a user token with
      <code>npx xkit-gateway users token &lt;user id&gt;</code> and open <code>/sign-in?token=…</code>
    </p>`;
    if (!token) return renderPage(pages, req.raw, { title: "Sign in", body: where });
    const site = req.header("sec-fetch-site");
    // Over http, browsers tell it on loopback alone.
    if (site === undefined) return renderFailure(pages, req.raw, forbidden(UNTOLD), where);
    if (site !== "none" && site !== "same-origin") {
      const { pathname, search } = new URL(req.url);
      const body = html`<p>Another site sent you here. Go on only if this link is the one that your server printed for you.</p>
        <a class="button" href="${pathname}${search}">Sign in</a>`;
      return renderPage(pages, req.raw, { title: "Sign in?", body });
    }
    try {
      const { setCookies } = await signIn.login(token, req.raw, env.limits);
      return redirectTo("/graphql", setCookies);
    } catch (error) {
      return renderFailure(pages, req.raw, error, where);
    }
  });
  return routes;
}

const UNTOLD =
  "This link is for a browser that says where it was opened (Sec-Fetch-Site). Open it in a current browser, on localhost or over https.";
