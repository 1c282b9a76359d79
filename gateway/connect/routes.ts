import { Hono } from "hono";
import { html } from "hono/html";
import { GatewayError, httpStatusOf } from "../../schema/errors.ts";
import { idSchema, slugSchema, stateSchema } from "../../schema/input.ts";
import type { Platform, Viewer, ViewerConnections } from "../../schema/upstream.ts";
import type { Cookies } from "../auth/cookies.ts";
import type { OriginCheck } from "../auth/origins.ts";
import type { StartedConnection } from "../vault/connecting.ts";
import type { Vault } from "../vault/vault.ts";
import { renderForm } from "./form.ts";
import { type Html, renderPage } from "./page.ts";

/** Longest query or form of these routes, in characters. */
const MAXIMUM_INPUT_CHARACTERS = 65_536;

interface Dependencies {
  vault: Vault;
  platform: Platform;
  publicUrl: string;
  cookies: Cookies;
  origins: OriginCheck;
  /** Who the session cookie of this browser belongs to, or null. */
  findSignedIn(request: Request): Promise<Viewer | null>;
  /** The user's connections, in this browser; `setCookie` is called when the browser has to be given a binding cookie. */
  connectionsOf(viewer: Viewer, request: Request, setCookie: (header: string) => void): ViewerConnections;
}

/** The pages between a click on "Connect" and a connection: `/connect/:slug` starts, `/callback/:slug` finishes. */
export function createConnectRoutes({ vault, platform, publicUrl, cookies, origins, findSignedIn, connectionsOf }: Dependencies): Hono {
  const page = (title: string, status: number, body: Html) => renderPage({ platformName: platform.name, title, status, body });
  const catalogLink = (slug: string) => html`<a class="quiet" href="${publicUrl}/connectors/${slug}">Back</a>`;

  const visitorOf = async (request: Request) => ({
    browser: cookies.browser.parse(request),
    userId: (await findSignedIn(request))?.userId ?? null,
  });

  const showError = (error: unknown, slug: string): Promise<Response> => {
    if (!(error instanceof GatewayError)) throw error;
    return page(
      "That did not work",
      httpStatusOf[error.code],
      html`<p role="alert">${error.message}</p>
        ${catalogLink(slug)}`,
    );
  };

  /** Nobody is signed in in this browser: the platform has to bring its user. */
  const askToSignIn = () =>
    page(
      "Sign in first",
      401,
      html`<p>Nobody is signed in in this browser.</p>
        ${platform.loginRedirectUrl ? html`<a class="button" href="${platform.loginRedirectUrl}">Sign in</a>` : ""}`,
    );

  async function start(request: Request, slug: string): Promise<Response> {
    const viewer = await findSignedIn(request);
    if (!viewer) return askToSignIn();
    const url = new URL(request.url);
    if (!isWanted(request, origins)) {
      const again = `${publicUrl}${url.pathname}${url.search}`;
      return page(
        `Connect as ${viewer.name ?? viewer.userId}?`,
        200,
        html`<p>Another site sent you here.</p>
          <a class="button" href="${again}">Continue</a>`,
      );
    }
    const headers = new Headers({ "cache-control": "no-store", "referrer-policy": "no-referrer" });
    const connections = connectionsOf(viewer, request, (header) => headers.append("set-cookie", header));
    const id = url.searchParams.get("id");
    const returnTo = url.searchParams.get("returnTo");
    const connection = await connections.start(slug, { id: id === null ? null : parseParameter("id", idSchema.safeParse(id)), returnTo });
    headers.set("location", connection.authorization?.authorizeUrl ?? connection.connector.connectorUrl);
    return new Response(null, { status: 302, headers });
  }

  async function submit(request: Request, slug: string): Promise<Response> {
    if (request.headers.get("origin") !== origins.own)
      return page("That did not work", 403, html`<p>This form was sent from another site.</p>`);
    const form = new URLSearchParams((await request.text()).slice(0, MAXIMUM_INPUT_CHARACTERS));
    const state = parseParameter("state", stateSchema.safeParse(form.get("state") ?? ""));
    form.delete("state");
    const viewer = await findSignedIn(request);
    if (!viewer) return askToSignIn();
    const started = await vault.getForm(state, slug, await visitorOf(request));
    try {
      const answer = await vault.submit(
        viewer,
        state,
        [...form].map(([name, value]) => ({ name, value })),
      );
      return Response.redirect(answer.authorizeUrl ?? destination(answer.returnTo, slug), 303);
    } catch (error) {
      if (!(error instanceof GatewayError) || error.code !== "BAD_USER_INPUT") throw error;
      return showForm(started, state, error.message, form);
    }
  }

  const showForm = (started: StartedConnection, state: string, problem: string | null, values: URLSearchParams) =>
    renderPage({
      platformName: platform.name,
      title: `Connect ${started.connector.name}`,
      status: problem ? 400 : 200,
      hasForm: true,
      body: renderForm({ started, state, problem, values }),
    });

  async function finish(request: Request, slug: string): Promise<Response> {
    const { searchParams } = new URL(request.url);
    parseParameter("state", stateSchema.safeParse(searchParams.get("state") ?? ""));
    const { connection, returnTo, failure } = await vault.finish(slug, searchParams, await visitorOf(request));
    const { name } = connection.connector;
    const backUrl = destination(returnTo, slug);
    if (failure) {
      const body = html`<p role="alert">${failure.message}</p>
        <a class="button" href="${publicUrl}/connect/${slug}?id=${connection.id}">Try again</a>
        <a class="quiet" href="${backUrl}">Back</a>`;
      return page(`${name} is not connected`, 200, body);
    }
    if (returnTo)
      return new Response(null, {
        status: 303,
        headers: { location: backUrl, "referrer-policy": "no-referrer", "cache-control": "no-store" },
      });
    const label = connection.authorization?.displayLabel;
    return page(`${name} is connected`, 200, html`<p>${label ? html`As ${label}. ` : ""}You can close this page.</p>`);
  }

  const destination = (returnTo: string | null, slug: string): string => new URL(returnTo ?? `/connectors/${slug}`, publicUrl).href;

  const routes = new Hono();
  routes.get("/connect/:slug", async ({ req }) => {
    const slug = req.param("slug");
    try {
      parseParameter("slug", slugSchema.safeParse(slug));
      const state = req.query("state");
      if (state === undefined) return await start(req.raw, slug);
      const form = await vault.getForm(parseParameter("state", stateSchema.safeParse(state)), slug, await visitorOf(req.raw));
      return await showForm(form, state, null, new URLSearchParams());
    } catch (error) {
      return showError(error, slug);
    }
  });
  routes.post("/connect/:slug", ({ req }) =>
    submit(req.raw, req.param("slug")).catch((error: unknown) => showError(error, req.param("slug"))),
  );
  routes.get("/callback/:slug", ({ req }) =>
    finish(req.raw, req.param("slug")).catch((error: unknown) => showError(error, req.param("slug"))),
  );
  return routes;
}

/** Whether the user came by themselves or from one of the platform's pages, as browsers tell (Fetch Metadata, `Referer`). */
function isWanted(request: Request, origins: OriginCheck): boolean {
  if (request.headers.get("sec-fetch-site") !== "cross-site") return true;
  const referrer = URL.parse(request.headers.get("referer") ?? "");
  return referrer !== null && origins.isValid(referrer.origin);
}

function parseParameter(
  name: string,
  result: { success: true; data: string } | { success: false; error: { issues: { message: string }[] } },
): string {
  if (result.success) return result.data;
  throw new GatewayError("BAD_USER_INPUT", `${name}: ${result.error.issues[0]?.message ?? "is not valid"}.`, { path: name });
}
