/** The one parser of Markdown: descriptions and instructions, which operators and upstreams write. */
import { LRUCache } from "lru-cache";
import type { Nodes } from "mdast";
import type { MarkdownBlock, MarkdownInline, MarkdownTree } from "../client/markdown/tree.ts";

/** What is longer is shown up to here. */
const LONGEST_TEXT = 10_000;
/** Lists in lists, emphasis in emphasis: what is deeper is left out. */
const MAXIMUM_DEPTH = 8;
/** Texts whose trees are kept. */
const MAXIMUM_TREES = 1_000;

const trees = new LRUCache<string, Promise<MarkdownTree>>({ max: MAXIMUM_TREES });

/**
 * A text as a tree of paragraphs, headings, lists, emphasis, code and links to `http`, `https` or `mailto` (CommonMark). HTML is text,
 * an image is its description, and a link to anything else is its label. Each text is parsed once.
 */
export function parseMarkdown(text: string): Promise<MarkdownTree> {
  const known = trees.get(text);
  if (known) return known;
  const parsing = parse(text.slice(0, LONGEST_TEXT));
  trees.set(text, parsing);
  return parsing;
}

/** The parser is loaded when the first text is shown. */
async function parse(text: string): Promise<MarkdownTree> {
  const { fromMarkdown } = await import("mdast-util-from-markdown");
  return fromMarkdown(text).children.flatMap((node) => toBlocks(node, 0));
}

function toBlocks(node: Nodes, depth: number): MarkdownBlock[] {
  if (depth > MAXIMUM_DEPTH) return [];
  switch (node.type) {
    case "paragraph":
    case "heading":
      return [{ type: node.type, children: inlinesOf(node.children, depth + 1) }];
    case "list":
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
  if (depth > MAXIMUM_DEPTH) return [];
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
