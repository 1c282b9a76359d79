import { createDecipheriv } from "node:crypto";
import { z } from "zod";
import type { ConnectorConfig } from "../../providers/connector.ts";
import { safeParseJson } from "../../runtime/json.ts";
import type { Connectors } from "../prepare.ts";
import { instantOf, type ReadLine, unreadable } from "./read.ts";

/** AES-256-GCM under NANGO_ENCRYPTION_KEY: 32 bytes as base64, as are nonce, tag and text. */
const ALGORITHM = "aes-256-gcm";
const KEY_BYTES = 32;
const TAG_BYTES = 16;

const named = z.record(z.string(), z.unknown()).nullish().catch(null);
const text = z.string().nullish().catch(null);

/** A row of `_nango_connections`, and of `end_users` beside it, as Postgres writes it as JSON. */
const rowSchema = z.object({
  connection_id: z.string().min(1),
  provider_config_key: z.string().min(1),
  environment_id: z.union([z.string(), z.number()]).nullish(),
  deleted_at: text,
  created_at: text,
  credentials: z.record(z.string(), z.unknown()),
  credentials_iv: text,
  credentials_tag: text,
  connection_config: named,
  metadata: named,
  tags: z.record(z.string(), z.string()).nullish().catch(null),
  end_user: z.object({ end_user_id: z.string(), display_name: text, organization_id: text }).nullish(),
});
type Row = z.output<typeof rowSchema>;

const oauth2 = z.object({
  type: z.enum(["OAUTH2", "APP"]),
  access_token: z.string(),
  refresh_token: text,
  expires_at: text,
  raw: z.object({ scope: text, token_type: text }).nullish().catch(null),
  config_override: z.object({ client_id: text }).nullish().catch(null),
});
const clientCredentials = z.object({
  type: z.literal("OAUTH2_CC"),
  token: z.string(),
  expires_at: text,
  client_id: z.string(),
  client_secret: z.string(),
});
const apiKey = z.object({ type: z.literal("API_KEY"), apiKey: z.string() });
const basic = z.object({ type: z.literal("BASIC"), username: z.string(), password: z.string() });
const credentialsSchema = z.discriminatedUnion("type", [oauth2, clientCredentials, apiKey, basic]);
const anyType = z.object({ type: z.string() });

export interface NangoOptions {
  connectors: Connectors;
  /** NANGO_ENCRYPTION_KEY. Undefined: rows that are encrypted are refused. */
  key: string | undefined;
  /** Connectors by the key of the integration, where their slug is another. */
  connectorOf: ReadonlyMap<string, string>;
}

/** Reads rows of Nango's table of connections. Throws `TypeError` for a key of another length. */
export function createNangoReader({ connectors, key, connectorOf }: NangoOptions): ReadLine {
  const secret = key === undefined ? null : Buffer.from(key, "base64");
  if (secret && secret.length !== KEY_BYTES) throw new TypeError(`must be ${KEY_BYTES} bytes as base64`);
  return (line) => {
    const parsed = rowSchema.safeParse(safeParseJson(line));
    if (!parsed.success) return unreadable("The line is not a row of _nango_connections in JSON.");
    const row = parsed.data;
    if (row.deleted_at != null) return { ...unreadable("It was deleted in Nango."), isSkipped: true };
    const owner = ownerOf(row);
    if (!owner) return unreadable("The row does not name its owner: it has neither tags nor an end_user.");
    const opened = openCredentials(row, secret);
    if (typeof opened === "string") return unreadable(opened);
    const credentials = credentialsSchema.safeParse(opened);
    if (!credentials.success)
      return unreadable(`Credentials of type ${anyType.safeParse(opened).data?.type ?? "unknown"} cannot be imported.`);
    const slug = connectorOf.get(row.provider_config_key) ?? row.provider_config_key;
    const connector = connectors.get(slug);
    const data = {
      import_id: ["nango", row.environment_id ?? "", row.provider_config_key, row.connection_id].join(":"),
      ...owner,
      connector: slug,
      ...toTokens(credentials.data),
      ...(connector && keptOf(connector, row, credentials.data)),
      created_at: instantOf(row.created_at),
      connected_at: instantOf(row.created_at),
    };
    return { ok: true, data };
  };
}

/** Tags name the owner as in front of Nango; end users did before there were tags. */
function ownerOf({ tags, end_user: endUser }: Row) {
  const user = tags?.["end_user_id"] ?? endUser?.end_user_id;
  const group = tags?.["organization_id"] ?? endUser?.organization_id;
  if (group) return { group, connected_by: user };
  return user ? { user, name: tags?.["end_user_display_name"] ?? endUser?.display_name } : null;
}

const sealedSchema = z.object({ encrypted_credentials: z.string() });

/** The credentials as an object, or why they do not open. */
function openCredentials({ credentials, credentials_iv: iv, credentials_tag: tag }: Row, key: Buffer | null): unknown {
  const sealed = sealedSchema.safeParse(credentials).data?.encrypted_credentials;
  if (sealed === undefined) return credentials;
  if (!key) return "Its credentials are encrypted: set NANGO_ENCRYPTION_KEY to Nango's key.";
  try {
    const decipher = createDecipheriv(ALGORITHM, key, Buffer.from(iv ?? "", "base64"), { authTagLength: TAG_BYTES });
    decipher.setAuthTag(Buffer.from(tag ?? "", "base64"));
    return safeParseJson(decipher.update(sealed, "base64", "utf8") + decipher.final("utf8")) ?? {};
  } catch {
    return "Its credentials cannot be decrypted with NANGO_ENCRYPTION_KEY.";
  }
}

function toTokens(credentials: z.output<typeof credentialsSchema>) {
  switch (credentials.type) {
    case "API_KEY":
      return { access_token: credentials.apiKey };
    case "BASIC":
      return {};
    case "OAUTH2_CC":
      return { access_token: credentials.token, expires_at: instantOf(credentials.expires_at) };
    default: {
      const { raw } = credentials;
      const scopes = (raw?.scope ?? "").split(/[\s,]+/).filter((scope) => scope !== "");
      return {
        access_token: credentials.access_token,
        refresh_token: credentials.refresh_token || null,
        token_type: raw?.token_type,
        expires_at: instantOf(credentials.expires_at),
        client_id: credentials.config_override?.client_id,
        ...(scopes.length > 0 && { scopes }),
      };
    }
  }
}

/** What the connector asks of users, and shows of them, under the names by which Nango keeps it. */
function keptOf({ collect, metadata }: ConnectorConfig, row: Row, credentials: z.output<typeof credentialsSchema>) {
  const typed =
    credentials.type === "BASIC"
      ? { username: credentials.username, password: credentials.password }
      : credentials.type === "OAUTH2_CC"
        ? { client_id: credentials.client_id, client_secret: credentials.client_secret }
        : {};
  const kept = Object.entries({ ...row.metadata, ...row.connection_config, ...typed }).flatMap(([name, value]) =>
    typeof value === "string" && value !== "" ? [[name, value] as const] : [],
  );
  const isAsked = (name: string) => collect?.fields.some((field) => field.name === name) ?? false;
  const isShown = (name: string) => Object.hasOwn(metadata, name) && !metadata[name]?.startsWith("field:");
  const fields = kept.filter(([name]) => isAsked(name));
  return {
    ...(fields.length > 0 && { fields: Object.fromEntries(fields) }),
    metadata: Object.fromEntries(kept.filter(([name]) => isShown(name))),
  };
}
