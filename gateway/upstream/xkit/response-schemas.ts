/**
 * What an Xkit answers, as far as the `xkit` adapter reads it: the contract's required fields, and those of this project's own REST service
 * (`rest/wire.ts`), each of which a plain Xkit may leave out. Absent is null.
 */
import { z } from "zod";
import { connectorCategories } from "../../../schema/connector-category.ts";
import { isSecureEndpoint } from "../../http/secure-endpoint.ts";
import {
  authorizationStatusWord,
  grantRevocationWord,
  healthWord,
  importStatusWord,
  movedConnectionWord,
  ownerKindWord,
  reconnectReasonWord,
  refreshStatusWord,
  tokenProblemWord,
} from "./wire-enums.ts";

const text = z
  .string()
  .nullish()
  .transform((value) => value ?? null);
const texts = z
  .array(z.string())
  .nullish()
  .transform((values) => values ?? []);
/** RFC 3339. Without an offset it is UTC; what cannot be read is unknown. */
const instant = z.iso
  .datetime({ offset: true, local: true })
  .nullish()
  .catch(null)
  .transform((value) => (value == null ? null : new Date(/(Z|[+-]\d\d:?\d\d)$/.test(value) ? value : `${value}Z`)));
/** An id is opaque (contract, "Shapes"). */
const id = z.union([z.string().min(1), z.number()]).transform(String);
const link = z
  .url({ protocol: /^https?$/ })
  .nullish()
  .catch(null)
  .transform((value) => value ?? null);

/** Where a token may be sent to. */
const endpoint = z
  .url()
  .max(2_048)
  .refine((value) => URL.canParse(value) && isSecureEndpoint(new URL(value)))
  .nullish()
  .catch(null)
  .transform((value) => value?.replace(/\/+$/, "") ?? null);
/** A header that a request may have: RFC 9110 section 5.1 and, without what few clients send, section 5.5. */
const header = z
  .object({ name: z.string().regex(/^[\w-]{1,64}$/), value: z.string().regex(/^[\x20-\x7e]{1,16384}$/) })
  .nullish()
  .catch(null)
  .transform((value) => value ?? null);

/** Connectors and platforms of this gateway may have their picture in a data URL. */
const image = z
  .union([z.url({ protocol: /^https?$/ }), z.string().regex(/^data:image\//i)])
  .nullish()
  .catch(null)
  .transform((value) => value ?? null);
const color = z
  .string()
  .regex(/^#([0-9a-f]{3}){1,2}$/i)
  .nullish()
  .catch(null)
  .transform((value) => value ?? null);

const platform = z.object({
  name: z.string(),
  slug: z.string(),
  website: link,
  login_redirect_url: link,
  color,
  logo_url: image,
  privacy_url: link,
});

const connector = z.object({
  slug: z.string(),
  name: z.string(),
  short_description: text,
  description: text,
  mark_url: image,
  supports_multiple_connections: z.boolean().nullish(),
  /** Of another gateway. Categories that this one does not know are left out. */
  categories: z
    .array(z.string())
    .nullish()
    .catch(null)
    .transform((names) => connectorCategories.filter((category) => names?.includes(category))),
  search_terms: z.array(z.string()).catch([]),
  permissions: z.array(z.object({ scope: z.string(), text, required: z.boolean() })).catch([]),
});

const collectField = z.object({
  name: z.string(),
  label: z.string(),
  hint: text,
  suffix: text,
  secret: z.boolean().nullish(),
  optional: z.boolean().nullish(),
  default: text,
  options: z.array(z.string()).nullish(),
});

const prototype = z.object({
  name: text,
  slug: z.string().nullish(),
  collect_instructions: text,
  collect_fields: z.array(collectField).nullish(),
  collect_save: text,
});

const authorization = z.object({
  id,
  connection_id: text,
  status: authorizationStatusWord,
  display_label: text,
  error_code: text,
  error_message: text,
  health: healthWord
    .nullish()
    .catch(null)
    .transform((value) => value ?? null),
  health_code: text,
  health_changed_at: instant,
  connected_at: instant,
  connected_by: z.object({ external_id: z.string(), name: text }).nullish(),
  scopes: texts,
  missing_scopes: texts,
  expires_at: instant,
  grant_expires_at: instant,
  authorize_url: link,
  state: text,
  authorizer: z.object({ prototype: prototype.nullish() }).nullish(),
  access_token: text,
  token_type: text,
  token_kind: text,
  api_base_url: endpoint,
  authorization_header: header,
  /** To servers: the fields that the user typed, or with OAuth the token once more. */
  credential: z.union([z.string(), z.record(z.string(), z.string())]).nullish(),
});

const tokenProblem = z.object({
  code: tokenProblemWord,
  reason: reconnectReasonWord.nullish(),
  missing_scopes: texts,
});

const connection = z.object({
  id,
  enabled: z.boolean(),
  disabled_at: instant,
  owner: z.object({ kind: ownerKindWord, external_id: z.string() }).nullish(),
  connector,
  authorization: authorization.nullish(),
  /** What is no text is left out. */
  metadata: z
    .record(z.string(), z.unknown())
    .nullish()
    .catch(null)
    .transform((values) => Object.entries(values ?? {}).flatMap(([name, value]) => (typeof value === "string" ? [{ name, value }] : []))),
  created_at: instant,
  updated_at: instant,
  token_problem: tokenProblem.nullish().catch(null),
});

/** Where a known owner never connected, servers may get a connection without an id (contract, "Server endpoints"). */
const absentConnection = z.object({ id: z.null().optional(), enabled: z.literal(false), connector });

const user = z.object({ external_id: z.string().min(1), external_group_id: text, name: text });

const viewer = z
  .object({ before: user, after: user.nullable() })
  .nullish()
  .catch(null)
  .transform((value) => value ?? null);

export const answers = {
  anything: z.unknown(),
  platform: z.object({ platform }),
  connectors: z.object({ connectors: z.array(z.unknown()) }),
  connector: z.object({ connector }),
  connections: z.object({ connections: z.array(z.unknown()) }),
  connection: z.object({ connection }),
  /** A user's GET of one. `viewer` is null where it does not say whose the bearer is. */
  userConnection: z.object({ connection, viewer }),
  connectionOrNone: z.object({ connection: z.union([connection, absentConnection]) }),
  authorization: z.object({ authorization }),
  /** Null where it names no user: another service may answer anything, or nothing (contract, "Sessions"). */
  session: z.union([z.object({ session: z.object({ user }) }).transform(({ session }) => session.user), z.json().transform(() => null)]),
  /** A plain Xkit answers nothing. */
  login: z.object({ access_token: text, expires_at: instant }),
  token: z.object({ access_token: z.string().min(1), expires_at: instant }),
  provisionedUser: z.object({ access_token: z.string().min(1), expires_at: instant, user: user.nullish() }),
  oneTimeToken: z.object({ ott: z.string().min(1) }),
  user: z.object({ user }),
  refreshedConnection: z.object({
    connection,
    refresh: z.object({ status: refreshStatusWord, message: z.string(), retry_after: z.int().min(0).nullish() }),
  }),
  movedUser: z.object({
    user,
    previous_group_id: text,
    connections: z.array(z.object({ status: movedConnectionWord, connection })),
  }),
  revokedSessions: z.object({ user, count: z.int().min(0) }),
  deletedUser: z.object({
    external_id: z.string(),
    connections: z.array(z.object({ id, connector: z.string(), revocation: grantRevocationWord })),
    group_connections: z.array(z.object({ id, connector: z.string(), external_group_id: z.string() })),
  }),
  imports: z.object({
    results: z.array(
      z.object({
        status: importStatusWord,
        import_id: text,
        owner: z.object({ kind: ownerKindWord, external_id: z.string() }).nullable(),
        connector: text,
        connection_id: text,
        messages: z.array(z.string()),
      }),
    ),
  }),
  group: z.object({ group: z.object({ external_id: z.string() }) }),
};

/** The entries of lists, each of which is read by itself (`entries.ts`). */
export const entrySchemas = { connector, connection };

export type PlatformAnswer = z.infer<typeof platform>;
export type ConnectorAnswer = z.infer<typeof connector>;
export type AuthorizationAnswer = z.infer<typeof authorization>;
export type ConnectionAnswer = z.infer<typeof connection>;
export type ViewerAnswer = z.infer<typeof viewer>;
export type UserAnswer = z.infer<typeof user>;
export type AbsentConnectionAnswer = z.infer<typeof absentConnection>;
