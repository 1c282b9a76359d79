import { describe, expect, it } from "vitest";
import { parseMarkdown } from "./markdown.ts";

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
    ["quotes", "> ".repeat(10_000)],
    ["lists", "- ".repeat(10_000)],
    ["emphasis", "*a ".repeat(10_000)],
    ["brackets", "[".repeat(10_000)],
    ["a long text", "a ".repeat(500_000)],
  ])("that nests 10,000 %s is cut, and parsed within a second", async (_name, text) => {
    const startedAt = performance.now();
    const tree = JSON.stringify(await parseMarkdown(`${text}x`));
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    expect(tree.length).toBeLessThan(200_000);
  });

  it("is parsed once", async () => {
    expect(parseMarkdown("once")).toBe(parseMarkdown("once"));
  });
});
