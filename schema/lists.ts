import { builder } from "./builder.ts";
import { type ConnectionNode, ConnectionType, withSource } from "./connection.ts";
import { requirePlatform } from "./context.ts";
import { forbidden } from "./errors.ts";
import { HealthType } from "./health.ts";
import { accountSchema, externalIdSchema, slugSchema } from "./input.ts";
import { groupNode, GroupType, type OwnerNode, type UserNode, userNode, UserType } from "./owner.ts";
import { addPageFields, pageArgs, type PageNode, parsePageRequest, toPageNode } from "./page.ts";
import type { ConnectionFilter } from "./upstream.ts";

interface Edge<Node> {
  cursor: string;
  node: Node;
}

const CURSOR = "Its place in the list: `after` goes on behind it.";

const UserEdgeType = builder.objectRef<Edge<UserNode>>("UserEdge").implement({
  description: "A user in a list.",
  fields: (t) => ({
    cursor: t.exposeString("cursor", { description: CURSOR }),
    node: t.expose("node", { type: UserType, description: "The user." }),
  }),
});

const UserPageType = builder.objectRef<PageNode<UserNode>>("UserConnection").implement({
  description: "A page of users.",
  fields: (t) => ({ edges: t.expose("edges", { type: [UserEdgeType], description: "The users, by their ids." }) }),
});
addPageFields(UserPageType);

const GroupEdgeType = builder.objectRef<Edge<OwnerNode>>("GroupEdge").implement({
  description: "A group in a list.",
  fields: (t) => ({
    cursor: t.exposeString("cursor", { description: CURSOR }),
    node: t.expose("node", { type: GroupType, description: "The group." }),
  }),
});

const GroupPageType = builder.objectRef<PageNode<OwnerNode>>("GroupConnection").implement({
  description: "A page of groups.",
  fields: (t) => ({ edges: t.expose("edges", { type: [GroupEdgeType], description: "The groups, by their ids." }) }),
});
addPageFields(GroupPageType);

const ConnectionEdgeType = builder.objectRef<Edge<ConnectionNode>>("ConnectionEdge").implement({
  description: "A connection in a list.",
  fields: (t) => ({
    cursor: t.exposeString("cursor", { description: CURSOR }),
    node: t.expose("node", { type: ConnectionType, description: "The connection." }),
  }),
});

const ConnectionPageType = builder.objectRef<PageNode<ConnectionNode>>("ConnectionConnection").implement({
  description: "A page of connections.",
  fields: (t) => ({ edges: t.expose("edges", { type: [ConnectionEdgeType], description: "The connections, in the list's order." }) }),
});
addPageFields(ConnectionPageType);

builder.queryField("users", (t) =>
  t.field({
    type: UserPageType,
    nullable: true,
    description: "All users of the platform, by their ids. Servers only.",
    args: pageArgs(),
    resolve: async (_root, args, context) => {
      const platform = requirePlatform(context);
      if (!platform.listUsers) throw unlisted("users", "Look one up by user(id:).");
      const request = parsePageRequest(args);
      return toPageNode(await platform.listUsers(request), request, (user) => userNode(platform, user));
    },
  }),
);

builder.queryField("groups", (t) =>
  t.field({
    type: GroupPageType,
    nullable: true,
    description: "All groups of the platform, by their ids. Servers only.",
    args: pageArgs(),
    resolve: async (_root, args, context) => {
      const platform = requirePlatform(context);
      if (!platform.listGroups) throw unlisted("groups", "Look one up by group(id:).");
      const request = parsePageRequest(args);
      return toPageNode(await platform.listGroups(request), request, (group) => groupNode(platform, group));
    },
  }),
);

const OwnerFilterInput = builder.inputType("OwnerFilter", {
  isOneOf: true,
  description: "Whose connections.",
  fields: (t) => ({
    user: t.id({ description: "A user's, by the id in the platform's system.", validate: externalIdSchema }),
    group: t.id({ description: "A group's, by the id in the platform's system.", validate: externalIdSchema }),
  }),
});

const ConnectionFilterInput = builder.inputType("ConnectionFilter", {
  description: "Which connections: those to which all that is stated applies. What is left out or null states nothing.",
  fields: (t) => ({
    connector: t.id({ description: "The connector's slug.", validate: slugSchema }),
    health: t.field({
      type: HealthType,
      description:
        "`Authorization.health`. A disabled connection has none of them here. RECONNECT_REQUIRED alone leaves out a connection for which just the platform's client is missing (`client_changed`): state an owner, an account or updatedSince beside it.",
    }),
    owner: t.field({ type: OwnerFilterInput, description: "Whose they are." }),
    accountId: t.id({
      description: "The account's id at the provider, as its webhooks name it. It is unique within a connector alone.",
      validate: accountSchema,
    }),
    accountLabel: t.string({
      description: "`Authorization.displayLabel`, in full. Users choose it at some providers: decide nothing by it.",
      validate: accountSchema,
    }),
    updatedSince: t.field({
      type: "DateTime",
      description:
        "Changed at this instant or later, a stored refresh included. To follow changes, state the last `updatedAt` that was seen less a minute: a change is listed once it is committed.",
    }),
  }),
});

type FilterInput = typeof ConnectionFilterInput.$inferInput;

function parseFilter({ connector, health, owner, accountId, accountLabel, updatedSince }: FilterInput): ConnectionFilter {
  return {
    ...(connector != null && { connector }),
    ...(health != null && { health }),
    ...(owner != null && { owner: owner.user == null ? { kind: "group", id: owner.group ?? "" } : { kind: "user", id: owner.user } }),
    ...(accountId != null && { accountId }),
    ...(accountLabel != null && { accountLabel }),
    ...(updatedSince != null && { updatedSince }),
  };
}

builder.queryField("allConnections", (t) =>
  t.field({
    type: ConnectionPageType,
    nullable: true,
    description:
      "The connections of all users and groups: by their ids; with updatedSince by when they changed, the longest ago first. Those never finished and those disconnected are among them. Servers only.",
    args: { ...pageArgs(), filter: t.arg({ type: ConnectionFilterInput, description: "Which. Default: all." }) },
    resolve: async (_root, { filter, ...args }, context) => {
      const platform = requirePlatform(context);
      if (!platform.listConnections) throw unlisted("connections", "Ask for an owner's, by user(id:) or group(id:).");
      const request = parsePageRequest(args);
      const page = await platform.listConnections(parseFilter(filter ?? {}), request);
      return toPageNode(page, request, (connection) => withSource(platform.connectionsOf(connection.owner), connection));
    },
  }),
);

const unlisted = (what: string, instead: string) => forbidden(`This gateway's upstream has no list of all ${what}. ${instead}`);
