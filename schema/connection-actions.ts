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
  description: "A connection that is to end.",
  fields: (t) => ({ id: t.id({ required: true, description: "The connection's id.", validate: idSchema }) }),
});

const DisconnectConnectionPayload = builder.objectRef<{ connection: ConnectionNode }>("DisconnectConnectionPayload").implement({
  description: "A connection that has ended.",
  fields: (t) => ({ connection: t.expose("connection", { type: ConnectionType, description: "The connection as it is now." }) }),
});

builder.mutationField("disconnectConnection", (t) =>
  t.field({
    type: DisconnectConnectionPayload,
    description:
      "Disconnects a connection of any owner and revokes its grant at the provider. Its user may connect again. Nothing changes where it is disconnected already. Servers only.",
    args: { input: t.arg({ type: DisconnectConnectionInput, required: true, description: "The connection." }) },
    resolve: async (_root, { input: { id } }, context) => ({
      connection: nodeOf(context, requireFound(await actionsOf(context).disconnect(id))),
    }),
  }),
);

const statusValues: Record<string, { value: RefreshStatus; description: string }> = {
  REFRESHED: { value: "refreshed", description: "There is a new token." },
  STILL_FRESH: { value: "still_fresh", description: "The token was refreshed on request less than 30 s ago. The provider was not asked." },
  NOT_REFRESHABLE: { value: "not_refreshable", description: "There is nothing to refresh the token with, as with an API key." },
  NOT_CONNECTED: { value: "not_connected", description: "There is no such token: the connection was disconnected, or never finished." },
  DISABLED: { value: "disabled", description: "The connection is disabled: enable it first. The provider was not asked." },
  RECONNECT_REQUIRED: { value: "reconnect_required", description: "Only the user can mend it, by connecting again." },
  TEMPORARILY_UNAVAILABLE: {
    value: "temporarily_unavailable",
    description: "The provider did not answer as it should, or is left alone after a failure. The connection stays as it is.",
  },
  CONNECTOR_MISCONFIGURED: { value: "connector_misconfigured", description: "Only the operator can mend it." },
};

const RefreshStatusType = builder.enumType("RefreshStatus", {
  description: "What became of a refresh that a server asked for.",
  values: statusValues,
});

const RefreshConnectionInput = builder.inputType("RefreshConnectionInput", {
  description: "A connection whose token is to be refreshed.",
  fields: (t) => ({
    id: t.id({ required: true, description: "The connection's id.", validate: idSchema }),
    kind: t.string({
      description: "The kind of token, where one connection has several. Default: that of the connection's own grant.",
      validate: tokenKindSchema,
    }),
  }),
});

type RefreshNode = Omit<ConnectionRefresh, "connection"> & { connection: ConnectionNode };

const RefreshConnectionPayload = builder.objectRef<RefreshNode>("RefreshConnectionPayload").implement({
  description: "What became of a refresh.",
  fields: (t) => ({
    connection: t.expose("connection", { type: ConnectionType, description: "The connection as it is now." }),
    status: t.expose("status", { type: RefreshStatusType, description: "What became of it." }),
    message: t.exposeString("message", { description: "The same as one sentence." }),
    retryAfter: t.exposeInt("retryAfter", { nullable: true, description: "When it can be asked for again, in seconds." }),
  }),
});

builder.mutationField("refreshConnection", (t) =>
  t.field({
    type: RefreshConnectionPayload,
    description:
      "Refreshes the token of a connection of any owner now, also one that is fresh, at most once in 30 s. Where the provider ends the former token, those who still use it are refused. Servers only.",
    args: { input: t.arg({ type: RefreshConnectionInput, required: true, description: "The connection." }) },
    resolve: async (_root, { input: { id, kind } }, context) => {
      const refreshed = requireFound(await actionsOf(context).refresh(id, kind ?? undefined));
      return { ...refreshed, connection: nodeOf(context, refreshed.connection) };
    },
  }),
);

const DisableConnectionInput = builder.inputType("DisableConnectionInput", {
  description: "A connection that is to give no tokens.",
  fields: (t) => ({ id: t.id({ required: true, description: "The connection's id.", validate: idSchema }) }),
});

const DisableConnectionPayload = builder.objectRef<{ connection: ConnectionNode }>("DisableConnectionPayload").implement({
  description: "A connection that gives no tokens.",
  fields: (t) => ({ connection: t.expose("connection", { type: ConnectionType, description: "The connection as it is now." }) }),
});

builder.mutationField("disableConnection", (t) =>
  t.field({
    type: DisableConnectionPayload,
    description:
      "Withholds the tokens of a connection of any owner, from its user and from servers, at once and in every process. Its user cannot connect it until enableConnection. The grant is kept. Servers only.",
    args: { input: t.arg({ type: DisableConnectionInput, required: true, description: "The connection." }) },
    resolve: async (_root, { input: { id } }, context) => ({
      connection: nodeOf(context, requireFound(await actionsOf(context).disable(id))),
    }),
  }),
);

const EnableConnectionInput = builder.inputType("EnableConnectionInput", {
  description: "A disabled connection that is to give tokens again.",
  fields: (t) => ({ id: t.id({ required: true, description: "The connection's id.", validate: idSchema }) }),
});

const EnableConnectionPayload = builder.objectRef<{ connection: ConnectionNode }>("EnableConnectionPayload").implement({
  description: "A connection that is disabled no more.",
  fields: (t) => ({ connection: t.expose("connection", { type: ConnectionType, description: "The connection as it is now." }) }),
});

builder.mutationField("enableConnection", (t) =>
  t.field({
    type: EnableConnectionPayload,
    description:
      "Undoes disableConnection: a connection that has its grant gives tokens again, and its user may connect it. Nothing changes where it is not disabled. Servers only.",
    args: { input: t.arg({ type: EnableConnectionInput, required: true, description: "The connection." }) },
    resolve: async (_root, { input: { id } }, context) => ({
      connection: nodeOf(context, requireFound(await actionsOf(context).enable(id))),
    }),
  }),
);
