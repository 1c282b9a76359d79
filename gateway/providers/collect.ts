import { z } from "zod";
import type { MarkdownTree } from "../../client/markdown/tree.ts";
import type { ParsedFacts } from "./format.ts";
import { markdownSchema, textsSchema } from "./format-parts.ts";
import type { Variable } from "./format-variable.ts";

/** What is asked of a user. */
export interface CollectConfig {
  /** In Markdown. */
  instructions: string | null;
  /** The instructions, parsed. */
  instructionsTree: Promise<MarkdownTree> | null;
  saveLabel: string;
  fields: FieldConfig[];
}

export interface FieldConfig {
  name: string;
  label: string;
  /** What to enter, and where to find it. */
  hint: string | null;
  suffix: string | null;
  secret: boolean;
  /** Whether the field may be empty. */
  optional: boolean;
  /** What it is filled in with, and what an empty one that is optional means. */
  default: string | null;
  /** What can be chosen; null: any text. */
  options: readonly string[] | null;
}

export const DEFAULT_SAVE_LABEL = "Save";

/** Most values that one field offers. */
const MAXIMUM_OPTIONS = 64;

const fieldSchema = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z][a-z0-9_]{0,63}$/, "must be lower case letters, digits and _, starting with a letter")
      .describe("The field's name, and that of the provider's variable that it fills."),
    label: z.string().min(1).optional().describe("The label that the user sees. Default: the variable's."),
    hint: z.string().min(1).max(200).nullable().optional().describe("What to enter, and where to find it."),
    suffix: z.string().nullable().optional().describe("Text after the field, such as .acme.example."),
    secret: z.boolean().optional().describe("Whether the value is hidden, and never shown again."),
    optional: z.boolean().optional().describe("Whether the field may be empty."),
    default: z.string().min(1).optional().describe("The value that the field has at first, and that an empty field means."),
    enum: textsSchema.min(1).max(MAXIMUM_OPTIONS).optional().describe("The values to choose from. Default: any text."),
  })
  .refine(({ secret, default: preset }) => !secret || preset === undefined, {
    path: ["default"],
    error: "must not be secret: users see its value",
  });

/** A field of a connector, as it is written. */
export type WrittenField = z.output<typeof fieldSchema>;

export const collectSchema = z.strictObject({
  instructions: markdownSchema.nullable().default(null).describe("Instructions, in Markdown."),
  save_label: z.string().min(1).default(DEFAULT_SAVE_LABEL).describe("The button's label."),
  fields: z
    .array(fieldSchema)
    .min(1, "must ask for at least one field")
    .max(16)
    .refine((fields) => new Set(fields.map(({ name }) => name)).size === fields.length, "must have distinct names")
    .describe("The fields of the form."),
});

const plainField: Omit<FieldConfig, "name" | "label"> = {
  hint: null,
  suffix: null,
  secret: false,
  optional: false,
  default: null,
  options: null,
};

/** What is asked of a user for a client of their own. */
export const clientFieldsOf = ({ client_authentication: method }: Pick<ParsedFacts, "client_authentication">): FieldConfig[] => [
  { ...plainField, name: "client_id", label: "Client ID" },
  method === "private_key_jwt"
    ? { ...plainField, name: "private_key", label: "Private key", secret: true }
    : { ...plainField, name: "client_secret", label: "Client secret", secret: true },
];

/** A variable of a provider, as a field of the form. */
export const toField = ({ name, label, hint, secret, strip, optional, default: preset, enum: options }: Variable): FieldConfig => ({
  name,
  label: label ?? name,
  hint: hint ?? null,
  suffix: strip ?? null,
  secret,
  optional,
  default: secret ? null : (preset ?? null),
  options: options ?? null,
});

/** A connector's own field: what it leaves out is that of the provider's variable of its name. */
export function toOwnField({ enum: options, default: preset, ...own }: WrittenField, variable: Variable | undefined): FieldConfig {
  const base = variable ? toField(variable) : { ...plainField, label: own.name };
  const stated = Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined));
  return { ...base, name: own.name, ...stated, options: options ?? base.options, default: preset ?? base.default };
}
