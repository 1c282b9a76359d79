import { createHash } from "node:crypto";
import { html, raw } from "hono/html";
import type { HtmlEscapedString } from "hono/utils/html";
import type { Platform, Viewer } from "../../schema/upstream.ts";
import { accentOf } from "../../client/design/accent.ts";
import { initialOf, initialsOf } from "../../client/design/initials.ts";
import { groundOf } from "../../client/design/mark.ts";
import { plainName } from "../../client/design/plain-name.ts";
import { tokensOfPage } from "../../client/design/tokens.ts";
import type { Language } from "../../client/languages/language.ts";
import type { Sentences } from "../../client/languages/sentences.ts";
import { type ErrorCode, GatewayError } from "../../schema/errors.ts";
import { answerCompressed } from "../http/compress.ts";
import { type Failure, failureHeaders, failureOf } from "../http/failure.ts";
import { imageOriginsOf } from "../http/image-origins.ts";
import { LANGUAGE_HEADER, languageOfPage, sentencesOf } from "../http/language.ts";
import { FAVICON_PATH } from "./favicon.ts";
import { renderOpenerMessage, type OpenerMessage, OPENER_SCRIPT_SOURCE } from "./opener.ts";

export type Html = HtmlEscapedString | Promise<HtmlEscapedString>;

/** How the platform and who is signed in are drawn where there is no picture, on every page. */
export const initialStyle = `
.initial { flex: none; display: grid; place-items: center; width: 1.75rem; height: 1.75rem; font-size: .875rem; color: var(--xk-on-fill); background: var(--xk-fill); border: 1px solid var(--xk-edge); border-radius: .5rem; }
.avatar { flex: none; display: grid; place-items: center; width: 2rem; height: 2rem; font-size: .75rem; font-weight: 600; color: var(--xk-text); background: var(--xk-hover); border: 1px solid var(--xk-line-strong); border-radius: 50%; }
`;

/** How the small pages look, with the tokens that `renderDocument` adds. */
export const pageStyle = `${initialStyle}
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; grid-template-columns: minmax(0, 1fr); place-items: center; padding: 1.5rem; background: var(--xk-page); color: var(--xk-text); font: 16px/1.5 var(--xk-font); -webkit-text-size-adjust: 100%; }
main { width: 100%; min-width: 0; max-width: 26rem; overflow-wrap: anywhere; padding: 2rem; background: var(--xk-surface); border: 1px solid var(--xk-line); border-radius: var(--xk-radius); }
h1, p, li, label, button, a, header { unicode-bidi: plaintext; }
header { display: flex; align-items: center; gap: .625rem; margin: 0 0 1.25rem; font-weight: 600; }
header img { height: 1.75rem; max-width: 8rem; object-fit: contain; }
.both { display: flex; align-items: center; justify-content: center; gap: .75rem; margin: .25rem 0 1.25rem; }
.both .mark { width: 4rem; height: 4rem; font-size: 1.375rem; font-weight: 600; border-radius: 1rem; }
.both .logo { display: grid; place-items: center; padding: .5rem; background: #fff; border: 1px solid var(--xk-line); } .both img { max-width: 100%; max-height: 100%; object-fit: contain; }
.both svg { flex: none; width: 2rem; height: 2rem; padding: .375rem; color: #fff; background: #15703a; border: 1px solid transparent; border-radius: 50%; fill: none; stroke: currentColor; stroke-width: 2.5; stroke-linecap: round; stroke-linejoin: round; }
.centered, .both + h1 { text-align: center; }
h1 { margin: 0 0 .5rem; font-size: 1.375rem; line-height: 1.25; letter-spacing: -.01em; }
p { margin: 0 0 1rem; color: var(--xk-muted); }
code { font-size: .8125rem; }
.device { margin: 0 0 1rem; padding: .75rem; text-align: center; border: 1px solid var(--xk-line); border-radius: .625rem; }
.device code { font-size: 1.75rem; letter-spacing: .08em; user-select: all; color: var(--xk-text); }
label { display: block; margin: 0 0 .25rem; font-weight: 600; }
.field { margin: 0 0 1rem; } .row { display: flex; align-items: center; gap: .5rem; color: var(--xk-muted); }
input, select { width: 100%; padding: .625rem .75rem; font: inherit; color: inherit; background: var(--xk-surface); border: 1px solid var(--xk-field); border-radius: .5rem; }
a { color: var(--xk-accent); text-underline-offset: .2em; }
a.button, button { display: block; width: 100%; padding: .75rem 1rem; font: inherit; font-weight: 600; text-align: center; text-decoration: none; color: var(--xk-on-fill); background: var(--xk-fill); border: 1px solid var(--xk-edge); border-radius: .625rem; cursor: pointer; }
footer { display: flex; flex-wrap: wrap; align-items: center; gap: .25rem .625rem; margin-top: 1.5rem; padding-top: 1rem; border-top: 1px solid var(--xk-line); color: var(--xk-muted); font-size: .875rem; line-height: 1.3; }
.viewer { flex: 1 1 8rem; min-width: 0; color: var(--xk-text); } .viewer span { display: block; unicode-bidi: plaintext; } .viewer .team { color: var(--xk-muted); font-size: .8125rem; }
footer button { width: auto; padding: 0; font-size: inherit; font-weight: 400; color: inherit; background: none; border: 0; border-radius: 0; text-decoration: underline; }
a.quiet, p.quiet { display: block; margin: 1rem 0 0; text-align: center; color: var(--xk-muted); }
:focus-visible { outline: 3px solid var(--xk-text); outline-offset: 2px; }
ol, ul { margin: 0 0 1rem; padding-inline-start: 1.25rem; color: var(--xk-muted); } li p { margin: 0 0 .25rem; } pre { margin: 0 0 1rem; white-space: pre-wrap; }
.field p { margin: .25rem 0 0; font-size: .875rem; } [aria-invalid] { border-color: var(--xk-bad-text); }
[role=alert] { color: var(--xk-bad-text); }
`;

/** Where the form of every page signs out. */
export const SIGN_OUT_PATH = "/sign-out";
export interface Page {
  title: string;
  /** Whose marks are shown with a tick between them: what is connected now. */
  connected?: Mark | null;
  status?: number;
  body: Html;
  /** Set on pages with a form whose answer leads to a provider. */
  hasForm?: boolean;
  /** What the page that opened this window is told of a failure. */
  openerMessage?: OpenerMessage | null;
  /** A script of the page, which may ask the gateway. */
  script?: string;
  headers?: Record<string, string>;
}

/** Sends the browser on. */
export function redirectTo(location: string, setCookies: readonly string[] = []): Response {
  const headers = new Headers({ location });
  for (const cookie of setCookies) headers.append("set-cookie", cookie);
  return new Response(null, { status: 303, headers });
}

/** The pages of the gateway itself. Each says who is signed in, with a way to sign out. */
export interface Pages {
  platform: Platform;
  /** Whom the session cookie of a request belongs to, or null. */
  findViewer(request: Request): Promise<Viewer | null>;
}

/** Who is signed in. In an outage a page is shown without. */
export const findShownViewer = (pages: Pages, request: Request): Promise<Viewer | null> => pages.findViewer(request).catch(() => null);

/** A small first-party page in answer to `request`: no script but the one that tells an opener, and nothing from another host but the platform's logo. */
export async function renderPage(pages: Pages, request: Request, page: Page): Promise<Response> {
  const { title, status = 200, body, hasForm = false, connected = null, openerMessage = null, script = null, headers = {} } = page;
  const { platform } = pages;
  const viewer = await findShownViewer(pages, request);
  const content = html`<main>
      <header>${renderMark(platform)} <span dir="auto">${platform.name}</span></header>
      ${connected ? renderBoth(platform, connected) : ""}
      <h1>${title}</h1>
      ${body} ${viewer ? renderSignedIn(viewer, sentencesOf(request)) : ""}
    </main>
    ${openerMessage ? renderOpenerMessage(openerMessage) : ""} ${script === null ? "" : raw(`<script>${script}</script>`)}`;
  const scriptSources = [...(openerMessage ? [OPENER_SCRIPT_SOURCE] : []), ...(script === null ? [] : [sourceOf(script)])];
  const scripts = scriptSources.length > 0 ? `script-src ${scriptSources.join(" ")}; ` : "";
  const formAction = hasForm ? "'self' https: http://localhost:* http://127.0.0.1:*" : viewer ? "'self'" : "'none'";
  const policy = { scripts: `${scripts}${script === null ? "" : "connect-src 'self'; "}`, formAction };
  const language = languageOfPage(request);
  const images = connected?.markUrl ? [connected.markUrl] : [];
  const style = connected ? `${pageStyle}${connectorStyle(connected)}` : pageStyle;
  const response = await renderDocument(platform, { language, title, status, headers, style, content, policy, images });
  const isForAll = viewer === null && !hasForm && script === null && headers["set-cookie"] === undefined;
  // What is made for one reader may hold a secret, whose length would tell of it (SECURITY.md, "BREACH").
  return isForAll ? answerCompressed(request, await response.text(), Object.fromEntries(response.headers), status) : response;
}

/** A whole page, before it is told to whom it belongs. */
export interface Document {
  language: Language;
  title: string;
  status: number;
  headers: Record<string, string>;
  /** Rules of CSS, to which those of the platform's colour are added. */
  style: string;
  /** What is in the body. */
  content: Html;
  /** What of its Content Security Policy differs from page to page: directives for scripts, and where forms lead. */
  policy: { scripts: string; formAction: string };
  /** Addresses of images beside the platform's logo. */
  images?: readonly string[];
}

/** A page of HTML that loads nothing from another host but the platform's logo, and that no page frames. */
export async function renderDocument(
  platform: Platform,
  { language, title, status, headers, style: rules, content, policy, images = [] }: Document,
): Promise<Response> {
  const style = `${tokensOfPage(accentOf(platform.color))}${rules}`;
  const imageSources = imageSourcesOf([platform.logoUrl, platform.logoDarkUrl ?? null, ...images]);
  const document = await html`<!doctype html>
    <html lang="${language}" dir="ltr">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title} · ${platform.name}</title>
        <link rel="icon" href="${FAVICON_PATH}" type="image/svg+xml" />
        ${
          // In one piece: a formatter's white space inside would not match the hash, and the browser would drop the style.
          raw(`<style>${style}</style>`)
        }
      </head>
      <body>
        ${content}
      </body>
    </html>`;
  return new Response(String(document), {
    status,
    headers: {
      "content-type": "text/html; charset=utf-8",
      vary: LANGUAGE_HEADER,
      "content-security-policy": `default-src 'none'; style-src ${sourceOf(style)}; ${policy.scripts}img-src ${imageSources.join(" ")}; form-action ${policy.formAction}; frame-ancestors 'none'; base-uri 'none'`,
      // With `no-referrer` a browser would send a form with `Origin: null` (fetch.spec.whatwg.org, "append a request Origin header").
      ...(policy.formAction !== "'none'" && { "referrer-policy": "same-origin" }),
      ...headers,
    },
  });
}

const sourceOfImage = (url: string | null): string[] => (url?.startsWith("data:") ? ["data:"] : imageOriginsOf([url]));

/** Where images come from, for `img-src`: the favicon is the gateway's own. */
const imageSourcesOf = (urls: readonly (string | null)[]): string[] => [...new Set(["'self'", ...urls.flatMap(sourceOfImage)])];

/** A connector with its logo, if it has one. */
export interface Mark {
  slug: string;
  name: string;
  markUrl: string | null;
}

/** The platform's logo, or its initial. */
export function renderMark({ name, logoUrl, logoDarkUrl }: Platform): Html {
  if (sourceOfImage(logoUrl).length === 0) return html`<span class="initial" aria-hidden="true">${initialOf(name)}</span>`;
  const dark = logoDarkUrl ? html`<source media="(prefers-color-scheme: dark)" srcset="${logoDarkUrl}" />` : "";
  return html`<picture>${dark}<img src="${logoUrl}" alt="" /></picture>`;
}

/** The platform and what it is connected with now, with a tick between them. */
const renderBoth = ({ name, logoUrl }: Platform, connector: Mark): Html => {
  const renderTile = (url: string | null, initial: Html) =>
    sourceOfImage(url).length > 0 ? html`<span class="mark logo"><img src="${url}" alt="" /></span>` : initial;
  return html`<div class="both" aria-hidden="true">
    ${renderTile(logoUrl, html`<span class="mark initial">${initialOf(name)}</span>`)}
    <svg viewBox="0 0 16 16"><path d="m3 8.5 3.5 3.5 6.5-7.5" /></svg>
    ${renderTile(connector.markUrl, html`<span class="mark initial connector">${initialOf(connector.name)}</span>`)}
  </div>`;
};

/** Its initial looks as in the catalog. */
const connectorStyle = ({ slug }: Mark): string =>
  `.connector { color: #fff; background: ${groundOf(slug)}; border-color: transparent; }\n`;

/** What lets an inline style or script of these words in (Content Security Policy Level 3 section 2.3.1). */
export const sourceOf = (text: string): string => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

/** A user in words: names are not unique, so the id is beside it. */
export const labelOf = ({ userId, name }: Pick<Viewer, "userId" | "name">): string =>
  plainName(name === null || name === userId ? userId : `${name} (${userId})`) ?? userId;

/**
 * Who is signed in, in which team, with a way to sign out. Needs `form-action 'self'`, and a referrer policy under which forms name their
 * origin.
 */
export const renderSignedIn = (viewer: Viewer, { catalog }: Sentences): Html => {
  const { signedInAs, team, signOut } = catalog.viewer;
  return html`<footer>
    ${renderAvatar(viewer.name ?? viewer.userId)}
    <span class="viewer">
      <span>${signedInAs} ${labelOf(viewer)}</span>
      ${viewer.groupId === null ? "" : html`<span class="team">${team(viewer.groupId)}</span>`}
    </span>
    <form method="post" action="${SIGN_OUT_PATH}"><button>${signOut}</button></form>
  </footer>`;
};

/** The initials of who is signed in. */
export const renderAvatar = (name: string): Html => html`<span class="avatar" aria-hidden="true">${initialsOf(name)}</span>`;

/**
 * A page that tells of an expected failure. Throws every other error again.
 * @param openerOrigin a valid web origin, whose page opened this window if any did, and is told too.
 */
export function renderFailure(
  pages: Pages,
  request: Request,
  error: unknown,
  body: Html,
  openerOrigin: string | null = null,
): Promise<Response> {
  if (!(error instanceof GatewayError)) throw error;
  const failure = failureOf(error);
  const openerMessage = openerOrigin === null ? null : { openerOrigin, error: sayFailure(failure, request) };
  return renderFailurePage(pages, request, failure, { body, openerMessage, headers: failureHeaders(failure, null) });
}

/** A page that tells of any failure. */
export const renderFailurePage = (
  pages: Pages,
  request: Request,
  failure: Failure,
  { body, headers, openerMessage = null }: Required<Pick<Page, "body" | "headers">> & Pick<Page, "openerMessage">,
): Promise<Response> =>
  renderPage(pages, request, {
    title: sentencesOf(request).pages.failed,
    status: failure.status,
    headers,
    openerMessage,
    body: html`<p role="alert">${sayFailure(failure, request)}</p>
      ${body}`,
  });

/** A failure in the reader's language. A message for developers is English; in another language its code says what it can. */
export function sayFailure({ code, message, refusal }: Failure, request: Request): string {
  const sentences = sentencesOf(request);
  if (refusal) return refusal(sentences);
  const { byCode } = sentences.pages;
  const isSaid = (asked: ErrorCode): asked is keyof typeof byCode => Object.hasOwn(byCode, asked);
  return languageOfPage(request) === "en" || !isSaid(code) ? message : byCode[code];
}

/** The way out of a page that has no other. */
export const renderWayToCatalog = (request: Request): Html => html`<a class="quiet" href="/">${sentencesOf(request).pages.toCatalog}</a>`;
