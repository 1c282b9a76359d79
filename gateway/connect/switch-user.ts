/**
 * `/authorizations/switch`: where a one-time token leads that would sign a browser in as another user than the one who is signed in there.
 *
 * The token is used up, and what it says waits for the user's answer: for ten minutes, once, and in a cookie of this browser alone, so
 * that no address leads another browser here with it.
 */
import { Hono } from "hono";
import { html } from "hono/html";
import { forbidden, unauthenticated } from "../../schema/errors.ts";
import type { KnownUser } from "../../schema/upstream.ts";
import type { Cookies } from "../auth/cookies.ts";
import { sentencesOf } from "../http/language.ts";
import type { OriginCheck } from "../http/web-origin.ts";
import { labelOf, type Pages, redirectTo, renderFailure, renderPage, renderWayToCatalog } from "./page.ts";
import { createHandoffTokens, type Handoff, handoffSchema, type HandoffServices, type HandoffTokens } from "./handoff.ts";

const SWITCH_PATH = "/authorizations/switch";
/** How long the user may take to agree. */
const SWITCH_SECONDS = 600;

/** Handoffs of users who have to agree first. */
export const createPendingHandoffs = (services: HandoffServices): HandoffTokens =>
  createHandoffTokens(services, { name: "pending-hand-over", schema: handoffSchema, lifetimeSeconds: SWITCH_SECONDS });

export interface SwitchDependencies {
  pages: Pages;
  pending: HandoffTokens;
  cookies: Pick<Cookies, "handoff">;
  origins: OriginCheck;
  findUser(id: string): Promise<KnownUser | null>;
  /** Signs this browser in. Answers the `Set-Cookie` headers. */
  enter(handoff: Handoff, request: Request): Promise<string[]>;
}

/** Keeps a handoff until the user has agreed: answers where they are asked, and the `Set-Cookie` header that leads there. */
export async function deferHandoff(
  { pending, cookies }: Pick<SwitchDependencies, "pending" | "cookies">,
  handoff: Handoff,
  openerOrigin: string,
): Promise<{ location: string; setCookie: string }> {
  const location = `${SWITCH_PATH}?${new URLSearchParams({ opener_origin: openerOrigin })}`;
  return { location, setCookie: cookies.handoff.serialize(await pending.create(handoff), SWITCH_SECONDS) };
}

/** The page that asks by name, and where its form goes. */
export function createSwitchRoutes({ pages, pending, cookies, origins, findUser, enter }: SwitchDependencies): Hono {
  const openerOf = (request: Request) => new URL(request.url).searchParams.get("opener_origin") ?? "";

  async function ask(request: Request): Promise<Response> {
    const handoff = pending.peek(cookies.handoff.parse(request) ?? "");
    const user = handoff && (await findUser(handoff.userId));
    if (!user) throw unauthenticated(({ refusals }) => refusals.waitedTooLong);
    const current = await pages.findViewer(request);
    const label = labelOf({ userId: user.id, name: user.name });
    const { connect, switchUser, cancel } = sentencesOf(request).pages;
    const body = html`<p>
        ${current ? connect.willBeSignedOut(labelOf(current)) : ""} ${connect.onlyIfAsked(label)} ${switchUser.otherwise}
      </p>
      <form method="post" action="${SWITCH_PATH}?${new URLSearchParams({ opener_origin: openerOf(request) })}">
        <button>${switchUser.agree(label)}</button>
      </form>
      <a class="quiet" href="/" id="cancel">${cancel}</a>`;
    return renderPage(pages, request, { title: switchUser.title(label), body, hasForm: true, script: closesOnCancel });
  }

  async function agree(request: Request): Promise<Response> {
    if (request.headers.get("origin") !== origins.own) throw forbidden(({ refusals }) => refusals.foreignForm);
    const handoff = await pending.redeem(cookies.handoff.parse(request) ?? "");
    if (!handoff) throw unauthenticated(({ refusals }) => refusals.waitedTooLong);
    const setCookies = await enter(handoff, request);
    // That page tells its opener that it is ready, and judges the origin once more.
    const location = `/authorizations/loading?${new URLSearchParams({ opener_origin: openerOf(request) })}`;
    return redirectTo(location, [...setCookies, cookies.handoff.clear()]);
  }

  const explain = (request: Request, answering: Promise<Response>): Promise<Response> =>
    answering.catch((error: unknown) => renderFailure(pages, request, error, renderWayToCatalog(request)));

  const routes = new Hono();
  routes.get(SWITCH_PATH, ({ req }) => explain(req.raw, ask(req.raw)));
  routes.post(SWITCH_PATH, ({ req }) => explain(req.raw, agree(req.raw)));
  return routes;
}

/** A popup is closed; the page that opened it hears of that. Elsewhere the link leads to the catalog. */
const closesOnCancel = `
document.getElementById("cancel").addEventListener("click", (event) => {
  if (!window.opener) return;
  event.preventDefault();
  window.close();
});
`;
