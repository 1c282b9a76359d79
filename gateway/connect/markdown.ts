import { html } from "hono/html";
import type { MarkdownBlock, MarkdownInline, MarkdownTree } from "../../client/markdown/tree.ts";
import type { Html } from "./page.ts";

/** An operator's text for the user. Links open in a new tab. */
export const renderMarkdown = async (tree: Promise<MarkdownTree>): Promise<Awaited<Html>> => html`${(await tree).map(renderBlock)}`;

function renderBlock(block: MarkdownBlock): Html {
  switch (block.type) {
    case "paragraph":
      return html`<p>${block.children.map(renderInline)}</p>`;
    case "heading":
      return html`<p><strong>${block.children.map(renderInline)}</strong></p>`;
    case "code":
      return html`<pre>${block.text}</pre>`;
    default: {
      const items = block.items.map((item) => html`<li>${item.map(renderBlock)}</li>`);
      return block.isOrdered ? html`<ol>${items}</ol>` : html`<ul>${items}</ul>`; // prettier-ignore
    }
  }
}

function renderInline(inline: MarkdownInline): Html | string {
  if (typeof inline === "string") return inline;
  switch (inline.type) {
    case "strong":
      return html`<strong>${inline.children.map(renderInline)}</strong>`;
    case "emphasis":
      return html`<em>${inline.children.map(renderInline)}</em>`;
    case "code":
      return html`<code>${inline.text}</code>`;
    case "link":
      return html`<a href="${inline.url}" rel="noopener noreferrer" target="_blank">${inline.children.map(renderInline)}</a>`;
    default:
      return html`<br />`;
  }
}
