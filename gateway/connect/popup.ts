/**
 * The popup of xkit.js (contract, "Popup"): `/authorizations/loading`, `/authorizations/:slug/loading?token=`, `/authorizations/done`.
 *
 * The second page redeems a one-time token out of its address. Where this gateway knows the users, that signs the browser in
 * (`popup-sign-in.ts`): a login by link, so that an attacker could try to sign a victim in as the attacker, and the victim's next
 * connection would land in the attacker's account (login CSRF). In front of another gateway it signs no user in: there the window is
 * bound, and asked by name, at the link that it goes on to. Hence:
 *
 * 1. Opening the address changes nothing. A script on the page redeems the token by POST, so mail scanners, previews and prefetching
 *    use no token up, and the POST is taken from this gateway's own origin alone (`Origin`), which no other page can send.
 * 2. The script does so only in a window that another window opened (`window.opener`): a link in a mail or a chat opens none that has
 *    one. xkit.js cannot work without an opener, so nothing is lost.
 * 3. The page holds the script at all only if the navigation began on a valid web origin, as `Referer` says, which pages can leave out
 *    but not forge; or on this gateway itself (`Sec-Fetch-Site: same-origin`: Electron, where the page is told by message to go on).
 *    So an attacker's page that opens the window gets the error page. A platform's page needs no more than the browsers' default
 *    `Referrer-Policy`, `strict-origin-when-cross-origin`; under `no-referrer` it is refused, with a sentence that says so.
 * 4. Messages go to `opener_origin` alone, and only if that is a valid web origin: an attacker's page hears nothing.
 */
import { Hono } from "hono";
import { z } from "zod";
import { forbidden, GatewayError, unauthenticated } from "../../schema/errors.ts";
import { slugSchema } from "../../schema/input.ts";
import { POPUP_DONE_PATH } from "../http/action-path.ts";
import { failureHeaders, failureOf, toProblem } from "../http/failure.ts";
import { sentencesOf } from "../http/language.ts";
import type { OriginCheck } from "../http/web-origin.ts";
import type { Handoff, HandoffTokens } from "./handoff.ts";
import type { Sentences } from "../../client/languages/sentences.ts";
import { type Pages, sayFailure } from "./page.ts";
import { renderPopupPage } from "./popup-page.ts";

/** What a popup gets for its token, of which the opener is told that it is ready: 204, or where it goes first. */
export type AdmitPopup = (handoff: Handoff, request: Request, openerOrigin: string) => Promise<Response>;

/** Where another gateway connects: its own link says who the window is for. */
export const admitWithoutSignIn: AdmitPopup = () => Promise.resolve(new Response(null, { status: 204 }));

interface Dependencies {
  handoffs: HandoffTokens;
  admit: AdmitPopup;
  origins: OriginCheck;
  pages: Pages;
}

const redemptionSchema = z.object({ token: z.string().max(1_024), openerOrigin: z.string().max(512).default("") });

type PopupWords = Sentences["pages"]["popup"];

/** The pages of the popup, and where the second one redeems its token. */
export function createPopupRoutes(dependencies: Dependencies): Hono {
  const { pages } = dependencies;
  const routes = new Hono();
  routes.get("/authorizations/loading", ({ req }) => showLoading(dependencies, req.raw));
  routes.get(POPUP_DONE_PATH, ({ req }) => {
    const { connected, close } = sentencesOf(req.raw).pages.popup;
    return renderPopupPage(pages, req.raw, { script: "done", title: connected, text: close });
  });
  routes.get("/authorizations/:slug/loading", ({ req }) =>
    slugSchema.safeParse(req.param("slug")).success
      ? showLoading(dependencies, req.raw)
      : renderRefusal(pages, req.raw, { error: ({ unknownConnector }) => unknownConnector }),
  );
  routes.post("/authorizations/redeem", ({ req }) =>
    redeem(dependencies, req.raw).catch((error: unknown) => refuseToRedeem(req.raw, error)),
  );
  return routes;
}

function showLoading({ origins, pages }: Pick<Dependencies, "origins" | "pages">, request: Request): Promise<Response> {
  const { searchParams } = new URL(request.url);
  const openerOrigin = searchParams.get("opener_origin") ?? refererOriginOf(request) ?? "";
  if (!origins.isValid(openerOrigin))
    return renderRefusal(pages, request, {
      error: searchParams.has("opener_origin") ? explainOrigin(openerOrigin) : ({ tooOld }) => tooOld,
    });
  const isSafe = !searchParams.has("token") || cameFrom(request, openerOrigin);
  if (!isSafe) return renderRefusal(pages, request, { error: ({ hiddenOrigin }) => hiddenOrigin, openerOrigin });
  // When the opener sends the window on, WebKit sends the opener's origin under the policy of the window's document.
  const headers = searchParams.has("token") ? {} : { "referrer-policy": "strict-origin-when-cross-origin" };
  const { connecting: title, wait: text } = sentencesOf(request).pages.popup;
  return renderPopupPage(pages, request, { script: "loading", title, text, openerOrigin, headers });
}

/** Without an origin to talk to, only the user can be told: the window stays open. */
function renderRefusal(
  pages: Pages,
  request: Request,
  { error, ...page }: { error: (words: PopupWords) => string; openerOrigin?: string },
): Promise<Response> {
  const { popup, failed: title } = sentencesOf(request).pages;
  const text = error(popup);
  return renderPopupPage(pages, request, { ...page, title, script: "loading", text, status: 403, error: text });
}

/** The page shows why, and tells the page that opened it. */
function refuseToRedeem(request: Request, error: unknown): Response {
  if (!(error instanceof GatewayError)) throw error;
  const failure = failureOf(error);
  const body = toProblem({ ...failure, message: sayFailure(failure, request) });
  return Response.json(body, { status: failure.status, headers: failureHeaders(failure, null) });
}

async function redeem({ handoffs, origins, admit }: Dependencies, request: Request): Promise<Response> {
  if (request.headers.get("origin") !== origins.own) throw forbidden("One-time tokens are redeemed by this gateway's own page.");
  const { data } = redemptionSchema.safeParse(await request.json().catch(() => null));
  const handoff = data ? await handoffs.redeem(data.token) : null;
  if (!handoff) throw unauthenticated(({ refusals }) => refusals.openedTwice);
  return admit(handoff, request, data?.openerOrigin ?? "");
}

const explainOrigin =
  (openerOrigin: string) =>
  (words: PopupWords): string =>
    URL.parse(openerOrigin)?.origin === openerOrigin ? words.foreignOrigin(openerOrigin) : words.foreignPage;

function cameFrom(request: Request, openerOrigin: string): boolean {
  if (request.headers.get("sec-fetch-site") === "same-origin") return true;
  return refererOriginOf(request) === openerOrigin;
}

const refererOriginOf = (request: Request): string | null => URL.parse(request.headers.get("referer") ?? "")?.origin ?? null;
