import { z } from "zod";
import { badUserInput, forbidden } from "../../schema/errors.ts";
import { accountSchema, externalIdSchema, slugSchema } from "../../schema/input.ts";
import { cursorSchema, DEFAULT_PAGE_SIZE, MAXIMUM_PAGE_SIZE, pageSizeSchema } from "../../schema/page.ts";
import type { ConnectionFilter, Owner, Page, PageRequest } from "../../schema/upstream.ts";
import { healthWord } from "../upstream/xkit/wire-enums.ts";
import { defineOperation, noInput, type Operation } from "./operation.ts";
import { serializeConnection, serializeUser } from "./serialize.ts";
import { wireAnswers } from "./wire-answers.ts";

const pageQuery = z.object({
  limit: z
    .string()
    .regex(/^\d{1,9}$/, `must be a whole number from 1 to ${MAXIMUM_PAGE_SIZE}`)
    .transform(Number)
    .pipe(pageSizeSchema)
    .optional()
    .meta({ description: `Maximum number of entries on the page, 1 to ${MAXIMUM_PAGE_SIZE}. Default: ${DEFAULT_PAGE_SIZE}.` }),
  after: cursorSchema.optional().meta({ description: "`next` of the previous page. Default: the start of the list." }),
  total: z.enum(["true", "false"]).optional().meta({ description: "`true`: return the length of the whole list." }),
});

const connectionsQuery = pageQuery.extend({
  connector: slugSchema.optional().meta({ description: "The connector's slug." }),
  health: healthWord.optional().meta({ description: "Disabled connections match none of them." }),
  user: externalIdSchema.optional().meta({ description: "Connections of the user with this external id." }),
  group: externalIdSchema.optional().meta({ description: "Connections of the group with this external id. Not together with `user`." }),
  account_id: accountSchema.optional().meta({ description: "The account's id at the provider. It is unique only within a connector." }),
  account_label: accountSchema.optional().meta({ description: "The account's whole label. At some providers, users choose it." }),
  updated_since: z.iso
    .datetime({ offset: true })
    .transform((text) => new Date(text))
    .optional()
    .meta({ description: "Changed at this time or later. The list is then in the order of changes." }),
});

/** Lists of all that the platform has (contract, "Lists of all"). */
export const listOperations: Operation[] = [
  defineOperation({
    ...noInput,
    name: "listUsers",
    caller: "platform",
    method: "get",
    path: "/users",
    summary: "A page of all users, ordered by external id.",
    query: pageQuery,
    answer: wireAnswers.users,
    holdsNoSecret: true,
    async handle({ platform }, { query }) {
      if (!platform.listUsers) throw unlisted("users");
      const page = await platform.listUsers(toRequest(query));
      return { users: page.items.map(({ item }) => serializeUser(item)), ...(await serializePage(page, query)) };
    },
  }),
  defineOperation({
    ...noInput,
    name: "listGroups",
    caller: "platform",
    method: "get",
    path: "/groups",
    summary: "A page of all groups, ordered by external id.",
    query: pageQuery,
    answer: wireAnswers.groups,
    holdsNoSecret: true,
    async handle({ platform }, { query }) {
      if (!platform.listGroups) throw unlisted("groups");
      const page = await platform.listGroups(toRequest(query));
      return { groups: page.items.map(({ item }) => ({ external_id: item.id })), ...(await serializePage(page, query)) };
    },
  }),
  defineOperation({
    ...noInput,
    name: "listAllConnections",
    caller: "platform",
    method: "get",
    path: "/connections",
    summary: "A page of the connections of all users and groups, enabled or not. Without tokens.",
    query: connectionsQuery,
    answer: wireAnswers.connectionsPage,
    holdsNoSecret: true,
    async handle({ platform }, { query }) {
      if (!platform.listConnections) throw unlisted("connections");
      const page = await platform.listConnections(toFilter(query), toRequest(query));
      return { connections: page.items.map(({ item }) => serializeConnection(item)), ...(await serializePage(page, query)) };
    },
  }),
];

const toRequest = ({ limit = DEFAULT_PAGE_SIZE, after }: z.output<typeof pageQuery>): PageRequest => ({
  first: limit,
  after: after ?? null,
});

function toFilter(query: z.output<typeof connectionsQuery>): ConnectionFilter {
  const { connector, health, user, group, account_id: accountId, account_label: accountLabel, updated_since: updatedSince } = query;
  if (user !== undefined && group !== undefined)
    throw badUserInput("group: cannot be combined with user, because a connection belongs to one of them.", "group");
  const owner = ownerOf(user, group);
  return { connector, health, accountId, accountLabel, updatedSince, owner };
}

function ownerOf(user: string | undefined, group: string | undefined): Owner | undefined {
  if (group !== undefined) return { kind: "group", id: group };
  return user === undefined ? undefined : { kind: "user", id: user };
}

const serializePage = async ({ next, count }: Page<unknown>, { total }: z.output<typeof pageQuery>) => ({
  next,
  ...(total === "true" && { total: await count() }),
});

const unlisted = (what: string) => forbidden(`This gateway's upstream cannot list all ${what}.`);
