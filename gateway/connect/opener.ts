/** The page that opened this window and waits for its end: which one, and how it is told that there is none. */
import { createHash } from "node:crypto";
import { html, raw } from "hono/html";
import type { OriginCheck } from "../http/web-origin.ts";

/** In a `returnTo`, the origin of the page that waits. */
const OPENER_PARAMETER = "opener_origin";

/** What is told, and to which valid web origin. */
export interface OpenerMessage {
  openerOrigin: string;
  error: string;
}

/** The web origin that a `returnTo` names as waiting; null for none, and for one that is not valid. */
export function openerOf(returnTo: string | null, { own, isValid }: Pick<OriginCheck, "own" | "isValid">): string | null {
  const url = URL.parse(returnTo ?? "", own);
  const opener = url?.origin === own ? url.searchParams.get(OPENER_PARAMETER) : null;
  return opener !== null && isValid(opener) ? opener : null;
}

/** As the first page of the popup does (contract, "Popup"). Where no page opened this window, it stays to be read. */
const script = `
const { openerOrigin, error } = document.currentScript.dataset;
if (window.opener) {
  window.opener.postMessage({ error }, openerOrigin);
  window.close();
}
`;

/** What lets the script run, for `script-src`. */
export const OPENER_SCRIPT_SOURCE = `'sha256-${createHash("sha256").update(script).digest("base64")}'`;

/** In one piece: white space of a formatter inside would not match the hash. */
export const renderOpenerMessage = ({ openerOrigin, error }: OpenerMessage): ReturnType<typeof html> =>
  // prettier-ignore
  html`<script data-opener-origin="${openerOrigin}" data-error="${error}">${raw(script)}</script>`;
