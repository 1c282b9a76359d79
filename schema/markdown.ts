/** The one parser of Markdown: descriptions and instructions, which operators and upstreams write. */
import { LRUCache } from "lru-cache";
import type { Nodes } from "mdast";
import type { MarkdownBlock, MarkdownInline, MarkdownTree } from "../client/markdown/tree.ts";

/** What is longer is shown up to here, in characters. */
export const LONGEST_MARKDOWN = 10_000;
/** Most line breaks and characters of markup of one text. The parser's time grows with their square: for these it is below 60 ms. */
const MAXIMUM_MARKUP = 600;
/** What begins a block, an inline element or an ordered list in CommonMark. */
const MARKUP = /[\n\r*_[\]<>`&#\\=+-]|\d[.)]/g;
/** Lists in lists, emphasis in emphasis: what is deeper has the form of what is around it. */
const MAXIMUM_DEPTH = 8;
/** Characters of the texts of upstreams whose trees are kept. */
const MAXIMUM_REMEMBERED = 500_000;

/** Why a text would take too long to parse; null where it does not. */
export function findMarkdownProblem(text: string): string | null {
  const count = text.match(MARKUP)?.length ?? 0;
  const most = MAXIMUM_MARKUP.toLocaleString("en");
  return count > MAXIMUM_MARKUP
    ? `has ${count.toLocaleString("en")} line breaks and characters like *, [ and >: at most ${most} are read`
    : null;
}

/**
 * A text as a tree of paragraphs, headings, lists, emphasis, code and links to `http`, `https` or `mailto` (CommonMark). HTML is text,
 * an image is its description, and a link to anything else is its label. What would take too long to parse is one paragraph, as it is
 * written. The parser is loaded with the first text.
 */
export async function parseMarkdown(text: string): Promise<MarkdownTree> {
  const shown = text.slice(0, LONGEST_MARKDOWN);
  if (findMarkdownProblem(shown) !== null) return [{ type: "paragraph", children: [shown] }];
  const { fromMarkdown } = await import("mdast-util-from-markdown");
  return fromMarkdown(shown).children.flatMap((node) => toBlocks(node, 0));
}

const remembered = new LRUCache<string, Promise<MarkdownTree>>({
  maxSize: MAXIMUM_REMEMBERED,
  sizeCalculation: (_tree, text) => text.length + 1,
});

/** As `parseMarkdown`, for a text that an upstream sends with each of its answers: it is parsed the first time. */
export function recallMarkdown(text: string): Promise<MarkdownTree> {
  const key = text.slice(0, LONGEST_MARKDOWN);
  const known = remembered.get(key);
  if (known) return known;
  const parsing = parseMarkdown(key);
  remembered.set(key, parsing);
  return parsing;
}

function toBlocks(node: Nodes, depth: number): MarkdownBlock[] {
  switch (node.type) {
    case "paragraph":
    case "heading":
      return [{ type: node.type, children: inlinesOf(node.children, depth + 1) }];
    case "list":
      if (depth >= MAXIMUM_DEPTH) return node.children.flatMap((item) => item.children.flatMap((child) => toBlocks(child, depth)));
      return [
        {
          type: "list",
          isOrdered: node.ordered === true,
          items: node.children.map((item) => item.children.flatMap((child) => toBlocks(child, depth + 1))),
        },
      ];
    case "blockquote":
      return node.children.flatMap((child) => toBlocks(child, depth + 1));
    case "code":
      return [{ type: "code", text: node.value }];
    case "html":
      return [{ type: "paragraph", children: [node.value] }];
    default:
      return [];
  }
}

const inlinesOf = (nodes: readonly Nodes[], depth: number): MarkdownInline[] => nodes.flatMap((node) => toInlines(node, depth));

function toInlines(node: Nodes, depth: number): MarkdownInline[] {
  switch (node.type) {
    case "text":
    case "html":
      return [node.value];
    case "inlineCode":
      return [{ type: "code", text: node.value }];
    case "break":
      return [{ type: "break" }];
    case "emphasis":
    case "strong":
      if (depth >= MAXIMUM_DEPTH) return inlinesOf(node.children, depth);
      return [{ type: node.type, children: inlinesOf(node.children, depth + 1) }];
    case "link":
      return toLink(node.url, inlinesOf(node.children, depth + 1));
    case "linkReference":
      return inlinesOf(node.children, depth + 1);
    case "image":
    case "imageReference":
      return node.alt ? [node.alt] : [];
    default:
      return [];
  }
}

function toLink(address: string, children: MarkdownInline[]): MarkdownInline[] {
  const url = URL.parse(address);
  return url && ["http:", "https:", "mailto:"].includes(url.protocol) ? [{ type: "link", url: url.href, children }] : children;
}
