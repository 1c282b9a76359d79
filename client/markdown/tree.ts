/** A text that was written in Markdown, as a small tree: what pages may show of it, and nothing else. */
export type MarkdownTree = MarkdownBlock[];

export type MarkdownBlock =
  | { type: "paragraph" | "heading"; children: MarkdownInline[] }
  | { type: "list"; isOrdered: boolean; items: MarkdownTree[] }
  | { type: "code"; text: string };

export type MarkdownInline =
  | string
  | { type: "strong" | "emphasis"; children: MarkdownInline[] }
  | { type: "code"; text: string }
  /** The address is of `http`, `https` or `mailto`. */
  | { type: "link"; url: string; children: MarkdownInline[] }
  | { type: "break" };
