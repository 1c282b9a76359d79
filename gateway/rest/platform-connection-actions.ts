import { z } from "zod";
import { requireConnectionActions, requireFound } from "../../schema/context.ts";
import { idSchema, tokenKindSchema } from "../../schema/input.ts";
import { defineOperation, noInput, type Operation, strictObject } from "./operation.ts";
import { serializeConnection } from "./serialize.ts";
import { wireAnswers } from "./wire-answers.ts";

const byId = z.object({ id: idSchema });

/** What servers do with a connection of any owner (contract, "Server endpoints"). */
export const connectionActions: readonly Operation[] = [
  defineOperation({
    ...noInput,
    name: "disconnectConnection",
    caller: "platform",
    method: "delete",
    path: "/connection/{id}",
    summary: "Disconnects a connection of any owner and revokes its grant at the provider. Returns the connection as it is afterwards.",
    params: byId,
    answer: wireAnswers.connection,
    failures: [404],
    handle: async ({ platform }, { params: { id } }) => ({
      connection: serializeConnection(requireFound(await requireConnectionActions(platform).disconnect(id))),
    }),
  }),
  defineOperation({
    ...noInput,
    name: "refreshConnection",
    caller: "platform",
    method: "post",
    path: "/connection/{id}/refresh",
    summary: "Refreshes the token of a connection of any owner now, at most once in 30 s. Returns the result, never a token.",
    params: byId,
    body: strictObject({
      kind: tokenKindSchema.optional().meta({ description: "The kind of token, if one connection has several." }),
    }),
    answer: wireAnswers.refreshedConnection,
    failures: [404],
    async handle({ platform }, { params: { id }, body: { kind } }) {
      const { connection, ...refresh } = requireFound(await requireConnectionActions(platform).refresh(id, kind));
      const { status, message, retryAfter } = refresh;
      return { connection: serializeConnection(connection), refresh: { status, message, retry_after: retryAfter } };
    },
  }),
  defineOperation({
    ...noInput,
    name: "disableConnection",
    caller: "platform",
    method: "post",
    path: "/connection/{id}/disable",
    summary: "Withholds the tokens of a connection of any owner. Its user cannot connect it again. The grant is kept.",
    params: byId,
    answer: wireAnswers.connection,
    failures: [404],
    handle: async ({ platform }, { params: { id } }) => ({
      connection: serializeConnection(requireFound(await requireConnectionActions(platform).disable(id))),
    }),
  }),
  defineOperation({
    ...noInput,
    name: "enableConnection",
    caller: "platform",
    method: "post",
    path: "/connection/{id}/enable",
    summary: "Enables a disabled connection: it gives tokens again if it has its grant, and its user may connect it.",
    params: byId,
    answer: wireAnswers.connection,
    failures: [404],
    handle: async ({ platform }, { params: { id } }) => ({
      connection: serializeConnection(requireFound(await requireConnectionActions(platform).enable(id))),
    }),
  }),
];
