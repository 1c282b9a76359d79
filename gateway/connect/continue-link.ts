/**
 * `/authorizations/:slug/continue?token=&state=`: where a link leads that a gateway in front of this one handed out.
 *
 * What it started is bound to a browser that it stood in for. The one-time token proves the user, and the browser that opens the link is
 * bound to it instead, by a secret of its own. A link may be slipped to a victim, by mail or by another user of the platform. So the page asks first, by
 * name, and a user who is signed in is never signed in as another.
 */
import { Hono } from "hono";
import { html } from "hono/html";
import { forbidden, unauthenticated } from "../../schema/errors.ts";
import { slugSchema } from "../../schema/input.ts";
import type { OriginCheck } from "../http/web-origin.ts";
import { sentencesOf } from "../http/language.ts";
import type { SignIn } from "../auth/sign-in.ts";
import { stateSchema } from "../vault/identifiers.ts";
import type { Vault } from "../vault/vault.ts";
import type { HandoffTokens } from "./handoff.ts";
import { labelOf, type Pages, renderFailure, renderPage, renderWayToCatalog } from "./page.ts";
import { takeOver, type TakeOverDependencies } from "./take-over.ts";

interface Dependencies extends TakeOverDependencies {
  vault: Pick<Vault, "takeOver" | "describe">;
  handoffs: HandoffTokens;
  signIn: Pick<SignIn, "findViewer" | "start">;
  origins: OriginCheck;
  pages: Pages;
}

interface Link {
  slug: string;
  state: string;
  token: string;
}

/** The page between a gateway in front and the provider. */
export function createContinueRoutes(dependencies: Dependencies): Hono {
  const { vault, handoffs, signIn, origins, pages } = dependencies;
  /** Changes nothing: previews and scanners of links use no token up. */
  async function ask(request: Request, slug: string): Promise<Response> {
    const { state } = parseLink(request, slug);
    const { userId, connectorName } = await vault.describe(state, slug);
    const { pathname, search } = new URL(request.url);
    const { connect, ...words } = sentencesOf(request).pages;
    const body = html`<p>${connect.onlyIfAsked(userId)}</p>
      <form method="post" action="${pathname}${search}"><button>${words.continue}</button></form>
      <a class="quiet" href="/connectors/${slug}">${words.cancel}</a>`;
    return renderPage(pages, request, { title: connect.titleAs(connectorName, userId), body, hasForm: true });
  }

  async function confirm(request: Request, slug: string): Promise<Response> {
    if (request.headers.get("origin") !== origins.own) throw forbidden(({ refusals }) => refusals.foreignForm);
    return follow(request, parseLink(request, slug));
  }

  async function follow(request: Request, { slug, state, token }: Link): Promise<Response> {
    const handoff = await handoffs.redeem(token);
    if (!handoff) throw unauthenticated(({ refusals }) => refusals.linkExpiredOrUsed);
    const { userId } = handoff;
    const current = await signIn.findViewer(request);
    if (current && current.userId !== userId) throw forbidden(({ refusals }) => refusals.linkOfAnother(labelOf(current)));
    return takeOver(dependencies, request, { userId, slug, state, isSignedIn: current !== null });
  }

  const explain = (request: Request, answering: Promise<Response>): Promise<Response> =>
    answering.catch((error: unknown) => renderFailure(pages, request, error, renderWayToCatalog(request)));

  const routes = new Hono();
  routes.get("/authorizations/:slug/continue", ({ req }) => explain(req.raw, ask(req.raw, req.param("slug"))));
  routes.post("/authorizations/:slug/continue", ({ req }) => explain(req.raw, confirm(req.raw, req.param("slug"))));
  return routes;
}

function parseLink(request: Request, slug: string): Link {
  const { searchParams } = new URL(request.url);
  const state = stateSchema.safeParse(searchParams.get("state"));
  if (!slugSchema.safeParse(slug).success || !state.success) throw unauthenticated(({ refusals }) => refusals.linkUnknown);
  return { slug, state: state.data, token: searchParams.get("token") ?? "" };
}
