import { builder } from "./builder.ts";
import { requirePlatform } from "./context.ts";
import { forbidden, notFound } from "./errors.ts";
import { externalIdSchema } from "./input.ts";
import type { DeletedUser, GrantRevocation } from "./upstream.ts";

const revocationValues: Record<string, { value: GrantRevocation; description: string }> = {
  REVOKED: { value: "revoked", description: "The provider has revoked it." },
  NOTHING: { value: "nothing", description: "There was no token, or the provider cannot revoke tokens." },
  FAILED: {
    value: "failed",
    description: "The provider did not revoke it, so it is still valid there. It can be revoked in the settings of the account.",
  },
  UNKNOWN_CONNECTOR: {
    value: "unknown_connector",
    description: "It is still valid at the provider, because the configuration no longer has its connector.",
  },
};

const GrantRevocationType = builder.enumType("GrantRevocation", {
  description: "The result of revoking a deleted grant at its provider.",
  values: revocationValues,
});

const DeletedConnectionType = builder.objectRef<DeletedUser["connections"][number]>("DeletedConnection").implement({
  description: "A deleted connection.",
  fields: (t) => ({
    id: t.exposeID("id", { description: "The id of the deleted connection." }),
    connector: t.exposeID("connector", { description: "The connector's slug." }),
    revocation: t.expose("revocation", { type: GrantRevocationType, description: "The result of revoking its grant at the provider." }),
  }),
});

const KeptConnectionType = builder.objectRef<DeletedUser["groupConnections"][number]>("KeptConnection").implement({
  description: "A connection of a group that a deleted user had connected. It is kept, without the user's name.",
  fields: (t) => ({
    id: t.exposeID("id", { description: "Its id." }),
    connector: t.exposeID("connector", { description: "The connector's slug." }),
    groupId: t.exposeID("group", { description: "The group's id in the platform's system." }),
  }),
});

const DeleteUserInput = builder.inputType("DeleteUserInput", {
  description: "The user to delete.",
  fields: (t) => ({
    id: t.id({ required: true, description: "The user's id in the platform's system.", validate: externalIdSchema }),
  }),
});

const DeleteUserPayload = builder.objectRef<DeletedUser & { userId: string }>("DeleteUserPayload").implement({
  description: "A deleted user.",
  fields: (t) => ({
    userId: t.exposeID("userId", { description: "The user's id in the platform's system." }),
    connections: t.field({
      type: [DeletedConnectionType],
      description: "The user's own connections, which were deleted.",
      resolve: ({ connections }) => connections,
    }),
    groupConnections: t.field({
      type: [KeptConnectionType],
      description: "Connections that the user made for groups. They are kept: disconnect those to an account of the person's own.",
      resolve: ({ groupConnections }) => groupConnections,
    }),
  }),
});

builder.mutationField("deleteUser", (t) =>
  t.field({
    type: DeleteUserPayload,
    description:
      "Deletes all data about a user (sessions, connections with their tokens, name and history), and revokes the grants at the providers. It takes a few seconds. The audit keeps a record of the erasure, under a pseudonym that no longer leads to a person. End the user's sessions in your own app first: a JWT of yours that is still valid creates the user again. Servers only.",
    args: { input: t.arg({ type: DeleteUserInput, required: true, description: "The user." }) },
    resolve: async (_root, { input: { id } }, context) => {
      const platform = requirePlatform(context);
      if (!platform.deleteUser)
        throw forbidden("Users of this gateway, or their connections, are held by its upstream: delete them there.");
      const deleted = await platform.deleteUser(id);
      if (!deleted) throw notFound("This gateway holds nothing about this user.");
      return { ...deleted, userId: id };
    },
  }),
);
