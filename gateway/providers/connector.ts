import { z } from "zod";
import type { OAuthClient, OAuthProvider } from "../oauth/provider.ts";
import { slugSchema } from "../../schema/input.ts";
import { providerSchema } from "./provider.ts";
import { templateFieldsOf } from "./template.ts";

/** A connector as the configuration states it: what the catalog shows, and how its tokens are had. */
export interface ConnectorConfig {
  slug: string;
  name: string;
  shortDescription: string | null;
  description: string | null;
  markUrl: string | null;
  supportsMultipleConnections: boolean;
  scopes: string[];
  /** Least time between two questions to the provider whether an access token still works, in milliseconds. 0: it is never asked. */
  checkIntervalMs: number;
  /** OAuth facts and credentials; null for a connector whose user types an API key. */
  oauth: { provider: OAuthProvider; client: OAuthClient } | null;
  /** What is asked of the user first. */
  collect: CollectConfig | null;
  /** The key of the integration of Nango that has its tokens; null where this gateway has them. */
  integration: string | null;
}

/** How often a provider may be asked whether an access token still works, in seconds, and the longest that can be configured: a day. */
const DEFAULT_CHECK_INTERVAL_SECONDS = 30;
const MAXIMUM_CHECK_INTERVAL_SECONDS = 86_400;

export interface CollectConfig {
  instructions: string | null;
  saveLabel: string;
  fields: { name: string; label: string; suffix: string | null; secret: boolean }[];
}

const collectSchema = z.strictObject({
  instructions: z.string().nullable().default(null),
  save_label: z.string().min(1).default("Save"),
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

/** Looked at also where other settings have problems: all are told at once. */
const isObject = ({ value }: { value: unknown }): boolean => typeof value === "object" && value !== null;

/** One entry of `connectors` in the configuration file. */
export const connectorSchema = z
  .strictObject({
    slug: slugSchema,
    name: z.string().min(1).max(100),
    short_description: z.string().max(200).nullable().default(null),
    description: z.string().max(10_000).nullable().default(null),
    mark_url: z
      .url({ protocol: /^(https?|data)$/, error: "must be an http(s) or data URL" })
      .nullable()
      .default(null),
    supports_multiple_connections: z.boolean().default(false),
    provider: providerSchema.optional(),
    client_id: z.string().min(1, "must not be empty").optional(),
    client_secret: z.string().min(1, "must not be empty").nullable().default(null),
    scopes: z.array(z.string().min(1)).default([]),
    check_interval_seconds: z.int().min(0).max(MAXIMUM_CHECK_INTERVAL_SECONDS).default(DEFAULT_CHECK_INTERVAL_SECONDS),
    collect: collectSchema.optional(),
    integration: z
      .string()
      .regex(/^[a-zA-Z0-9~:.@ _-]{1,255}$/, "must be the key of an integration of Nango")
      .optional(),
  })
  .refine(({ provider, client_id }) => !provider || client_id, {
    path: ["client_id"],
    error: "is required beside provider",
    when: isObject,
  })
  .refine(({ provider, collect, integration }) => provider || collect || integration, {
    path: ["provider"],
    error: "is required, unless collect asks the user for an API key",
    when: isObject,
  })
  .refine(({ provider, collect, integration }) => !integration || (!provider && !collect), {
    path: ["integration"],
    error: "stands in place of provider and collect: Nango has them",
    when: isObject,
  })
  .refine(({ provider, collect }) => provider || !collect || collect.fields.some(({ secret }) => secret), {
    path: ["collect", "fields"],
    error: "must have a secret field: the API key",
  })
  .superRefine(({ provider, collect }, context) => {
    const asked = new Set(collect?.fields.map(({ name }) => name));
    for (const name of provider ? templateFieldsOf(provider) : [])
      if (!asked.has(name))
        context.addIssue({
          code: "custom",
          path: ["collect", "fields"],
          message: `must ask for "${name}": the provider's endpoints hold {${name}}`,
        });
  })
  .transform((connector): ConnectorConfig => ({
    slug: connector.slug,
    name: connector.name,
    shortDescription: connector.short_description,
    description: connector.description,
    markUrl: connector.mark_url,
    supportsMultipleConnections: connector.supports_multiple_connections,
    scopes: connector.scopes,
    checkIntervalMs: connector.check_interval_seconds * 1_000,
    oauth:
      connector.provider && connector.client_id
        ? { provider: connector.provider, client: { clientId: connector.client_id, clientSecret: connector.client_secret } }
        : null,
    collect: connector.collect
      ? { instructions: connector.collect.instructions, saveLabel: connector.collect.save_label, fields: connector.collect.fields }
      : null,
    integration: connector.integration ?? null,
  }));
