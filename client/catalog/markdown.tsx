import { Fragment, type ReactNode } from "react";

/** Links that a description may hold; anything else, as `javascript:`, stays text. */
const SAFE_URL = /^(https?:\/\/|mailto:)/i;
const INLINE = /\[([^\]]+)\]\(([^)\s]+)\)|\*\*(.+?)\*\*|\*(.+?)\*|`([^`]+)`/g;

function inline(text: string): ReactNode[] {
  const nodes: ReactNode[] = [];
  let end = 0;
  for (const match of text.matchAll(INLINE)) {
    const [whole, label, url, strong, emphasis, code] = match;
    nodes.push(text.slice(end, match.index));
    end = match.index + whole.length;
    if (url !== undefined && !SAFE_URL.test(url)) nodes.push(label);
    else if (url !== undefined)
      nodes.push(
        <a href={url} rel="noreferrer" target="_blank" className="text-accent underline underline-offset-2">
          {label}
        </a>,
      );
    else if (strong !== undefined) nodes.push(<strong>{inline(strong)}</strong>);
    else if (emphasis !== undefined) nodes.push(<em>{inline(emphasis)}</em>);
    else nodes.push(<code className="rounded bg-hover px-1 py-0.5 text-[0.9em]">{code}</code>);
  }
  nodes.push(text.slice(end));
  return nodes.map((node, index) => <Fragment key={index}>{node}</Fragment>);
}

const isItem = (line: string) => /^\s*([-*]|\d+\.)\s+/.test(line);
const itemText = (line: string) => line.replace(/^\s*([-*]|\d+\.)\s+/, "");

function block(text: string): ReactNode {
  const lines = text.split("\n");
  const heading = /^#{1,6}\s+(.*)$/.exec(text);
  if (heading) return <p className="font-semibold text-text">{inline(heading[1] ?? "")}</p>;
  if (!lines.every(isItem)) return <p>{inline(lines.join(" "))}</p>;
  const List = /^\s*\d/.test(text) ? "ol" : "ul";
  const items = lines.map((line, index) => <li key={index}>{inline(itemText(line))}</li>);
  return <List className={`${List === "ol" ? "list-decimal" : "list-disc"} flex flex-col gap-1 ps-5`}>{items}</List>;
}

/** Splits where a list begins or ends, so that it needs no empty line around it. */
const blocksOf = (text: string) =>
  text
    .replace(/\r\n?/g, "\n")
    .replace(/^(#{1,6}\s.*)$/gm, "\n$1\n")
    .split("\n")
    .reduce<string[][]>(
      (blocks, line) => {
        const last = blocks.at(-1);
        if (!line.trim()) blocks.push([]);
        else if (last && (last.length === 0 || isItem(last.at(-1) ?? "") === isItem(line))) last.push(line.trim());
        else blocks.push([line.trim()]);
        return blocks;
      },
      [[]],
    )
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"));

/** The Markdown that descriptions need: paragraphs, lists, links, emphasis, code. HTML is text, and so is every other link. */
export function Markdown({ children }: { children: string }) {
  return (
    <div className="flex flex-col gap-3 text-[15px] leading-relaxed text-muted wrap-anywhere">
      {blocksOf(children).map((text, index) => (
        <Fragment key={index}>{block(text)}</Fragment>
      ))}
    </div>
  );
}
