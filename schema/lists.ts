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

const CURSOR = "Its cursor: pass it as `after` to continue after it.";

const UserEdgeType = builder.objectRef<Edge<UserNode>>("UserEdge").implement({
  description: "A user in a list.",
  fields: (t) => ({
    cursor: t.exposeString("cursor", { description: CURSOR }),
    node: t.expose("node", { type: UserType, description: "The user." }),
  }),
});

const UserPageType = builder.objectRef<PageNode<UserNode>>("UserConnection").implement({
  description: "A page of users.",
  fields: (t) => ({ edges: t.expose("edges", { type: [UserEdgeType], description: "The users, ordered by id." }) }),
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
  fields: (t) => ({ edges: t.expose("edges", { type: [GroupEdgeType], description: "The groups, ordered by id." }) }),
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
    description: "All users of the platform, ordered by id. Servers only.",
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
    description: "All groups of the platform, ordered by id. Servers only.",
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
  description: "Filters for connections. A connection must match all of them. A filter that is left out or null matches every connection.",
  fields: (t) => ({
    connector: t.id({ description: "The connector's slug.", validate: slugSchema }),
    health: t.field({
      type: HealthType,
      description:
        "`Authorization.health`. Disabled connections match none of them. RECONNECT_REQUIRED alone leaves out a connection for which just the platform's client is missing (`client_changed`): state an owner, an account or updatedSince beside it.",
    }),
    owner: t.field({ type: OwnerFilterInput, description: "The owner." }),
    accountId: t.id({
      description: "The account's id at the provider, as its webhooks name it. It is unique only within a connector.",
      validate: accountSchema,
    }),
    accountLabel: t.string({
      description: "`Authorization.displayLabel`, in full. At some providers, users choose it: do not base decisions on it.",
      validate: accountSchema,
    }),
    updatedSince: t.field({
      type: "DateTime",
      description:
        "Changed at this time or later, which includes refreshes. To follow changes, set it to the last `updatedAt` that you received minus one minute, because a change is listed only once it is committed.",
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
      "The connections of all users and groups, ordered by id; with updatedSince, the least recently changed first. They include disconnected connections and those that were never finished. Servers only.",
    args: { ...pageArgs(), filter: t.arg({ type: ConnectionFilterInput, description: "Filters. Default: all connections." }) },
    resolve: async (_root, { filter, ...args }, context) => {
      const platform = requirePlatform(context);
      if (!platform.listConnections) throw unlisted("connections", "Ask for an owner's, by user(id:) or group(id:).");
      const request = parsePageRequest(args);
      const page = await platform.listConnections(parseFilter(filter ?? {}), request);
      return toPageNode(page, request, (connection) => withSource(platform.connectionsOf(connection.owner), connection));
    },
  }),
);

const unlisted = (what: string, instead: string) => forbidden(`This gateway's upstream cannot list all ${what}. ${instead}`);
