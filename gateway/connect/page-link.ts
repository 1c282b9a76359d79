/**
 * `/continue?token=`: where a page on another site sends its user to go on with what it has started.
 *
 * Such a page's requests may carry none of the gateway's cookies and leave none behind, so that what it starts is bound to no browser. The
 * link is good once and for ten minutes, and says who started what, sealed. It could be sent to another person, who would then connect
 * their account for its maker. So:
 *
 * 1. It starts only for a navigation from the very page that asked: from its origin, as `Referer` says, which pages can leave out but not
 *    forge. From anywhere else it starts nothing and leads to the catalog.
 * 2. It asks by name first, and the browser is bound by a secret that is made at the answer, by our own form.
 */
import { Hono } from "hono";
import { html } from "hono/html";
import { z } from "zod";
import { forbidden, unauthenticated } from "../../schema/errors.ts";
import type { KnownUser } from "../../schema/upstream.ts";
import type { Language } from "../../client/languages/language.ts";
import { LOCALE_PARAMETER, sentencesOf } from "../http/language.ts";
import type { SignIn } from "../auth/sign-in.ts";
import type { OriginCheck } from "../http/web-origin.ts";
import { ATTEMPT_LIFETIME_SECONDS } from "../vault/attempts.ts";
import type { Vault } from "../vault/vault.ts";
import { labelOf, type Pages, redirectTo, renderFailure, renderPage, renderWayToCatalog } from "./page.ts";
import { createHandoffTokens, type HandoffServices, type HandoffTokens } from "./handoff.ts";
import { takeOver, type TakeOverDependencies } from "./take-over.ts";

const PAGE_LINK_PATH = "/continue";

const pageLinkSchema = z.object({
  userId: z.string(),
  slug: z.string(),
  state: z.string(),
  /** Of the page that asked. */
  origin: z.string(),
});

/** Who has started what, and where. */
export type PageLink = z.output<typeof pageLinkSchema>;

/** The tokens of these links. */
export const createPageLinkTokens = (services: HandoffServices): HandoffTokens<PageLink> =>
  createHandoffTokens(services, { name: "page-link", schema: pageLinkSchema, lifetimeSeconds: ATTEMPT_LIFETIME_SECONDS });

/** Makes a link, whose pages speak this language. Null: the browser's. */
export async function linkPage(
  links: HandoffTokens<PageLink>,
  publicUrl: string,
  link: PageLink,
  language: Language | null,
): Promise<string> {
  const query = { token: await links.create(link), ...(language && { [LOCALE_PARAMETER]: language }) };
  return `${publicUrl}${PAGE_LINK_PATH}?${new URLSearchParams(query)}`;
}

interface Dependencies extends TakeOverDependencies {
  vault: Pick<Vault, "takeOver" | "describe">;
  links: HandoffTokens<PageLink>;
  signIn: Pick<SignIn, "findViewer" | "start" | "logout">;
  origins: OriginCheck;
  pages: Pages;
  findUser(id: string): Promise<KnownUser | null>;
}

/** The page between a page on another site and the provider. */
export function createPageLinkRoutes(dependencies: Dependencies): Hono {
  const { vault, links, signIn, origins, pages, findUser } = dependencies;
  const tokenOf = (request: Request) => new URL(request.url).searchParams.get("token") ?? "";

  /** Changes nothing: previews and scanners of links use no token up. */
  async function ask(request: Request): Promise<Response> {
    const link = links.peek(tokenOf(request));
    if (!link || !cameFrom(request, link.origin)) return redirectTo(link ? `/connectors/${link.slug}` : "/connectors");
    const { connectorName } = await vault.describe(link.state, link.slug);
    const user = await findUser(link.userId);
    if (!user) throw unauthenticated(({ refusals }) => refusals.userGone);
    const current = await signIn.findViewer(request);
    const label = labelOf({ userId: user.id, name: user.name });
    const { connect, ...words } = sentencesOf(request).pages;
    const body = html`<p>
        ${current && current.userId !== link.userId ? connect.willBeSignedOut(labelOf(current)) : ""} ${connect.onlyIfAsked(label)}
      </p>
      <form method="post" action="${PAGE_LINK_PATH}${new URL(request.url).search}">
        <button>${words.continue}</button>
      </form>
      <a class="quiet" href="/connectors/${link.slug}">${words.cancel}</a>`;
    return renderPage(pages, request, { title: connect.titleAs(connectorName, label), body, hasForm: true });
  }

  async function confirm(request: Request): Promise<Response> {
    if (request.headers.get("origin") !== origins.own) throw forbidden(({ refusals }) => refusals.foreignForm);
    const link = await links.redeem(tokenOf(request));
    if (!link) throw unauthenticated(({ refusals }) => refusals.linkExpiredOrUsed);
    const current = await signIn.findViewer(request);
    const isOther = current !== null && current.userId !== link.userId;
    const signedOut = isOther ? (await signIn.logout(request)).setCookies : [];
    const answer = await takeOver(dependencies, request, { ...link, isSignedIn: current !== null && !isOther });
    return redirectTo(answer.headers.get("location") ?? "/", [...signedOut, ...answer.headers.getSetCookie()]);
  }

  const cameFrom = (request: Request, origin: string): boolean =>
    origins.isValid(origin) && URL.parse(request.headers.get("referer") ?? "")?.origin === origin;

  const explain = (request: Request, answering: Promise<Response>): Promise<Response> =>
    answering.catch((error: unknown) => {
      const opener = links.peek(tokenOf(request))?.origin ?? null;
      return renderFailure(pages, request, error, renderWayToCatalog(request), opener !== null && origins.isValid(opener) ? opener : null);
    });

  const routes = new Hono();
  routes.get(PAGE_LINK_PATH, ({ req }) => explain(req.raw, ask(req.raw)));
  routes.post(PAGE_LINK_PATH, ({ req }) => explain(req.raw, confirm(req.raw)));
  return routes;
}
