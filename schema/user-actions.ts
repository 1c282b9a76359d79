import { builder } from "./builder.ts";
import { type ConnectionNode, ConnectionType, withSource } from "./connection.ts";
import { type Context, requirePlatform } from "./context.ts";
import { badUserInput, forbidden, notFound } from "./errors.ts";
import { externalIdSchema } from "./input.ts";
import { type UserNode, userNode, UserType } from "./owner.ts";
import type { KnownUser, MovedConnectionStatus } from "./upstream.ts";

const nodeOf = (context: Context, user: KnownUser): UserNode => userNode(requirePlatform(context), user);

const statusValues: Record<string, { value: MovedConnectionStatus; description: string }> = {
  LEFT_WITH_GROUP: {
    value: "left_with_group",
    description: "It stays with the group that the user left, even if the user connected it. The user no longer sees it.",
  },
  KEPT_UNSEEN: {
    value: "kept_unseen",
    description: "It is the user's own. The user does not see it while in a group. Servers find it with user(id:).",
  },
  SEEN: { value: "seen", description: "The user now sees it: it belongs to the new group, or to the user if they are in no group." },
};

const MovedConnectionStatusType = builder.enumType("MovedConnectionStatus", {
  description: "What a connection is to a user who has moved. Its owner did not change.",
  values: statusValues,
});

const MovedConnectionType = builder.objectRef<{ connection: ConnectionNode; status: MovedConnectionStatus }>("MovedConnection").implement({
  description: "A connection after a user has moved.",
  fields: (t) => ({
    connection: t.expose("connection", { type: ConnectionType, description: "The connection." }),
    status: t.expose("status", { type: MovedConnectionStatusType, description: "What it is to the user now." }),
  }),
});

const MoveUserInput = builder.inputType("MoveUserInput", {
  description: "The user to move to another group, or to none.",
  fields: (t) => ({
    id: t.id({ required: true, description: "The user's id in the platform's system.", validate: externalIdSchema }),
    groupId: t.id({ description: "The new group; null for none. Required.", validate: externalIdSchema }),
  }),
});

interface MovedNode {
  user: UserNode;
  previousGroupId: string | null;
  connections: { connection: ConnectionNode; status: MovedConnectionStatus }[];
}

const MoveUserPayload = builder.objectRef<MovedNode>("MoveUserPayload").implement({
  description: "A user who has moved.",
  fields: (t) => ({
    user: t.expose("user", { type: UserType, description: "The user, in their new group." }),
    previousGroupId: t.exposeID("previousGroupId", { nullable: true, description: "The previous group; null for none." }),
    connections: t.field({
      type: [MovedConnectionType],
      description: "The user's own connections and those of both groups.",
      resolve: ({ connections }) => connections,
    }),
  }),
});

builder.mutationField("moveUser", (t) =>
  t.field({
    type: MoveUserPayload,
    description:
      "Moves an existing user to another group, or to none. No connection changes its owner. Connecting that the user started for the previous group cannot be finished. A later JWT of an issuer that names a group moves the user again. Servers only.",
    args: { input: t.arg({ type: MoveUserInput, required: true, description: "The user." }) },
    resolve: async (_root, { input: { id, groupId } }, context): Promise<MovedNode> => {
      const platform = requirePlatform(context);
      if (!platform.moveUser) throw forbidden("This gateway's upstream holds its users: move them there.");
      // What a client forgets does not take a user out of their group.
      if (groupId === undefined) throw badUserInput("groupId: is required: the new group, or null for none.", "input.groupId");
      const moved = await platform.moveUser(id, groupId);
      if (!moved) throw notFound("No user has this id.");
      const connections = moved.connections.map(({ connection, status }) => ({
        status,
        connection: withSource(platform.connectionsOf(connection.owner), connection),
      }));
      return { user: nodeOf(context, moved.user), previousGroupId: moved.previousGroupId, connections };
    },
  }),
);

const RevokeSessionsInput = builder.inputType("RevokeSessionsInput", {
  description: "The user whose sessions to end.",
  fields: (t) => ({
    id: t.id({ required: true, description: "The user's id in the platform's system.", validate: externalIdSchema }),
  }),
});

const RevokeSessionsPayload = builder.objectRef<{ user: UserNode; count: number }>("RevokeSessionsPayload").implement({
  description: "A user whose sessions have ended.",
  fields: (t) => ({
    user: t.expose("user", { type: UserType, description: "The user." }),
    count: t.exposeInt("count", { description: "Number of sessions that were ended, including those of the operator's page." }),
  }),
});

builder.mutationField("revokeSessions", (t) =>
  t.field({
    type: RevokeSessionsPayload,
    description:
      "Ends the sessions of a user in every browser, including those of the operator's page, with their session tokens and one-time tokens. User tokens and JWTs of issuers stay valid, so a page that has one can sign the user in again: revokeUserTokens ends those too. Servers only.",
    args: { input: t.arg({ type: RevokeSessionsInput, required: true, description: "The user." }) },
    resolve: async (_root, { input: { id } }, context) => {
      const platform = requirePlatform(context);
      if (!platform.revokeSessions) throw forbidden("This gateway's upstream signs its users in: end their sessions there.");
      const revoked = await platform.revokeSessions(id);
      if (!revoked) throw notFound("No user has this id.");
      return { user: nodeOf(context, revoked.user), count: revoked.count };
    },
  }),
);
