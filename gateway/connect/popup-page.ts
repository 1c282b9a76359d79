import { html, raw } from "hono/html";
import { languageOfPage, sentencesOf } from "../http/language.ts";
import { findShownViewer, type Pages, pageStyle, renderDocument, renderMark, renderSignedIn, sourceOf } from "./page.ts";

/**
 * Tells the page that opened this window that it is ready, once it is signed in; or what went wrong, and closes (contract, "Popup").
 * Without an opener nothing is redeemed: this window was not opened by a page, but by a link. Without an origin that may be told it
 * stays open, so that what went wrong can be read.
 */
const loadingScript = `
(async () => {
  const said = document.querySelector("[role=status]");
  const { openerOrigin, error, lost, ofAnotherPage } = said.dataset;
  const opener = window.opener;
  const say = (text) => { said.textContent = text; };
  document.getElementById("leave").addEventListener("click", (event) => {
    if (!opener) return;
    event.preventDefault();
    window.close();
  });
  if (!openerOrigin) return say(error);
  if (!opener) return say(error || ofAnotherPage);
  const tell = (message) => opener.postMessage(message, openerOrigin);
  const giveUp = (text) => { say(text); tell({ error: text }); window.close(); };
  if (error) return giveUp(error);
  window.addEventListener("message", (event) => {
    const next = event.data && event.data.location;
    if (event.source !== opener || event.origin !== openerOrigin || typeof next !== "string") return;
    if (/^https?:\\/\\//i.test(next)) window.location.replace(next);
  });
  const token = new URLSearchParams(window.location.search).get("token");
  if (token) {
    window.history.replaceState(null, "", window.location.pathname);
    const body = JSON.stringify({ token, openerOrigin });
    const request = { method: "POST", headers: { "content-type": "application/json" }, body };
    const answer = await fetch("/authorizations/redeem", request).catch(() => null);
    if (!answer) return giveUp(lost);
    if (!answer.ok) return giveUp((await answer.json()).error);
    // Another user is signed in here, who is asked first.
    if (answer.status === 200) return window.location.replace((await answer.json()).location);
  }
  tell("authWindow:ready");
})();
`;

/** The page behind waits for the status and closes this window too, if it is first. */
const doneScript = `window.close();`;

const scripts = { loading: loadingScript, done: doneScript };

interface PopupPage {
  script: keyof typeof scripts;
  title: string;
  text: string;
  status?: number;
  /** A valid origin: where messages may go. Without one `error` is shown. */
  openerOrigin?: string;
  /** What to tell the opener instead of being ready. */
  error?: string;
  headers?: Record<string, string>;
}

/** A page of the popup: one script and one style, both named by hash, and nothing else from anywhere but the platform's logo. */
export async function renderPopupPage(pages: Pages, request: Request, page: PopupPage): Promise<Response> {
  const { script, title, text, status = 200, openerOrigin, error, headers } = page;
  const { platform } = pages;
  const viewer = await findShownViewer(pages, request);
  const source = scripts[script];
  const sentences = sentencesOf(request);
  const words = sentences.pages;
  const { lost, ofAnotherPage } = words.popup;
  const opener = openerOrigin === undefined ? "" : html` data-opener-origin="${openerOrigin}"`;
  const failure = error === undefined ? "" : html` data-error="${error}"`;
  const leave = script === "done" ? words.continue : error === undefined ? words.cancel : words.toCatalog;
  const content = html`<main>
      <header>${renderMark(platform)} <span dir="auto">${platform.name}</span></header>
      <h1>${title}</h1>
      <p role="status" ${opener}${failure} data-lost="${lost}" data-of-another-page="${ofAnotherPage}">${text}</p>
      <a class="quiet" href="/" id="leave">${leave}</a>
      ${viewer ? renderSignedIn(viewer, sentences) : ""}
    </main>
    ${raw(`<script>${source}</script>`)}`;
  return renderDocument(platform, {
    language: languageOfPage(request),
    title,
    status,
    style: pageStyle,
    content,
    policy: { scripts: `script-src ${sourceOf(source)}; connect-src 'self'; `, formAction: viewer ? "'self'" : "'none'" },
    headers: { ...headers },
  });
}
