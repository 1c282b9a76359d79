import { createHash } from "node:crypto";
import { html, raw } from "hono/html";
import type { Viewer } from "../../schema/upstream.ts";
import { renderSignedIn } from "./page.ts";

const style = `
:root { color-scheme: light dark; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1.5rem; font: 16px/1.5 system-ui, sans-serif; text-align: center; }
`;

/**
 * Tells the page that opened this window that it is ready, once it is signed in; or what went wrong, and closes (contract, "Popup").
 * Without an opener nothing is redeemed: this window was not opened by a page, but by a link. Without an origin that may be told it
 * stays open, so that what went wrong can be read.
 */
const loadingScript = `
(async () => {
  const { openerOrigin, error } = document.body.dataset;
  const opener = window.opener;
  const say = (text) => { document.querySelector("p").textContent = text; };
  if (!openerOrigin) return say(error);
  if (!opener) return say(error || "This window belongs to another page. Close it, and connect from there.");
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
    if (!answer) return giveUp("The connection to the server was lost. Please try again.");
    if (!answer.ok) return giveUp((await answer.json()).error);
    // Another user is signed in here, who is asked first.
    if (answer.status === 200) return window.location.replace((await answer.json()).location);
  }
  tell("authWindow:ready");
})();
`;

/** The page behind waits for the status and closes this window too, if it is first. */
const doneScript = `window.close();`;

/** In one piece, as the script is: white space of a formatter inside would not match the hash. */
const styleElement = raw(`<style>${style}</style>`);

const sourceOf = (text: string): string => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
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
  /** Who is signed in, on a page that may stay open. */
  viewer?: Viewer | null;
  headers?: Record<string, string>;
}

/** A page of the popup: one script and one style, both named by hash, and nothing else from anywhere. */
export async function renderPopupPage(page: PopupPage): Promise<Response> {
  const { script, title, text, status = 200, openerOrigin, error, viewer = null, headers } = page;
  const source = scripts[script];
  const opener = openerOrigin === undefined ? "" : html` data-opener-origin="${openerOrigin}"`;
  const failure = error === undefined ? "" : html` data-error="${error}"`;
  const document = await html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}</title>
        ${styleElement}
      </head>
      <body${opener}${failure}>
        <main><p role="status">${text}</p>${viewer ? renderSignedIn(viewer) : ""}</main>
        ${raw(`<script>${source}</script>`)}
      </body>
    </html>`;
  return new Response(String(document), {
    status,
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": `default-src 'none'; script-src ${sourceOf(source)}; style-src ${sourceOf(style)}; connect-src 'self'; form-action ${viewer ? "'self'" : "'none'"}; frame-ancestors 'none'; base-uri 'none'`,
      ...(viewer && { "referrer-policy": "same-origin" }),
      ...headers,
    },
  });
}
