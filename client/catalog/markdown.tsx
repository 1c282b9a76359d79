import type { ReactNode } from "react";
import type { MarkdownBlock, MarkdownInline, MarkdownTree } from "../markdown/tree.ts";

function renderInline(inline: MarkdownInline, key: number): ReactNode {
  if (typeof inline === "string") return inline;
  switch (inline.type) {
    case "strong":
      return <strong key={key}>{inline.children.map(renderInline)}</strong>;
    case "emphasis":
      return <em key={key}>{inline.children.map(renderInline)}</em>;
    case "code":
      return (
        <code key={key} className="rounded bg-hover px-1 py-0.5 text-[0.9em]">
          {inline.text}
        </code>
      );
    case "link":
      return (
        <a key={key} href={inline.url} rel="noopener noreferrer" target="_blank" className="text-accent underline underline-offset-2">
          {inline.children.map(renderInline)}
        </a>
      );
    default:
      return <br key={key} />;
  }
}

function renderBlock(block: MarkdownBlock, key: number): ReactNode {
  switch (block.type) {
    case "paragraph":
      return <p key={key}>{block.children.map(renderInline)}</p>;
    case "heading":
      return (
        <p key={key} className="font-semibold text-text">
          {block.children.map(renderInline)}
        </p>
      );
    case "code":
      return (
        <pre key={key} className="whitespace-pre-wrap rounded bg-hover p-3 text-[0.9em]">
          {block.text}
        </pre>
      );
    default: {
      const List = block.isOrdered ? "ol" : "ul";
      return (
        <List key={key} className={`${block.isOrdered ? "list-decimal" : "list-disc"} flex flex-col gap-1 ps-5`}>
          {block.items.map((item, index) => (
            <li key={index}>{item.map(renderBlock)}</li>
          ))}
        </List>
      );
    }
  }
}

/** A text that the gateway has parsed. */
export const Markdown = ({ tree }: { tree: MarkdownTree }) => (
  <div className="flex flex-col gap-3 text-[15px] leading-relaxed text-muted wrap-anywhere">{tree.map(renderBlock)}</div>
);
