import { z } from "zod";
import type { ParsedFacts } from "./format.ts";
import type { Variable } from "./format-variable.ts";

/** What is asked of a user. */
export interface CollectConfig {
  instructions: string | null;
  saveLabel: string;
  fields: { name: string; label: string; suffix: string | null; secret: boolean }[];
}

export const DEFAULT_SAVE_LABEL = "Save";

export const collectSchema = z.strictObject({
  instructions: z.string().nullable().default(null),
  save_label: z.string().min(1).default(DEFAULT_SAVE_LABEL),
  fields: z
    .array(
      z.strictObject({
        name: z.string().regex(/^[a-z][a-z0-9_]{0,63}$/, "must be lower case letters, digits and _, starting with a letter"),
        label: z.string().min(1),
        suffix: z.string().nullable().default(null),
        secret: z.boolean().default(false),
      }),
    )
    .min(1, "must ask for at least one field")
    .max(16)
    .refine((fields) => new Set(fields.map(({ name }) => name)).size === fields.length, "must have distinct names"),
});

/** What is asked of a user for a client of their own. */
export const clientFieldsOf = ({ client_authentication: method }: Pick<ParsedFacts, "client_authentication">): CollectConfig["fields"] => [
  { name: "client_id", label: "Client ID", suffix: null, secret: false },
  method === "private_key_jwt"
    ? { name: "private_key", label: "Private key", suffix: null, secret: true }
    : { name: "client_secret", label: "Client secret", suffix: null, secret: true },
];

/** A variable of a provider, as a field of the form. */
export const toField = ({ name, label, secret, strip }: Variable): CollectConfig["fields"][number] => ({
  name,
  label: label ?? name,
  suffix: strip ?? null,
  secret,
});
