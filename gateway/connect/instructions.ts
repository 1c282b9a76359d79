import { html } from "hono/html";
import type { Html } from "./page.ts";

/** Links to https, bold and code: the Markdown that instructions need. Anything else, as `javascript:`, stays text. */
const INLINE = /\[([^\]]+)\]\((https:\/\/[^)\s]+)\)|\*\*(.+?)\*\*|`([^`]+)`/g;

/** An operator's instructions for the user, one paragraph for each block. */
export const renderInstructions = (text: string): Html =>
  html`${text
    .trim()
    .split(/\n\s*\n/)
    .map((block) => html`<p>${inline(block)}</p>`)}`;

function inline(text: string): (string | Html)[] {
  const parts: (string | Html)[] = [];
  let end = 0;
  for (const match of text.matchAll(INLINE)) {
    const [whole, label, url, strong, code] = match;
    parts.push(text.slice(end, match.index));
    end = match.index + whole.length;
    if (url) parts.push(html`<a href="${url}" rel="noreferrer" target="_blank">${label}</a>`);
    else if (strong) parts.push(html`<strong>${strong}</strong>`);
    else parts.push(html`<code>${code}</code>`);
  }
  return [...parts, text.slice(end)];
}
