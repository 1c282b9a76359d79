import { Hono } from "hono";
import { html } from "hono/html";
import { badUserInput, forbidden } from "../../schema/errors.ts";
import type { PlatformAccess } from "../../schema/upstream.ts";
import type { DevelopmentUser } from "../auth/development-users.ts";
import type { SignIn } from "../auth/sign-in.ts";
import type { Exchange, Routed } from "../http/pipeline.ts";
import type { OriginCheck } from "../http/web-origin.ts";
import { type Html, type Pages, redirectTo, renderFailure, renderPage } from "./page.ts";

export const SIGN_IN_PATH = "/sign-in";
/** Where a user goes who came from nowhere. */
const DEFAULT_RETURN_TO = "/graphql";

interface Dependencies {
  pages: Pages;
  signIn: SignIn;
  origins: OriginCheck;
  /** Whom the page offers. */
  users: readonly DevelopmentUser[];
  provisionUser: PlatformAccess["provisionUser"];
}

/**
 * In development only: a page that signs this browser in, for lack of a platform that would. It takes one of the users whom it offers, or
 * a user token. `returnTo` leads the browser on, as everywhere.
 */
export function createSignInRoute(dependencies: Dependencies): Hono<Routed> {
  const { pages } = dependencies;
  const routes = new Hono<Routed>();
  routes.get(SIGN_IN_PATH, ({ req }) => {
    const returnTo = req.query("returnTo") ?? DEFAULT_RETURN_TO;
    return renderPage(pages, req.raw, { title: "Sign in", body: renderForms(dependencies, returnTo), hasForm: true });
  });
  routes.post(SIGN_IN_PATH, ({ req, env }) =>
    submit(dependencies, env).catch((error: unknown) =>
      renderFailure(pages, req.raw, error, html`<a class="button" href="${SIGN_IN_PATH}">Sign in again</a>`),
    ),
  );
  return routes;
}

/** A button for each of the users, whose form `POST /sign-in` takes. */
export const renderUserForms = (users: readonly DevelopmentUser[], returnTo: string): Html =>
  html`${users.map(
    ({ id, name }) =>
      html`<form class="field" method="post" action="${SIGN_IN_PATH}">
        <input type="hidden" name="returnTo" value="${returnTo}" />
        <button name="user" value="${id}">Sign in as ${name}</button>
      </form>`,
  )}`;

function renderForms({ users }: Dependencies, returnTo: string): Html {
  return html`<p>This page is for development: in production, your platform signs its users in.</p>
    ${renderUserForms(users, returnTo)}
    <form method="post" action="${SIGN_IN_PATH}">
      <input type="hidden" name="returnTo" value="${returnTo}" />
      <div class="field">
        <label for="token">${users.length > 0 ? "Or by a user token" : "User token"}</label>
        <input id="token" name="token" type="password" autocomplete="off" required aria-describedby="token-hint" />
        <p id="token-hint"><code>npx xkit-gateway users token &lt;user id&gt;</code> prints one.</p>
      </div>
      <button>Sign in by token</button>
    </form>`;
}

async function submit(dependencies: Dependencies, { request, limits }: Exchange): Promise<Response> {
  const { signIn, origins } = dependencies;
  // A page of another site could sign its visitors in as another user.
  if (request.headers.get("origin") !== origins.own) throw forbidden("This form was sent from another site: sign in from here.");
  const form = new URLSearchParams(await request.text());
  const { setCookies } = await signIn.login(await tokenOf(dependencies, form), request, limits);
  const returnTo = form.get("returnTo") ?? DEFAULT_RETURN_TO;
  return redirectTo(origins.isValidReturnTo(returnTo) ? returnTo : DEFAULT_RETURN_TO, setCookies);
}

/** The token that was typed, or a new one of the user who was chosen. Throws BAD_USER_INPUT for a user whom the page does not offer. */
async function tokenOf({ users, provisionUser }: Dependencies, form: URLSearchParams): Promise<string> {
  const chosen = form.get("user");
  if (chosen === null) return form.get("token") ?? "";
  const user = users.find(({ id }) => id === chosen);
  if (!user) throw badUserInput("There is no such user to choose here: sign in by a user token.", "user");
  return (await provisionUser(user)).token;
}
