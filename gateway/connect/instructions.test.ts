import { expect, it } from "vitest";
import { renderInstructions } from "./instructions.ts";

const render = async (text: string) => String(await renderInstructions(text)).replace(/\s+/g, " ");

it("renders links, bold and code, and a paragraph for each block", async () => {
  expect(await render("Open **Settings → API** at [your desk](https://desk.example/a?b=1&c=2).\n\nCopy `key`.")).toBe(
    '<p>Open <strong>Settings → API</strong> at <a href="https://desk.example/a?b=1&amp;c=2" rel="noreferrer" target="_blank">your desk</a>.</p><p>Copy <code>key</code>.</p>',
  );
});

it.each(["[click](javascript:alert(1))", "<b>bold</b>", '**"><script>**', "`<i>`", "[a](http://plain.example)"])(
  "escapes everything else: %s",
  async (text) => {
    const rendered = await render(text);
    expect(rendered).not.toMatch(/<(?!\/?(p|strong|code)>)/);
    expect(rendered).not.toContain("href");
  },
);
