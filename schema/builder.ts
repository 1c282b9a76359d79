import type { MarkdownTree } from "../client/markdown/tree.ts";
import SchemaBuilder from "@pothos/core";
import ValidationPlugin from "@pothos/plugin-validation";
import { GraphQLError } from "graphql";
import { z } from "zod";
import type { Context } from "./context.ts";
import { invalidInput } from "./errors.ts";
import "./known-arguments.ts";

/** RFC 3339, with an offset or `Z`. */
const instantSchema = z.iso
  .datetime({ offset: true })
  .max(64)
  .transform((text) => new Date(text));

/** Named, so that declarations of the schema can say it: its parts are of two packages. */
export interface SchemaTypes {
  Context: Context;
  DefaultFieldNullability: false;
  Scalars: {
    ID: { Input: string; Output: string };
    DateTime: { Input: Date; Output: Date };
    MarkdownTree: { Input: never; Output: MarkdownTree };
  };
}

export const builder = new SchemaBuilder<SchemaTypes>({
  plugins: ["knownArguments", ValidationPlugin],
  defaultFieldNullability: false,
  validation: {
    validationError: ({ issues }) => invalidInput(issues, "The input"),
  },
});

builder.scalarType("MarkdownTree", {
  description:
    "A text that was written in Markdown, as JSON: blocks of the types `paragraph` and `heading` (with `children`), `list` (with `isOrdered` and `items`, each of blocks) and `code` (with `text`). Children are texts, or of the types `strong`, `emphasis` and `link` (with `children`; a link has a `url` of http, https or mailto), `code` (with `text`) and `break`.",
  serialize: (value) => value,
  parseValue: () => {
    throw new GraphQLError("cannot be sent");
  },
});

builder.scalarType("DateTime", {
  description: "A time in RFC 3339, in UTC: `2026-01-31T12:00:00.000Z`.",
  specifiedByURL: "https://www.rfc-editor.org/rfc/rfc3339",
  serialize: (value) => value.toISOString(),
  parseValue: (value) => {
    const instant = instantSchema.safeParse(value);
    if (!instant.success) throw new GraphQLError("must be a time in RFC 3339, such as `2026-01-31T12:00:00Z`");
    return instant.data;
  },
});

builder.queryType({ description: "Everything that can be read. A token field refreshes the token if needed." });
builder.mutationType({ description: "Signing in and out, connecting and disconnecting." });
builder.subscriptionType({ description: "Changes as they happen, as server-sent events." });
