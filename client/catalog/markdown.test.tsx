import { renderToStaticMarkup } from "react-dom/server";
import { expect, test } from "vitest";
import { parseMarkdown } from "../../schema/markdown.ts";
import { Markdown } from "./markdown.tsx";

const render = async (text: string) =>
  renderToStaticMarkup(<Markdown tree={await parseMarkdown(text)} />)
    .replace(/ class="[^"]*"/g, "")
    .replace(/^<div>|<\/div>$/g, "");

test("paragraphs, emphasis and code are rendered", async () => {
  expect(await render("One **bold *and more***\nline.\n\nTwo `code`.")).toContain("<p>One <strong>");
  expect(await render("a\n\nb")).toBe("<p>a</p><p>b</p>");
  expect(await render("*a* `b`")).toBe("<p><em>a</em> <code>b</code></p>");
});

test("lists need no empty line before them", async () => {
  expect(await render("Does:\n- one\n- two")).toBe("<p>Does:</p><ul><li><p>one</p></li><li><p>two</p></li></ul>");
  expect(await render("1. one\n2. two")).toBe("<ol><li><p>one</p></li><li><p>two</p></li></ol>");
});

test("links lead to web and mail addresses only, in a new tab", async () => {
  expect(await render("[guide](https://example.com/a)")).toContain(
    'href="https://example.com/a" rel="noopener noreferrer" target="_blank"',
  );
  expect(await render("[x](javascript:alert(1))")).not.toContain("href");
  expect(await render("[x](data:text/html,hi)")).not.toContain("href");
});

test("HTML is text", async () => {
  expect(await render('<img src=x onerror="alert(1)">')).toBe("<p>&lt;img src=x onerror=&quot;alert(1)&quot;&gt;</p>");
});
