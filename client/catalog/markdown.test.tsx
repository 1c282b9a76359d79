import { renderToStaticMarkup } from "react-dom/server";
import { expect, test } from "vitest";
import { Markdown } from "./markdown.tsx";

const render = (text: string) =>
  renderToStaticMarkup(<Markdown>{text}</Markdown>)
    .replace(/ class="[^"]*"/g, "")
    .replace(/^<div>|<\/div>$/g, "");

test("paragraphs, emphasis and code are rendered", () => {
  expect(render("One **bold *and more***\nline.\n\nTwo `code`.")).toContain("<p>One <strong>");
  expect(render("a\n\nb")).toBe("<p>a</p><p>b</p>");
  expect(render("*a* `b`")).toBe("<p><em>a</em> <code>b</code></p>");
});

test("lists need no empty line around them", () => {
  expect(render("Does:\n- one\n- two\nand more")).toBe("<p>Does:</p><ul><li>one</li><li>two</li></ul><p>and more</p>");
  expect(render("1. one\n2. two")).toBe("<ol><li>one</li><li>two</li></ol>");
});

test("links lead to web and mail addresses only", () => {
  expect(render("[guide](https://example.com/a)")).toContain('href="https://example.com/a"');
  expect(render("[x](javascript:alert(1))")).not.toContain("href");
  expect(render("[x](data:text/html,hi)")).not.toContain("href");
});

test("HTML is text", () => {
  expect(render('<img src=x onerror="alert(1)">')).toBe("<p>&lt;img src=x onerror=&quot;alert(1)&quot;&gt;</p>");
});
