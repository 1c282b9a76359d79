import { Hono } from "hono";
import { html } from "hono/html";
import type { z } from "zod";
import { badUserInput, forbidden, GatewayError } from "../../schema/errors.ts";
import { fieldsSchema, idSchema, returnToSchema, slugSchema, stateSchema } from "../../schema/input.ts";
import type { Connection, Platform, Viewer, ViewerConnections } from "../../schema/upstream.ts";
import type { Cookies } from "../auth/cookies.ts";
import type { Exchange, Routed } from "../http/pipeline.ts";
import type { OriginCheck } from "../http/web-origin.ts";
import type { StartedConnection } from "../vault/connections.ts";
import type { Vault } from "../vault/vault.ts";
import { renderForm } from "./form.ts";
import { type Html, redirectTo, renderFailure, renderPage } from "./page.ts";

interface Dependencies {
  vault: Vault;
  platform: Platform;
  publicUrl: string;
  cookies: Cookies;
  origins: OriginCheck;
  /** Who the session cookie of this browser belongs to, or null. */
  findSignedIn(request: Request): Promise<Viewer | null>;
  /** The user's connections, in this browser; `setCookie` is called when the browser has to be given a binding cookie. */
  connectionsOf(viewer: Viewer, exchange: Exchange, setCookie: (header: string) => void): ViewerConnections;
}

/** The pages between a click on "Connect" and a connection: `/connect/:slug` starts, `/callback/:slug` finishes. */
export function createConnectRoutes({
  vault,
  platform,
  publicUrl,
  cookies,
  origins,
  findSignedIn,
  connectionsOf,
}: Dependencies): Hono<Routed> {
  const page = (title: string, status: number, body: Html) => renderPage({ platform, title, status, body });
  const catalogLink = (slug: string) => html`<a class="quiet" href="${publicUrl}/connectors/${encodeURIComponent(slug)}">Back</a>`;

  const visitorOf = async (request: Request) => ({
    browser: cookies.browser.parse(request),
    userId: (await findSignedIn(request))?.userId ?? null,
  });

  const showError = (error: unknown, slug: string) => renderFailure(error, { platform, body: catalogLink(slug) });

  /** Nobody is signed in in this browser: the platform has to bring its user. */
  const askToSignIn = () =>
    page(
      "Sign in first",
      401,
      html`<p>Nobody is signed in in this browser.</p>
        ${platform.loginRedirectUrl ? html`<a class="button" href="${platform.loginRedirectUrl}">Sign in</a>` : ""}`,
    );

  async function start(exchange: Exchange, slug: string): Promise<Response> {
    const { request } = exchange;
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
    const setCookies: string[] = [];
    const connections = connectionsOf(viewer, exchange, (header) => setCookies.push(header));
    const optional = (name: string, schema: z.ZodType<string>) => {
      const value = url.searchParams.get(name);
      return value === null ? null : parseParameter(name, schema.safeParse(value));
    };
    const connection = await connections.start(slug, { id: optional("id", idSchema), returnTo: optional("returnTo", returnToSchema) });
    return redirectTo(connection.authorization?.authorizeUrl ?? connection.connector.connectorUrl, setCookies);
  }

  async function submit(request: Request, slug: string): Promise<Response> {
    if (request.headers.get("origin") !== origins.own) throw forbidden("This form was sent from another site: start again from here.");
    const state = parseParameter("state", stateSchema.safeParse(new URL(request.url).searchParams.get("state") ?? ""));
    const viewer = await findSignedIn(request);
    if (!viewer) return askToSignIn();
    const started = await vault.getForm(state, slug, await visitorOf(request));
    const form = new URLSearchParams(await request.text());
    try {
      const fields = fieldsSchema.safeParse([...form].map(([name, value]) => ({ name, value })));
      const answer = await vault.submit(viewer, state, parseParameter("fields", fields));
      return redirectTo(answer.authorizeUrl ?? destination(answer.returnTo, slug));
    } catch (error) {
      if (!(error instanceof GatewayError) || error.code !== "BAD_USER_INPUT") throw error;
      return showForm(started, state, error.message, form);
    }
  }

  const showForm = (started: StartedConnection, state: string, problem: string | null, values: URLSearchParams) =>
    renderPage({
      platform,
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
    if (!failure && returnTo) return redirectTo(destination(returnTo, slug));
    if (failure) return showFailure(connection, failure.message, returnTo);
    const label = connection.authorization?.displayLabel;
    return page(`${name} is connected`, 200, html`<p>${label ? html`As ${label}. ` : ""}You can close this page.</p>`);
  }

  function showFailure(
    { id, enabled, connector: { name, slug } }: Connection,
    message: string,
    returnTo: string | null,
  ): Promise<Response> {
    const again = `${publicUrl}/connect/${slug}?${new URLSearchParams({ id, ...(returnTo && { returnTo }) })}`;
    const body = html`<p role="alert">${message}</p>
      ${enabled ? html`<p>The connection that you have goes on as before.</p>` : ""}
      <a class="button" href="${again}">Try again</a>
      <a class="quiet" href="${destination(returnTo, slug)}">Back</a>`;
    return page(enabled ? `${name} was not connected anew` : `${name} is not connected`, 400, body);
  }

  const destination = (returnTo: string | null, slug: string): string => new URL(returnTo ?? `/connectors/${slug}`, publicUrl).href;

  const routes = new Hono<Routed>();
  routes.get("/connect/:slug", async ({ req, env }) => {
    const slug = req.param("slug");
    try {
      parseParameter("slug", slugSchema.safeParse(slug));
      const state = req.query("state");
      if (state === undefined) return await start(env, slug);
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

/**
 * Whether the user came by themselves or from one of the platform's pages, as browsers tell (Fetch Metadata, `Referer`). A neighbour on
 * the same site is not the platform: under `github.io` it is anybody. Browsers that send no Fetch Metadata are believed.
 */
function isWanted(request: Request, origins: OriginCheck): boolean {
  const site = request.headers.get("sec-fetch-site");
  if (site === null || site === "same-origin" || site === "none") return true;
  const referrer = URL.parse(request.headers.get("referer") ?? "");
  return referrer !== null && origins.isValid(referrer.origin);
}

type Parsed<Value> = { success: true; data: Value } | { success: false; error: { issues: { path: PropertyKey[]; message: string }[] } };

function parseParameter<Value>(name: string, result: Parsed<Value>): Value {
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const path = [name, ...(issue?.path ?? [])].map(String).join(".");
  throw badUserInput(`${path}: ${issue?.message ?? "is not valid"}.`, path);
}
