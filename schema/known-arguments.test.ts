import SchemaBuilder from "@pothos/core";
import ValidationPlugin from "@pothos/plugin-validation";
import { graphql } from "graphql";
import { expect, it } from "vitest";
import { z } from "zod";
import "./known-arguments.ts";

/** A schema whose arguments must be short, and what was validated. */
function setUp(fields = ["echo"]) {
  const validated: string[] = [];
  const short = z.string().refine((text) => {
    validated.push(text);
    return text.length < 10 || text.length > 1_000;
  });
  const builder = new SchemaBuilder({ plugins: ["knownArguments", ValidationPlugin] });
  const echo = { args: { text: builder.args((t) => ({ text: t.string({ validate: short }) })).text } };
  builder.queryType({
    fields: (t) =>
      Object.fromEntries(fields.map((name) => [name, t.string({ ...echo, nullable: true, resolve: (_root, { text }) => text ?? null })])),
  });
  builder.mutationType({ fields: (t) => ({ echo: t.string({ ...echo, nullable: true, resolve: (_root, { text }) => text ?? null }) }) });
  const schema = builder.toSchema();
  const ask = async (text: string, operation = "query", field = "echo") => {
    const source = `${operation} ($text: String) { ${field}(text: $text) }`;
    const { data, errors } = await graphql({ schema, source, variableValues: { text } });
    return errors ? "refused" : data?.[field];
  };
  return { validated, ask };
}

it("arguments of a query that were found valid are not validated again", async () => {
  const { validated, ask } = setUp();
  for (const text of ["a", "b", "a", "b"]) expect(await ask(text)).toBe(text);
  expect(validated).toEqual(["a", "b"]);
});

it("arguments that are refused are refused each time", async () => {
  const { ask } = setUp();
  for (let count = 0; count < 2; count += 1) expect(await ask("much too long")).toBe("refused");
});

it("neither long arguments nor those of a mutation are kept", async () => {
  const { validated, ask } = setUp();
  const long = "x".repeat(1_024);
  for (const [text, operation] of [[long], [long], ["a", "mutation"], ["a", "mutation"]] as const)
    expect(await ask(text, operation)).toBe(text);
  expect(validated).toHaveLength(4);
});

it("the valid arguments of all fields together take a bounded amount of memory", async () => {
  const fields = ["one", "two", "three", "four"];
  const { validated, ask } = setUp(fields);
  const texts = Array.from({ length: 400 }, (_each, index) => `${index} `.padEnd(1_005, "x"));
  for (const field of fields) for (const text of texts) expect(await ask(text, "query", field)).toBe(text);
  // Each field knows its own.
  expect(validated).toHaveLength(1_600);
  await ask(texts[0] ?? "", "query", "four");
  expect(validated).toHaveLength(1_600);
  await ask(texts[0] ?? "", "query", "one");
  expect(validated).toHaveLength(1_601);
});

it("a second copy of the plugin can be loaded", async () => {
  const copy = new URL("./known-arguments.ts?copy", import.meta.url).href;
  await expect(import(/* @vite-ignore */ copy)).resolves.toBeDefined();
});
