import { createHash } from "node:crypto";
import { html, raw } from "hono/html";
import type { HtmlEscapedString } from "hono/utils/html";
import type { Platform, Viewer } from "../../schema/upstream.ts";
import { GatewayError } from "../../schema/errors.ts";
import { type Failure, failureHeaders, failureOf } from "../http/failure.ts";
import { imageOriginsOf } from "../http/image-origins.ts";
import { renderOpenerMessage, type OpenerMessage, OPENER_SCRIPT_SOURCE } from "./opener.ts";

export type Html = HtmlEscapedString | Promise<HtmlEscapedString>;

const rules = `
:root { color-scheme: light dark; --ink: #18181b; --soft: #52525b; --line: #e4e4e7; --field: #8a8a94; --paper: #fff; --ground: #f4f4f5; --bad: #b91c1c; }
@media (prefers-color-scheme: dark) { :root { --ink: #fafafa; --soft: #a1a1aa; --line: #3f3f46; --field: #7d7f8a; --paper: #18181b; --ground: #09090b; --bad: #f87171; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; grid-template-columns: minmax(0, 1fr); place-items: center; padding: 1.5rem; background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { width: 100%; min-width: 0; max-width: 26rem; overflow-wrap: anywhere; padding: 2rem; background: var(--paper); border: 1px solid var(--line); border-radius: 1rem; }
header { display: flex; align-items: center; gap: .625rem; margin: 0 0 1.25rem; font-weight: 600; }
header img { height: 1.75rem; max-width: 8rem; object-fit: contain; }
header span { flex: none; display: grid; place-items: center; width: 1.75rem; height: 1.75rem; font-size: .875rem; color: var(--on-accent); background: var(--accent); border: 1px solid var(--accent-edge); border-radius: .5rem; }
h1 { margin: 0 0 .5rem; font-size: 1.375rem; line-height: 1.25; }
p { margin: 0 0 1rem; color: var(--soft); }
code { font-size: .8125rem; }
.device { margin: 0 0 1rem; padding: .75rem; text-align: center; border: 1px solid var(--line); border-radius: .625rem; }
.device code { font-size: 1.75rem; letter-spacing: .08em; user-select: all; color: var(--ink); }
label { display: block; margin: 0 0 .25rem; font-weight: 600; }
.field { margin: 0 0 1rem; } .row { display: flex; align-items: center; gap: .5rem; color: var(--soft); }
input, select { width: 100%; padding: .625rem .75rem; font: inherit; color: inherit; background: transparent; border: 1px solid var(--field); border-radius: .5rem; }
a.button, button { display: block; width: 100%; padding: .75rem 1rem; font: inherit; font-weight: 600; text-align: center; text-decoration: none; color: var(--on-accent); background: var(--accent); border: 1px solid var(--accent-edge); border-radius: .625rem; cursor: pointer; }
footer { display: flex; flex-wrap: wrap; justify-content: space-between; gap: .25rem 1rem; margin-top: 1.5rem; padding-top: 1rem; border-top: 1px solid var(--line); color: var(--soft); font-size: .875rem; }
footer button { width: auto; padding: 0; font-size: inherit; font-weight: 400; color: inherit; background: none; border: 0; border-radius: 0; text-decoration: underline; }
a.quiet, p.quiet { display: block; margin-top: 1rem; text-align: center; color: var(--soft); }
:focus-visible { outline: 3px solid var(--ink); outline-offset: 2px; }
.field p { margin: .25rem 0 0; font-size: .875rem; } select { background: var(--paper); } [aria-invalid] { border-color: var(--bad); }
[role=alert] { color: var(--bad); }
`;

/** Where the form of every page signs out. */
export const SIGN_OUT_PATH = "/sign-out";
/** The catalog's, for a platform that has none. */
const DEFAULT_COLOR = "#5b5bd6";
/** Relative luminance on which black and white are read equally well (WCAG 2.2 success criterion 1.4.3). */
const MIDDLE_LUMINANCE = 0.179;
/** Relative luminance between which a shape is seen on the light and on the dark page, by 3:1 (WCAG 2.2 success criterion 1.4.11). */
const SHAPE_LUMINANCE = { onDark: 0.13, onLight: 0.3 };
/** The edge of a shape that is not seen by its colour alone: by 3:1 on both pages. */
const EDGE_COLOR = "#85858f";

/** Relative luminance of `#rrggbb`, 0 to 1. */
function luminanceOf(color: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const share = parseInt(color.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** The platform's colour, what is read well on it, and its edge, as `--accent`, `--on-accent` and `--accent-edge`. */
export const accentOf = ({ color }: Platform): string => {
  const accent = color ?? DEFAULT_COLOR;
  const luminance = luminanceOf(accent);
  const ink = luminance > MIDDLE_LUMINANCE ? "#000" : "#fff";
  const edgeIf = (isNeeded: boolean) => `--accent-edge: ${isNeeded ? EDGE_COLOR : "transparent"}`;
  return `:root { --accent: ${accent}; --on-accent: ${ink}; ${edgeIf(luminance > SHAPE_LUMINANCE.onLight)}; }
@media (prefers-color-scheme: dark) { :root { ${edgeIf(luminance < SHAPE_LUMINANCE.onDark)}; } }`;
};

export interface Page {
  title: string;
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

/** A small first-party page in answer to `request`: no script but the one that tells an opener, and nothing from another host but the platform's logo. */
export async function renderPage(pages: Pages, request: Request, page: Page): Promise<Response> {
  const { title, status = 200, body, hasForm = false, openerMessage = null, script = null, headers = {} } = page;
  const { platform } = pages;
  // In an outage the page is shown without the user's name.
  const viewer = await pages.findViewer(request).catch(() => null);
  const content = html`<main>
      <header>${renderMark(platform)} ${platform.name}</header>
      <h1>${title}</h1>
      ${body} ${viewer ? renderSignedIn(viewer) : ""}
    </main>
    ${openerMessage ? renderOpenerMessage(openerMessage) : ""} ${script === null ? "" : raw(`<script>${script}</script>`)}`;
  const scriptSources = [...(openerMessage ? [OPENER_SCRIPT_SOURCE] : []), ...(script === null ? [] : [sourceOf(script)])];
  const scripts = scriptSources.length > 0 ? `script-src ${scriptSources.join(" ")}; ` : "";
  const formAction = hasForm ? "'self' https: http://localhost:* http://127.0.0.1:*" : viewer ? "'self'" : "'none'";
  const policy = { scripts: `${scripts}${script === null ? "" : "connect-src 'self'; "}`, formAction };
  return renderDocument(platform, { title, status, headers, style: rules, content, policy });
}

/** A whole page, before it is told to whom it belongs. */
export interface Document {
  title: string;
  status: number;
  headers: Record<string, string>;
  /** Rules of CSS, to which those of the platform's colour are added. */
  style: string;
  /** What is in the body. */
  content: Html;
  /** What of its Content Security Policy differs from page to page: directives for scripts, and where forms lead. */
  policy: { scripts: string; formAction: string };
}

/** A page of HTML that loads nothing from another host but the platform's logo, and that no page frames. */
export async function renderDocument(
  platform: Platform,
  { title, status, headers, style: rules, content, policy }: Document,
): Promise<Response> {
  const style = `${accentOf(platform)}${rules}`;
  const logoSource = logoSourceOf(platform);
  const document = await html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title} · ${platform.name}</title>
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
      "content-security-policy": `default-src 'none'; style-src ${sourceOf(style)}; ${policy.scripts}${logoSource ? `img-src ${logoSource}; ` : ""}form-action ${policy.formAction}; frame-ancestors 'none'; base-uri 'none'`,
      // With `no-referrer` a browser would send a form with `Origin: null` (fetch.spec.whatwg.org, "append a request Origin header").
      ...(policy.formAction !== "'none'" && { "referrer-policy": "same-origin" }),
      ...headers,
    },
  });
}

const logoSourceOf = ({ logoUrl }: Platform): string | undefined =>
  (logoUrl?.startsWith("data:") ? ["data:"] : imageOriginsOf([logoUrl]))[0];

const segmenter = new Intl.Segmenter();

/** The first character as a reader sees it, which may be several code points (Unicode Standard Annex 29). */
const initialOf = (name: string): string => segmenter.segment(name).containing(0)?.segment.toUpperCase() ?? "";

/** The platform's logo, or its initial. */
export const renderMark = (platform: Platform): Html =>
  logoSourceOf(platform)
    ? html`<img src="${platform.logoUrl}" alt="" />`
    : html`<span aria-hidden="true">${initialOf(platform.name)}</span>`;

/** What lets an inline style or script of these words in (Content Security Policy Level 3 section 2.3.1). */
const sourceOf = (text: string): string => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

/** A user in words: names are not unique, so the id is beside it. */
export const labelOf = ({ userId, name }: Pick<Viewer, "userId" | "name">): string =>
  name === null || name === userId ? userId : `${name} (${userId})`;

/** Who is signed in, with a way to sign out. Needs `form-action 'self'`, and a referrer policy under which forms name their origin. */
export const renderSignedIn = (viewer: Viewer): Html =>
  html`<footer>
    <span>Signed in as ${labelOf(viewer)}</span>
    <form method="post" action="${SIGN_OUT_PATH}"><button>Sign out</button></form>
  </footer>`;

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
  const openerMessage = openerOrigin === null ? null : { openerOrigin, error: failure.message };
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
    title: "That did not work",
    status: failure.status,
    headers,
    openerMessage,
    body: html`<p role="alert">${failure.message}</p>
      ${body}`,
  });
