import { FieldInputType } from "./authorization.ts";
import { builder } from "./builder.ts";
import { type ConnectionNode, ConnectionType, withSource } from "./connection.ts";
import { requirePlatform } from "./context.ts";
import { forbidden } from "./errors.ts";
import { importedListSchema, MAXIMUM_IMPORTED } from "./input.ts";
import type { ImportResult, ImportStatus, PlatformAccess } from "./upstream.ts";

const StatedValueInput = builder.inputType("StatedValueInput", {
  description: "A value by its name.",
  fields: (t) => ({
    name: t.string({ required: true, description: "The name." }),
    value: t.string({ required: true, description: "The value." }),
  }),
});

const ImportedTokensInput = builder.inputType("ImportedTokensInput", {
  description: "The tokens of a further kind that the same consent gave.",
  fields: (t) => ({
    tokenKind: t.string({ required: true, description: "The kind of token." }),
    accessToken: t.string({ required: true, description: "The access token." }),
    refreshToken: t.string({ description: "The refresh token." }),
    tokenType: t.string({ description: "The token type, as the provider stated it. Default: bearer." }),
    issuedAt: t.field({ type: "DateTime", description: "When the access token was issued. Default: now." }),
    expiresAt: t.field({
      type: "DateTime",
      description: "When the access token expires. Default: from the facts about the provider, otherwise unknown.",
    }),
    refreshExpiresAt: t.field({ type: "DateTime", description: "When the refresh token expires. Default: unknown." }),
    scopes: t.stringList({ description: "The granted scopes. Default: those that the connector asks for." }),
  }),
});

const ImportedConnectionInput = builder.inputType("ImportedConnectionInput", {
  description: "A connection of another system. If it is wrong, its result says why. The other connections are not affected.",
  fields: (t) => ({
    userId: t.id({ description: "The user who owns it. Set this or groupId. An unknown user is created." }),
    groupId: t.id({ description: "The group that owns it. Set this or userId." }),
    name: t.string({ description: "The user's name, if the user is new." }),
    connectedById: t.id({ description: "The user who connected it for the group." }),
    connector: t.id({ required: true, description: "The connector's slug." }),
    accessToken: t.string({ description: "The access token. Required with OAuth." }),
    refreshToken: t.string({ description: "The refresh token." }),
    tokenType: t.string({ description: "The token type, as the provider stated it. Default: bearer." }),
    tokenKind: t.string({ description: "The kind of token, if the provider gives several. Default: the connector's default kind." }),
    further: t.field({ type: [ImportedTokensInput], description: "Tokens of further kinds that the same consent gave: at most 8." }),
    issuedAt: t.field({ type: "DateTime", description: "When the access token was issued. Default: now." }),
    expiresAt: t.field({
      type: "DateTime",
      description: "When the access token expires. Default: from the facts about the provider, otherwise unknown.",
    }),
    refreshExpiresAt: t.field({ type: "DateTime", description: "When the refresh token expires. Default: unknown." }),
    scopes: t.stringList({ description: "The granted scopes. Default: those that the connector asks for." }),
    clientId: t.string({ description: "The client that the tokens were given to. Default: the connector's current one." }),
    accountId: t.id({ description: "The account's id at the provider." }),
    accountLabel: t.string({ description: "The account's name at the provider." }),
    fields: t.field({ type: [FieldInputType], description: "The values that the user entered, by the names of the connector's fields." }),
    metadata: t.field({
      type: [StatedValueInput],
      description: "The values that the provider stated, by the names of the connector's metadata.",
    }),
    stated: t.field({
      type: [StatedValueInput],
      description: "The same values by their sources in the provider's facts: token_response:realmId.",
    }),
    connectedAt: t.field({ type: "DateTime", description: "When it was connected. Default: now." }),
    createdAt: t.field({ type: "DateTime", description: "When it was first started. Default: when it was connected." }),
    id: t.id({ description: "The id of the connection in this gateway. Default: a new one." }),
    importId: t.id({
      description: "An id that stays the same in every import. Default: its id, otherwise its owner, connector and account.",
    }),
  }),
});

const statusValues: Record<string, { value: ImportStatus; description: string }> = {
  IMPORTED: { value: "imported", description: "Its tokens are stored, in a new connection or in one that did not work." },
  SKIPPED: { value: "skipped", description: "It was already imported." },
  KEPT: { value: "kept", description: "The owner already has such a connection here. It was not changed." },
  REFUSED: { value: "refused", description: "It cannot be imported, for the reasons in `messages`." },
};

const ImportStatusType = builder.enumType("ImportStatus", {
  description: "The result of importing a connection.",
  values: statusValues,
});

type ResultNode = ImportResult & { platform: PlatformAccess };

const ImportConnectionResultType = builder.objectRef<ResultNode>("ImportConnectionResult").implement({
  description: "The result for one connection.",
  fields: (t) => ({
    status: t.expose("status", { type: ImportStatusType, description: "The result." }),
    messages: t.exposeStringList("messages", {
      description: "One sentence for each reason why it was not imported. None of them holds a token.",
    }),
    importId: t.exposeID("importId", {
      nullable: true,
      description: "The id that stays the same in every import; null if it could not be read.",
    }),
    connection: t.field({
      type: ConnectionType,
      nullable: true,
      description: "The connection in this gateway; null if there is none, as in a dry run.",
      resolve: ({ platform, connectionId }) => findNode(platform, connectionId),
    }),
  }),
});

async function findNode(platform: PlatformAccess, id: string | null): Promise<ConnectionNode | null> {
  const connection = id === null || !platform.findConnection ? null : await platform.findConnection({ id });
  return connection && withSource(platform.connectionsOf(connection.owner), connection);
}

const ImportConnectionsInput = builder.inputType("ImportConnectionsInput", {
  description: "Connections of another system.",
  fields: (t) => ({
    connections: t.field({
      type: [ImportedConnectionInput],
      required: true,
      description: `The connections: at most ${MAXIMUM_IMPORTED}.`,
      validate: importedListSchema,
    }),
    dryRun: t.boolean({ description: "Whether to write nothing, and only return what would happen to each connection. Default: false." }),
  }),
});

const ImportConnectionsPayload = builder.objectRef<{ results: ResultNode[] }>("ImportConnectionsPayload").implement({
  description: "The results for the connections.",
  fields: (t) => ({
    results: t.field({
      type: [ImportConnectionResultType],
      description: "One for each connection, in their order.",
      resolve: ({ results }) => results,
    }),
  }),
});

type Imported = typeof ImportedConnectionInput.$inferInput;

builder.mutationField("importConnections", (t) =>
  t.field({
    type: ImportConnectionsPayload,
    description:
      "Imports connections of another system, so that users need not connect again. Connections that work here or were already imported are not changed, so an import can be repeated. Configure the connectors with the client ids of the old system, and stop the old system first: many providers revoke a grant that two systems refresh. Servers only.",
    args: { input: t.arg({ type: ImportConnectionsInput, required: true, description: "The connections." }) },
    resolve: async (_root, { input: { connections, dryRun } }, context) => {
      const platform = requirePlatform(context);
      if (!platform.importConnections) throw forbidden("This gateway's upstream holds its connections: import them there.");
      const results = await platform.importConnections(connections.map(toLine), { isDryRun: dryRun ?? false });
      return { results: results.map((result) => ({ ...result, platform })) };
    },
  }),
);

type Stated = readonly { name: string; value: string }[] | null | undefined;

const toRecord = (values: Stated) => values && Object.fromEntries(values.map(({ name, value }) => [name, value]));
const toInstant = (instant: Date | null | undefined) => instant?.toISOString();

/** As a line of an import's file states it (docs/moving-in.md). */
const toLine = (given: Imported): Record<string, unknown> => ({
  ...tokensOf(given),
  user: given.userId,
  group: given.groupId,
  name: given.name,
  connected_by: given.connectedById,
  connector: given.connector,
  further: given.further?.map(tokensOf),
  client_id: given.clientId,
  account_id: given.accountId,
  account_label: given.accountLabel,
  fields: toRecord(given.fields),
  metadata: toRecord(given.metadata),
  stated: toRecord(given.stated),
  connected_at: toInstant(given.connectedAt),
  created_at: toInstant(given.createdAt),
  id: given.id,
  import_id: given.importId,
});

type Tokens = Pick<
  Imported,
  "accessToken" | "refreshToken" | "tokenType" | "tokenKind" | "issuedAt" | "expiresAt" | "refreshExpiresAt" | "scopes"
>;

const tokensOf = (given: Tokens) => ({
  access_token: given.accessToken,
  refresh_token: given.refreshToken,
  token_type: given.tokenType,
  token_kind: given.tokenKind,
  issued_at: toInstant(given.issuedAt),
  expires_at: toInstant(given.expiresAt),
  refresh_expires_at: toInstant(given.refreshExpiresAt),
  scopes: given.scopes,
});
