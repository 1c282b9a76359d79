import { describe, expect, it } from "vitest";
import { findMarkdownProblem, parseMarkdown, recallMarkdown } from "./markdown.ts";

describe("Markdown", () => {
  it("becomes paragraphs, headings, lists, emphasis, code and links", async () => {
    expect(
      await parseMarkdown("# Key\nGo to *your* **[settings](https://a.example/x)**.\n\n1. Copy `key`\n2. Paste it\n   - here\n"),
    ).toEqual([
      { type: "heading", children: ["Key"] },
      {
        type: "paragraph",
        children: [
          "Go to ",
          { type: "emphasis", children: ["your"] },
          " ",
          { type: "strong", children: [{ type: "link", url: "https://a.example/x", children: ["settings"] }] },
          ".",
        ],
      },
      {
        type: "list",
        isOrdered: true,
        items: [
          [{ type: "paragraph", children: ["Copy ", { type: "code", text: "key" }] }],
          [
            { type: "paragraph", children: ["Paste it"] },
            { type: "list", isOrdered: false, items: [[{ type: "paragraph", children: ["here"] }]] },
          ],
        ],
      },
    ]);
  });

  it.each([
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "&#106;avascript:alert(1)",
    "java%0Ascript:alert(1)",
    "data:text/html,x",
    "vbscript:x",
    "//evil.example",
    "/connect/slack",
    "file:///etc/passwd",
  ])("has a label in place of a link to %s", async (address) => {
    expect(JSON.stringify(await parseMarkdown(`[here](<${address}>)`))).toBe('[{"type":"paragraph","children":["here"]}]');
  });

  it("has HTML as text, and an image as its description", async () => {
    expect(await parseMarkdown(`a <b onclick="x">c</b> ![logo](https://evil.example/pixel.png)\n\n<script>alert(1)</script>`)).toEqual([
      { type: "paragraph", children: ["a ", '<b onclick="x">', "c", "</b>", " ", "logo"] },
      { type: "paragraph", children: ["<script>alert(1)</script>"] },
    ]);
  });

  it.each([
    ["quotes", "> "],
    ["lists", "- "],
    ["ordered lists", "1. "],
    ["emphasis", "*a "],
    ["underlines", "*_"],
    ["brackets", "["],
    ["references", "[a][b]"],
    ["headings", "a\n=\n"],
    ["items", "- a\n\n"],
  ])(
    "with more %s than are quick to parse is refused, and shown as it is written; with fewer it is parsed within a second",
    async (_name, part) => {
      const text = part.repeat(10_000);
      expect(findMarkdownProblem(text)).toMatch(/^has \d+,\d{3} line breaks and characters like .*: at most 600 are read$/);
      expect(await parseMarkdown(text)).toEqual([{ type: "paragraph", children: [text.slice(0, 10_000)] }]);
      const quick = part.repeat(Math.floor(600 / (part.match(/\n|\d\.|[^a ]/g)?.length ?? 1) / 2));
      expect(findMarkdownProblem(quick)).toBeNull();
      const startedAt = performance.now();
      expect(await parseMarkdown(quick)).toBeDefined();
      expect(performance.now() - startedAt).toBeLessThan(1_000);
    },
  );

  it("is cut where it is long", async () => {
    expect(await parseMarkdown("a ".repeat(500_000))).toEqual([{ type: "paragraph", children: ["a ".repeat(5_000).trimEnd()] }]);
  });

  it.each([
    ["lists", `${"- ".repeat(40)}deep`],
    ["emphasis", `${"*a **b ".repeat(20)}deep${"** *".repeat(20)}`],
  ])("that nests %s deeper than eight keeps its words", async (_name, text) => {
    const tree = JSON.stringify(await parseMarkdown(text));
    expect(tree).toContain("deep");
    expect(tree.split(/"type":"(?:list|strong|emphasis)"/).length - 1).toBeLessThanOrEqual(8);
  });

  it("of an upstream is parsed once", () => {
    expect(recallMarkdown("once")).toBe(recallMarkdown("once"));
  });
});
