import { AccessTokenResultType } from "./access-token.ts";
import { builder } from "./builder.ts";
import { ConnectionOrConnectorType, ConnectionType, findConnectionOrConnector, listNodes, withSource } from "./connection.ts";
import { requirePlatform } from "./context.ts";
import { notFound } from "./errors.ts";
import { externalIdSchema, nameSchema, parseTokenRequest, parseWhere, slugSchema, tokenArgs, whereArgs } from "./input.ts";
import { NodeInterface } from "./node.ts";
import { tokenOrNull } from "./outcomes.ts";
import { andThen } from "./promise-or-value.ts";
import type { KnownUser, Owner, OwnerConnections, PlatformAccess, ProvisionedUser } from "./upstream.ts";

/** An owner beside the capability to ask for its connections, tokens included: servers only. */
export type OwnerNode = Owner & { source: OwnerConnections };

export const OwnerInterface = builder.interfaceRef<OwnerNode>("Owner").implement({
  interfaces: [NodeInterface],
  description:
    "What a server may ask for on behalf of an owner. An owner's connections are those that were made while it owned the session.",
  resolveType: ({ kind }) => (kind === "user" ? "User" : "Group"),
  fields: (t) => ({
    id: t.exposeID("id", { description: "The owner's id in the platform's own system." }),
    connection: t.field({
      type: ConnectionType,
      nullable: true,
      description: "One of the owner's connections, or null if it was never started.",
      args: whereArgs(),
      resolve: async ({ source }, { where }) => {
        const connection = await source.find(parseWhere(where));
        return connection && withSource(source, connection);
      },
    }),
    connections: t.field({
      type: [ConnectionType],
      description: "The owner's connections, the healthiest of each connector first.",
      args: { slug: t.arg.id({ description: "Only those of this connector.", validate: slugSchema }) },
      resolve: ({ source }, { slug }) => listNodes(source, slug ?? null),
    }),
    connectionOrConnector: t.field({
      type: ConnectionOrConnectorType,
      nullable: true,
      description:
        "The owner's connection of a connector; if there is none, the connector itself; null if the catalog does not have the connector.",
      args: { slug: t.arg.id({ required: true, description: "The connector's slug.", validate: slugSchema }) },
      resolve: ({ source }, { slug }, context) => findConnectionOrConnector(context, source, slug),
    }),
    connectionToken: t.string({
      nullable: true,
      description: "A live access token of the owner's connection; null if there is none.",
      args: { ...whereArgs(), ...tokenArgs() },
      resolve: ({ source }, args) => tokenOrNull(source, parseWhere(args.where), parseTokenRequest(args)),
    }),
    accessToken: t.field({
      type: AccessTokenResultType,
      description: "The same as connectionToken, but with the reason if there is no token.",
      args: { ...whereArgs(), ...tokenArgs() },
      resolve: ({ source }, args) =>
        andThen(source.accessToken(parseWhere(args.where), parseTokenRequest(args)), (outcome) => ({ source, ...outcome })),
    }),
  }),
});

export type UserNode = OwnerNode & KnownUser;

export const UserType = builder.objectRef<UserNode>("User").implement({
  description: "A user of the platform, as a server sees it.",
  interfaces: [OwnerInterface, NodeInterface],
  fields: (t) => ({
    name: t.exposeString("name", { nullable: true, description: "The user's display name, as the platform set it." }),
    groupId: t.exposeID("groupId", { nullable: true, description: "The user's current group." }),
  }),
});

export const GroupType = builder.objectRef<OwnerNode>("Group").implement({
  description: "A group of users that share connections, as a server sees it.",
  interfaces: [OwnerInterface, NodeInterface],
});

export const userNode = (platform: PlatformAccess, user: KnownUser): UserNode => ({
  kind: "user",
  source: platform.connectionsOf({ kind: "user", id: user.id }),
  ...user,
});

export const groupNode = (platform: PlatformAccess, { id }: { id: string }): OwnerNode => ({
  id,
  kind: "group",
  source: platform.connectionsOf({ kind: "group", id }),
});

builder.queryField("user", (t) =>
  t.field({
    type: UserType,
    nullable: true,
    description: "A user with their own connections, or null if unknown. Servers only.",
    args: { id: t.arg.id({ required: true, description: "The user's id in the platform's system.", validate: externalIdSchema }) },
    resolve: async (_root, { id }, context): Promise<UserNode | null> => {
      const platform = requirePlatform(context);
      const user = await platform.findUser(id);
      return user && userNode(platform, user);
    },
  }),
);

builder.queryField("group", (t) =>
  t.field({
    type: GroupType,
    nullable: true,
    description: "A group with its connections, or null if unknown. Servers only.",
    args: { id: t.arg.id({ required: true, description: "The group's id in the platform's system.", validate: externalIdSchema }) },
    resolve: async (_root, { id }, context): Promise<OwnerNode | null> => {
      const platform = requirePlatform(context);
      const group = await platform.findGroup(id);
      return group && groupNode(platform, group);
    },
  }),
);

const ProvisionUserInput = builder.inputType("ProvisionUserInput", {
  description: "A user to create or update. Fields that are left out are not changed; null clears a field.",
  fields: (t) => ({
    id: t.id({ required: true, description: "The user's id in the platform's system.", validate: externalIdSchema }),
    groupId: t.id({ description: "The user's new group.", validate: externalIdSchema }),
    name: t.string({ description: "The user's display name.", validate: nameSchema }),
  }),
});

const ProvisionedUserType = builder.objectRef<Omit<ProvisionedUser, "user"> & { user: UserNode }>("ProvisionedUser").implement({
  description: "A user who can now sign in.",
  fields: (t) => ({
    user: t.expose("user", { type: UserType, description: "The user." }),
    token: t.exposeString("token", { description: "A user token: pass it to the user's browser, which passes it to login." }),
    expiresAt: t.expose("expiresAt", { type: "DateTime", description: "When the user token expires." }),
  }),
});

const RevokeUserTokensInput = builder.inputType("RevokeUserTokensInput", {
  description: "The user to sign out everywhere.",
  fields: (t) => ({
    id: t.id({ required: true, description: "The user's id in the platform's system.", validate: externalIdSchema }),
  }),
});

const RevokedUserTokensType = builder.objectRef<{ user: UserNode }>("RevokedUserTokens").implement({
  description: "A user who has to sign in again.",
  fields: (t) => ({ user: t.expose("user", { type: UserType, description: "The user." }) }),
});

builder.mutationField("revokeUserTokens", (t) =>
  t.field({
    type: RevokedUserTokensType,
    description:
      "Ends all tokens and sessions of a user that were issued until now, including those of the operator's page. Connections are kept. A JWT of an issuer counts as issued at its `iat` minus the issuer's clock tolerance. Servers only.",
    args: { input: t.arg({ type: RevokeUserTokensInput, required: true, description: "The user." }) },
    resolve: async (_root, { input: { id } }, context) => {
      const platform = requirePlatform(context);
      const user = await platform.revokeUserTokens(id);
      if (!user) throw notFound("No user has this id.");
      return { user: userNode(platform, user) };
    },
  }),
);

builder.mutationField("provisionUser", (t) =>
  t.field({
    type: ProvisionedUserType,
    description: "Creates or updates a user, and returns a user token. Idempotent. Servers only.",
    args: { input: t.arg({ type: ProvisionUserInput, required: true, description: "The user." }) },
    resolve: async (_root, { input }, context) => {
      const platform = requirePlatform(context);
      const { id, groupId, name } = input;
      const provisioned = await platform.provisionUser({
        id,
        ...(groupId !== undefined && { groupId }),
        ...(name !== undefined && { name }),
      });
      return { ...provisioned, user: userNode(platform, provisioned.user) };
    },
  }),
);
