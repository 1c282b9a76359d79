import { expect, it } from "vitest";
import { parseMarkdown } from "../../schema/markdown.ts";
import { renderMarkdown } from "./markdown.ts";

const render = async (text: string) =>
  String(await renderMarkdown(parseMarkdown(text)))
    .replace(/\s+/g, " ")
    .replaceAll(/> </g, "><");

it("shows paragraphs, lists, links, emphasis and code", async () => {
  expect(await render("Open **Settings → API** at [your desk](https://desk.example/a?b=1&c=2).\n\n1. Copy `key`.\n2. *Paste* it.")).toBe(
    '<p>Open <strong>Settings → API</strong> at <a href="https://desk.example/a?b=1&amp;c=2" rel="noopener noreferrer" target="_blank">your desk</a>.</p><ol><li><p>Copy <code>key</code>.</p></li><li><p><em>Paste</em> it.</p></li></ol>',
  );
});

it.each(["[click](javascript:alert(1))", "<b>bold</b>", '**"><script>**', "`<i>`", "![x](https://evil.example/x.png)"])(
  "escapes everything else: %s",
  async (text) => {
    const rendered = await render(text);
    expect(rendered).not.toMatch(/<(?!\/?(p|strong|code)>)/);
    expect(rendered).not.toContain("href");
  },
);
