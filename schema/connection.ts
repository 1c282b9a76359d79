import { AuthorizationType, authorizationNode } from "./authorization.ts";
import { builder } from "./builder.ts";
import { type ConnectorNode, ConnectorType, connectorNode } from "./connector.ts";
import { type Context, requireUser } from "./context.ts";
import { idSchema, loginHintSchema, parseWhere, returnToSchema, scopesSchema, slugSchema, tokenKindSchema, whereArgs } from "./input.ts";
import { NodeInterface } from "./node.ts";
import type { Connection, MetadataEntry, Owner, OwnerConnections } from "./upstream.ts";

/** A connection beside the capability it was read with, which is the only way from here to a token. */
export type ConnectionNode = Connection & { source: OwnerConnections };

export const withSource = (source: OwnerConnections, connection: Connection): ConnectionNode => ({ source, ...connection });

const nodesOfLists = new WeakMap<Connection[], ConnectionNode[]>();

/** The connections of a connector, or all. What was listed before gives the nodes that it gave before. */
export async function listNodes(source: OwnerConnections, slug: string | null): Promise<ConnectionNode[]> {
  const list = await source.list(slug);
  const nodes = nodesOfLists.get(list) ?? list.map((connection) => withSource(source, connection));
  nodesOfLists.set(list, nodes);
  return nodes;
}

const MetadataEntryType = builder.objectRef<MetadataEntry>("MetadataEntry").implement({
  description: "A value that the provider stated about a connection.",
  fields: (t) => ({
    name: t.exposeString("name", { description: "The value's name in the provider's facts: `realmId`, `instance_url`." }),
    value: t.exposeString("value", { description: "The value, as text." }),
  }),
});

const ownerKinds: Record<string, { value: Owner["kind"]; description: string }> = {
  USER: { value: "user", description: "A user, as `user(id:)` gives it." },
  GROUP: { value: "group", description: "A group of users, as `group(id:)` gives it." },
};

const ConnectionOwnerType = builder.objectRef<Owner>("ConnectionOwner").implement({
  description: "The owner of a connection.",
  fields: (t) => ({
    kind: t.expose("kind", {
      type: builder.enumType("OwnerKind", { description: "The owner of a connection.", values: ownerKinds }),
      description: "Whether it is a user or a group.",
    }),
    id: t.exposeID("id", { description: "The owner's id in the platform's own system." }),
  }),
});

const byName = (a: MetadataEntry, b: MetadataEntry): number => (a.name < b.name ? -1 : Number(a.name > b.name));

export const ConnectionType = builder.objectRef<ConnectionNode>("Connection").implement({
  interfaces: [NodeInterface],
  description: "An owner's link to a connector.",
  fields: (t) => ({
    id: t.exposeID("id", { description: "It stays the same after a reconnect." }),
    enabled: t.exposeBoolean("enabled", {
      description: "Whether it gives tokens. False before the first success, after a disconnect, and while it is disabled.",
    }),
    disabledAt: t.field({
      type: "DateTime",
      nullable: true,
      description: "When a server disabled it. Its user cannot connect it until a server enables it. Null if it is not disabled.",
      resolve: ({ disabledAt }) => disabledAt ?? null,
    }),
    owner: t.expose("owner", { type: ConnectionOwnerType, description: "The owner." }),
    connector: t.field({
      type: ConnectorType,
      description: "The connector that it belongs to.",
      resolve: ({ source, connector }) => connectorNode(source, connector),
    }),
    authorization: t.field({
      type: AuthorizationType,
      nullable: true,
      description: "The grant behind it.",
      resolve: ({ source, authorization }) => authorization && authorizationNode(source, authorization),
    }),
    metadata: t.field({
      type: [MetadataEntryType],
      description: "Values about the account that calls of the provider's API need, by name. Never a secret.",
      resolve: ({ metadata = [] }) => metadata.toSorted(byName),
    }),
    connectorUrl: t.string({
      description: "The page where the user connects, repairs or disconnects it.",
      resolve: ({ connector }) => connector.connectorUrl,
    }),
    createdAt: t.expose("createdAt", {
      type: "DateTime",
      nullable: true,
      description: "When connecting was first started; null if unknown.",
    }),
    lastUsedAt: t.field({
      type: "DateTime",
      nullable: true,
      description: "When a token of it was last returned, accurate to an hour; null if none was since this is recorded.",
      resolve: ({ source, id }) => source.lastUsedAt?.(id) ?? null,
    }),
    updatedAt: t.expose("updatedAt", { type: "DateTime", nullable: true, description: "When it last changed; null if unknown." }),
  }),
});

builder.objectField(ConnectorType, "connections", (t) =>
  t.field({
    type: [ConnectionType],
    description: "The viewer's connections of it, the healthiest first; empty when no user is signed in.",
    resolve: ({ source, slug }) => (source ? listNodes(source, slug) : []),
  }),
);

export const ConnectionOrConnectorType = builder.unionType("ConnectionOrConnector", {
  description: "The connection if there is one, otherwise the connector.",
  types: [ConnectionType, ConnectorType],
  resolveType: (value) => ("authorization" in value ? ConnectionType : ConnectorType),
});

/** The owner's healthiest connection of a connector, else the connector itself, else null. */
export async function findConnectionOrConnector(
  { catalog }: Context,
  source: OwnerConnections | null,
  slug: string,
): Promise<ConnectionNode | ConnectorNode | null> {
  const connection = (await source?.find({ slug })) ?? null;
  if (source && connection) return withSource(source, connection);
  const connector = await catalog.findConnector(slug);
  return connector && connectorNode(source, connector);
}

builder.queryField("connection", (t) =>
  t.field({
    type: ConnectionType,
    nullable: true,
    description: "One of the viewer's connections, or null if it was never started.",
    args: whereArgs(),
    resolve: async (_root, { where }, context) => {
      const connections = requireUser(context);
      const connection = await connections.find(parseWhere(where));
      return connection && withSource(connections, connection);
    },
  }),
);

builder.queryField("connections", (t) =>
  t.field({
    type: [ConnectionType],
    description: "The viewer's connections, the healthiest of each connector first.",
    args: { slug: t.arg.id({ description: "Only those of this connector.", validate: slugSchema }) },
    resolve: (_root, { slug }, context) => listNodes(requireUser(context), slug ?? null),
  }),
);

builder.queryField("connectionOrConnector", (t) =>
  t.field({
    type: ConnectionOrConnectorType,
    nullable: true,
    description:
      "The viewer's connection of a connector. If there is none or no user is signed in, the connector itself. Null if the catalog does not have the connector.",
    args: { slug: t.arg.id({ required: true, description: "The connector's slug.", validate: slugSchema }) },
    resolve: (_root, { slug }, context) => findConnectionOrConnector(context, context.user?.connections ?? null, slug),
  }),
);

builder.mutationField("connect", (t) =>
  t.field({
    type: ConnectionType,
    description:
      "Starts connecting, or reconnecting an existing connection. Send this browser to `authorization.authorizeUrl`: the link works in no other browser. A working connection keeps working until the new grant succeeds.",
    args: {
      slug: t.arg.id({ required: true, description: "The connector's slug.", validate: slugSchema }),
      id: t.arg.id({
        description:
          "The id of an existing connection to reconnect, or a new UUID to add another. If the connector supports only one connection, the existing one is used. Default: the existing connection, otherwise a new one.",
        validate: idSchema,
      }),
      returnTo: t.arg.string({
        description: "Where the browser goes at the end: a path of this gateway or a URL of one of the platform's web origins.",
        validate: returnToSchema,
      }),
      scopes: t.arg.stringList({
        description:
          "Scopes to ask for. The platform must allow them. Scopes that are already granted are asked for too, so that none is lost. Default: the connector's scopes.",
        validate: scopesSchema,
      }),
      kind: t.arg.string({
        description:
          "The kind of token that `scopes` are for, if one connection has several. The other kinds are asked for as ever. Default: the connector's default kind.",
        validate: tokenKindSchema,
      }),
      loginHint: t.arg.string({
        description: "The email address of the user who is expected to sign in at the provider. A provider may ignore it.",
        validate: loginHintSchema,
      }),
    },
    resolve: async (_root, { slug, id = null, returnTo = null, scopes, kind, loginHint }, context) => {
      const connections = requireUser(context);
      const asked = {
        ...(scopes && { scopes }),
        ...(typeof kind === "string" && { kind }),
        ...(typeof loginHint === "string" && { loginHint }),
      };
      return withSource(connections, await connections.start(slug, { id, returnTo, ...asked }));
    },
  }),
);

builder.mutationField("disconnect", (t) =>
  t.field({
    type: ConnectionType,
    description: "Disconnects a connection and revokes its grant at the provider. Returns the connection as it was before.",
    args: whereArgs(),
    resolve: async (_root, { where }, context) => {
      const connections = requireUser(context);
      return withSource(connections, await connections.disconnect(parseWhere(where)));
    },
  }),
);

builder.subscriptionField("connectionChanged", (t) =>
  t.field({
    type: ConnectionType,
    description: "Each of the viewer's connections, when it changes.",
    args: { slug: t.arg.id({ description: "Only those of this connector.", validate: slugSchema }) },
    subscribe: (_root, { slug }, context) => requireUser(context).watch(slug ?? null),
    resolve: (connection, _args, context) => withSource(requireUser(context), connection),
  }),
);
