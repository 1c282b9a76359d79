import { z } from "zod";
import { forbidden, notFound } from "../../schema/errors.ts";
import { externalIdSchema } from "../../schema/input.ts";
import { defineOperation, noInput, type Operation, strictObject } from "./operation.ts";
import { serializeConnection, serializeUser } from "./serialize.ts";
import { wireAnswers } from "./wire-answers.ts";

const byExternalId = z.object({ external_id: externalIdSchema });
const unknownUser = () => notFound("No user has this id: create the user with POST /users first.");

/** What servers do with users beside making them known (contract, "Server endpoints"). */
export const userActions: readonly Operation[] = [
  defineOperation({
    ...noInput,
    name: "moveUser",
    caller: "platform",
    method: "put",
    path: "/users/{external_id}/group",
    summary:
      "Moves an existing user to another group, or to none with null. No connection changes its owner. Returns what each connection is to the user now.",
    params: byExternalId,
    body: strictObject({ external_group_id: externalIdSchema.nullable() }),
    answer: wireAnswers.movedUser,
    failures: [404],
    async handle({ platform }, { params, body }) {
      if (!platform.moveUser) throw forbidden("This gateway's upstream holds its users: move them there.");
      const moved = await platform.moveUser(params.external_id, body.external_group_id);
      if (!moved) throw unknownUser();
      const { user, previousGroupId, connections } = moved;
      return {
        user: serializeUser(user),
        previous_group_id: previousGroupId,
        connections: connections.map(({ connection, status }) => ({ status, connection: serializeConnection(connection) })),
      };
    },
  }),
  defineOperation({
    ...noInput,
    name: "deleteUser",
    caller: "platform",
    method: "delete",
    path: "/users/{external_id}",
    summary: "Deletes all data about a user, and revokes the grants at the providers. It takes a few seconds.",
    params: byExternalId,
    answer: wireAnswers.deletedUser,
    failures: [404],
    async handle({ platform }, { params: { external_id } }) {
      if (!platform.deleteUser)
        throw forbidden("Users of this gateway, or their connections, are held by its upstream: delete them there.");
      const deleted = await platform.deleteUser(external_id);
      if (!deleted) throw notFound("This gateway holds nothing about this user.");
      const group_connections = deleted.groupConnections.map(({ group, ...connection }) => ({ ...connection, external_group_id: group }));
      return { external_id, connections: deleted.connections, group_connections };
    },
  }),
  defineOperation({
    ...noInput,
    name: "revokeUserSessions",
    caller: "platform",
    method: "delete",
    path: "/users/{external_id}/sessions",
    summary: "Ends the sessions of a user in every browser. User tokens and JWTs of issuers stay valid.",
    params: byExternalId,
    answer: wireAnswers.revokedSessions,
    failures: [404],
    async handle({ platform }, { params }) {
      if (!platform.revokeSessions) throw forbidden("This gateway's upstream signs its users in: end their sessions there.");
      const revoked = await platform.revokeSessions(params.external_id);
      if (!revoked) throw unknownUser();
      return { user: serializeUser(revoked.user), count: revoked.count };
    },
  }),
];
