import { builder } from "./builder.ts";
import { type ConnectionNode, ConnectionType, withSource } from "./connection.ts";
import { type Context, requireConnectionActions, requireFound, requirePlatform } from "./context.ts";
import { idSchema, tokenKindSchema } from "./input.ts";
import type { Connection, ConnectionActions, ConnectionRefresh, RefreshStatus } from "./upstream.ts";

const actionsOf = (context: Context): ConnectionActions => requireConnectionActions(requirePlatform(context));

/** The connection, beside what a server may ask on its owner's behalf. */
const nodeOf = (context: Context, connection: Connection): ConnectionNode =>
  withSource(requirePlatform(context).connectionsOf(connection.owner), connection);

const DisconnectConnectionInput = builder.inputType("DisconnectConnectionInput", {
  description: "The connection to disconnect.",
  fields: (t) => ({ id: t.id({ required: true, description: "The connection's id.", validate: idSchema }) }),
});

const DisconnectConnectionPayload = builder.objectRef<{ connection: ConnectionNode }>("DisconnectConnectionPayload").implement({
  description: "A disconnected connection.",
  fields: (t) => ({ connection: t.expose("connection", { type: ConnectionType, description: "The connection as it is now." }) }),
});

builder.mutationField("disconnectConnection", (t) =>
  t.field({
    type: DisconnectConnectionPayload,
    description:
      "Disconnects a connection of any owner and revokes its grant at the provider. Its user may connect again. Nothing changes if it is already disconnected. Servers only.",
    args: { input: t.arg({ type: DisconnectConnectionInput, required: true, description: "The connection." }) },
    resolve: async (_root, { input: { id } }, context) => ({
      connection: nodeOf(context, requireFound(await actionsOf(context).disconnect(id))),
    }),
  }),
);

const statusValues: Record<string, { value: RefreshStatus; description: string }> = {
  REFRESHED: { value: "refreshed", description: "There is a new token." },
  STILL_FRESH: { value: "still_fresh", description: "The token was refreshed on request less than 30 s ago. The provider was not asked." },
  NOT_REFRESHABLE: { value: "not_refreshable", description: "The token cannot be refreshed, as with an API key." },
  NOT_CONNECTED: { value: "not_connected", description: "There is no token: the connection was disconnected, or never finished." },
  DISABLED: { value: "disabled", description: "The connection is disabled: enable it first. The provider was not asked." },
  RECONNECT_REQUIRED: { value: "reconnect_required", description: "Only the user can fix it, by connecting again." },
  TEMPORARILY_UNAVAILABLE: {
    value: "temporarily_unavailable",
    description: "The provider did not respond properly, or is not asked for a while after a failure. The connection is kept.",
  },
  CONNECTOR_MISCONFIGURED: { value: "connector_misconfigured", description: "Only the operator can fix it." },
};

const RefreshStatusType = builder.enumType("RefreshStatus", {
  description: "The result of a refresh that a server requested.",
  values: statusValues,
});

const RefreshConnectionInput = builder.inputType("RefreshConnectionInput", {
  description: "The connection to refresh.",
  fields: (t) => ({
    id: t.id({ required: true, description: "The connection's id.", validate: idSchema }),
    kind: t.string({
      description: "The kind of token, if one connection has several. Default: that of the connection's own grant.",
      validate: tokenKindSchema,
    }),
  }),
});

type RefreshNode = Omit<ConnectionRefresh, "connection"> & { connection: ConnectionNode };

const RefreshConnectionPayload = builder.objectRef<RefreshNode>("RefreshConnectionPayload").implement({
  description: "The result of a refresh.",
  fields: (t) => ({
    connection: t.expose("connection", { type: ConnectionType, description: "The connection as it is now." }),
    status: t.expose("status", { type: RefreshStatusType, description: "The result." }),
    message: t.exposeString("message", { description: "The same, as a sentence." }),
    retryAfter: t.exposeInt("retryAfter", { nullable: true, description: "Seconds until it can be refreshed on request again." }),
  }),
});

builder.mutationField("refreshConnection", (t) =>
  t.field({
    type: RefreshConnectionPayload,
    description:
      "Refreshes the token of a connection of any owner now, even a fresh one, at most once in 30 s. If the provider ends the previous token, callers that still use it are refused. Servers only.",
    args: { input: t.arg({ type: RefreshConnectionInput, required: true, description: "The connection." }) },
    resolve: async (_root, { input: { id, kind } }, context) => {
      const refreshed = requireFound(await actionsOf(context).refresh(id, kind ?? undefined));
      return { ...refreshed, connection: nodeOf(context, refreshed.connection) };
    },
  }),
);

const DisableConnectionInput = builder.inputType("DisableConnectionInput", {
  description: "The connection to disable.",
  fields: (t) => ({ id: t.id({ required: true, description: "The connection's id.", validate: idSchema }) }),
});

const DisableConnectionPayload = builder.objectRef<{ connection: ConnectionNode }>("DisableConnectionPayload").implement({
  description: "A disabled connection.",
  fields: (t) => ({ connection: t.expose("connection", { type: ConnectionType, description: "The connection as it is now." }) }),
});

builder.mutationField("disableConnection", (t) =>
  t.field({
    type: DisableConnectionPayload,
    description:
      "Withholds the tokens of a connection of any owner, from its user and from servers, at once and in every process. Its user cannot connect it until a server calls enableConnection. The grant is kept. Servers only.",
    args: { input: t.arg({ type: DisableConnectionInput, required: true, description: "The connection." }) },
    resolve: async (_root, { input: { id } }, context) => ({
      connection: nodeOf(context, requireFound(await actionsOf(context).disable(id))),
    }),
  }),
);

const EnableConnectionInput = builder.inputType("EnableConnectionInput", {
  description: "The connection to enable.",
  fields: (t) => ({ id: t.id({ required: true, description: "The connection's id.", validate: idSchema }) }),
});

const EnableConnectionPayload = builder.objectRef<{ connection: ConnectionNode }>("EnableConnectionPayload").implement({
  description: "A connection that is no longer disabled.",
  fields: (t) => ({ connection: t.expose("connection", { type: ConnectionType, description: "The connection as it is now." }) }),
});

builder.mutationField("enableConnection", (t) =>
  t.field({
    type: EnableConnectionPayload,
    description:
      "Undoes disableConnection: a connection with a grant gives tokens again, and its user may connect it. Nothing changes if it is not disabled. Servers only.",
    args: { input: t.arg({ type: EnableConnectionInput, required: true, description: "The connection." }) },
    resolve: async (_root, { input: { id } }, context) => ({
      connection: nodeOf(context, requireFound(await actionsOf(context).enable(id))),
    }),
  }),
);
