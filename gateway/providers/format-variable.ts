import { z } from "zod";
import { pathSchema, textsSchema, variableNameSchema } from "./format-parts.ts";

/** What a variable may become a part of. */
const usesSchema = z.enum(["host_label", "host", "path", "param"]);

function isPattern(text: string): boolean {
  try {
    return RegExp(text).source !== "";
  } catch {
    return false;
  }
}

/** A value that a provider's requests are filled in with. */
export const variableSchema = z.strictObject({
  name: variableNameSchema,
  label: z.string().min(1).max(100).optional(),
  /** What to type, and where it is found: one sentence. */
  hint: z.string().min(1).max(200).optional(),
  secret: z.boolean().default(false),
  optional: z.boolean().default(false),
  /** Its value where neither the operator nor the user states one. A variable that has a default is not asked for. */
  default: z.string().min(1).optional(),
  enum: textsSchema.optional(),
  pattern: z
    .string()
    .min(1)
    .refine((text) => isPattern(text), "must be a regular expression")
    .optional(),
  /** The end of a host name that a pasted address carries: `.zendesk.com`. */
  strip: z.string().min(1).optional(),
  /** Who states it: the user in a form, the provider in the callback, or the token answer. */
  from: z.enum(["user", "callback", "token"]).default("user"),
  /** The callback's parameter, or the path in the token answer. Default the variable's name. */
  source: pathSchema.optional(),
  may: usesSchema.default("host_label"),
});

/** What users type of the kinds that are typed. It is kept as it is, so that it stands in no address unless it is said to. */
export const typedSchema = variableSchema.extend({ may: usesSchema.default("param") });

export type Variable = z.output<typeof variableSchema>;
