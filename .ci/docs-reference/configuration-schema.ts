/** The configuration file as JSON Schema (draft 2020-12), from what the gateway itself parses it by. */
import { z } from "zod";
import { fileSchema } from "../../gateway/config/config.ts";
import { providerFormat } from "../../gateway/providers/format.ts";
import { listProviders } from "../../gateway/providers/library.ts";
import { providerSchema } from "../../gateway/providers/provider.ts";

/** What stands for a variable of the environment, in any text of the file. */
const PLACEHOLDER = { type: "string", pattern: "\\$\\{[A-Za-z_][A-Za-z0-9_]*\\}" } as const;

type JsonSchema = z.core.JSONSchema.BaseSchema;

const toJsonSchema = (schema: z.ZodType): JsonSchema =>
  z.toJSONSchema(schema, {
    io: "input",
    unrepresentable: "any",
    override({ zodSchema, jsonSchema }) {
      if (zodSchema === providerSchema) Object.assign(jsonSchema, { anyOf: [{ enum: listProviders() }, { $ref: "#/$defs/provider" }] });
    },
  });

/** Of a provider's facts, none is required: a connector may state what differs alone. */
function providerJsonSchema(): JsonSchema {
  const { $schema: _dialect, required: _required, properties, ...rest } = toJsonSchema(providerFormat);
  const base = { description: "A known provider, of which the other keys replace single facts.", enum: listProviders() };
  return { ...rest, description: "Facts of a provider.", properties: { extends: base, ...properties } };
}

/** Allows `${NAME}` where a text is otherwise bound to a pattern, a format or a list. */
function allowPlaceholders(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(allowPlaceholders);
  if (typeof schema !== "object" || schema === null) return schema;
  const inner = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, allowPlaceholders(value)]));
  const isBoundText = inner["type"] === "string" && ("pattern" in inner || "format" in inner || "enum" in inner);
  if (!isBoundText) return inner;
  const { description, default: preset, ...bound } = inner;
  return {
    ...(description !== undefined && { description }),
    ...(preset !== undefined && { default: preset }),
    anyOf: [bound, PLACEHOLDER],
  };
}

/** The schema of `xkit.config.json`. */
export function configurationSchema(): unknown {
  const { $schema, ...schema } = toJsonSchema(fileSchema);
  return {
    $schema,
    title: "The configuration of an Xkit Gateway",
    ...Object(allowPlaceholders({ ...schema, $defs: { provider: providerJsonSchema() } })),
  };
}
