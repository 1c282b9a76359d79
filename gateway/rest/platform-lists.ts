import { z } from "zod";
import { badUserInput, forbidden } from "../../schema/errors.ts";
import { accountSchema, externalIdSchema, slugSchema } from "../../schema/input.ts";
import { cursorSchema, DEFAULT_PAGE_SIZE, pageSizeSchema } from "../../schema/page.ts";
import type { ConnectionFilter, Owner, Page, PageRequest } from "../../schema/upstream.ts";
import { healthWord } from "../upstream/xkit/wire-enums.ts";
import { defineOperation, noInput, type Operation } from "./operation.ts";
import { serializeConnection, serializeUser } from "./serialize.ts";
import { wireAnswers } from "./wire-answers.ts";

const pageQuery = z.object({
  limit: z
    .string()
    .regex(/^\d{1,9}$/, "must be a whole number")
    .transform(Number)
    .pipe(pageSizeSchema)
    .optional()
    .meta({ description: `Most entries of the page. Default: ${DEFAULT_PAGE_SIZE}.` }),
  after: cursorSchema.optional().meta({ description: "`next` of the page before. Default: the list's start." }),
  total: z.enum(["true", "false"]).optional().meta({ description: "`true`: counts the whole list." }),
});

const connectionsQuery = pageQuery.extend({
  connector: slugSchema.optional().meta({ description: "The connector's slug." }),
  health: healthWord.optional().meta({ description: "A disabled connection has none of them here." }),
  user: externalIdSchema.optional().meta({ description: "A user's, by their external id." }),
  group: externalIdSchema.optional().meta({ description: "A group's, by its external id. Not beside `user`." }),
  account_id: accountSchema.optional().meta({ description: "The account's id at the provider, unique within a connector alone." }),
  account_label: accountSchema.optional().meta({ description: "The account's label, in full. Users choose it at some providers." }),
  updated_since: z.iso
    .datetime({ offset: true })
    .transform((text) => new Date(text))
    .optional()
    .meta({ description: "Changed at this instant or later. The list is then in the order of changes." }),
});

/** Lists of all that the platform has (contract, "Lists of all"). */
export const listOperations: Operation[] = [
  defineOperation({
    ...noInput,
    name: "listUsers",
    caller: "platform",
    method: "get",
    path: "/users",
    summary: "A page of all users, by their external ids.",
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
    summary: "A page of all groups, by their external ids.",
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
    summary: "A page of the connections of all users and groups, enabled or not; never with tokens.",
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
    throw badUserInput("group: cannot be stated beside user, as a connection belongs to one of them.", "group");
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

const unlisted = (what: string) => forbidden(`This gateway's upstream has no list of all ${what}.`);
