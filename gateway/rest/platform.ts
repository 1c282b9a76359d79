import { z } from "zod";
import { badUserInput, noSuchConnector, notFound } from "../../schema/errors.ts";
import { externalIdSchema, idSchema, nameSchema, slugSchema } from "../../schema/input.ts";
import type { Owner, PlatformAccess } from "../../schema/upstream.ts";
import { type Callers, noInput, defineOperation, type Operation, strictObject } from "./operation.ts";
import { listOperations } from "./platform-lists.ts";
import { connectionActions } from "./platform-connection-actions.ts";
import { importOperations } from "./platform-import.ts";
import { userActions } from "./platform-user-actions.ts";
import { serializeConnection, serializeOwner, serializePublicConnector, serializeSession, serializeUser } from "./serialize.ts";
import { readConnection, requireConnection, connectionQuery } from "./read-connection.ts";
import { wireAnswers } from "./wire-answers.ts";

/** How a path names an owner. `contexts` are users and groups alike (contract, "Server endpoints"); a user comes before a group of the same id. */
const kinds = ["users", "groups", "contexts"] as const;
type OwnerKind = (typeof kinds)[number];

/** What an owner is called in the names of operations. */
const ownerNames: Record<OwnerKind, string> = { users: "User", groups: "Group", contexts: "Context" };

const byExternalId = z.object({ external_id: externalIdSchema });

const provisioning: Operation[] = [
  defineOperation({
    ...noInput,
    name: "provisionUser",
    caller: "platform",
    method: "post",
    path: "/users",
    summary:
      "Creates or updates a user, and returns a user token for xkit.login. Fields that are left out are not changed; null clears a field.",
    body: strictObject({
      user: strictObject({
        external_id: externalIdSchema,
        external_group_id: externalIdSchema.nullish(),
        name: nameSchema.nullish(),
      }),
    }),
    answer: wireAnswers.provisionedUser,
    handle: async ({ platform }, { body: { user } }) => {
      const provisioned = await platform.provisionUser({
        id: user.external_id,
        ...(user.external_group_id !== undefined && { groupId: user.external_group_id }),
        ...(user.name !== undefined && { name: user.name }),
      });
      return { ...serializeSession(provisioned), user: serializeUser(provisioned.user) };
    },
  }),
  defineOperation({
    ...noInput,
    name: "provisionContext",
    caller: "platform",
    method: "post",
    path: "/contexts",
    summary: "The same as POST /users, under its later name. The id of a group is refused. Custom attributes are accepted, but not stored.",
    body: strictObject({ context: z.looseObject({ external_id: externalIdSchema, external_name: nameSchema.nullish() }) }),
    answer: wireAnswers.provisionedContext,
    handle: async ({ platform }, { body: { context } }) => {
      const { external_id: id, external_name: name } = context;
      await assertNoGroup(platform, id);
      const provisioned = await platform.provisionUser({ id, ...(name !== undefined && { name }) });
      const { user } = provisioned;
      return { ...serializeSession(provisioned), context: { external_id: user.id, external_name: user.name, kind: "user" as const } };
    },
  }),
];

const owners: Operation[] = [
  defineOperation({
    ...noInput,
    name: "getUser",
    caller: "platform",
    method: "get",
    path: "/users/{external_id}",
    summary: "A user.",
    params: byExternalId,
    answer: wireAnswers.user,
    failures: [404],
    async handle({ platform }, { params }) {
      const user = await platform.findUser(params.external_id);
      if (!user) throw unknownOwner("users");
      return { user: serializeUser(user) };
    },
  }),
  defineOperation({
    ...noInput,
    name: "getGroup",
    caller: "platform",
    method: "get",
    path: "/groups/{external_id}",
    summary: "A group.",
    params: byExternalId,
    answer: wireAnswers.group,
    failures: [404],
    async handle({ platform }, { params }) {
      const { id } = await getOwner(platform, "groups", params.external_id);
      return { group: { external_id: id } };
    },
  }),
  defineOperation({
    ...noInput,
    name: "getContext",
    caller: "platform",
    method: "get",
    path: "/contexts/{external_id}",
    summary: "A user or a group.",
    params: byExternalId,
    answer: wireAnswers.context,
    failures: [404],
    async handle({ platform }, { params }) {
      const { kind, id } = await getOwner(platform, "contexts", params.external_id);
      const name = kind === "user" ? ((await platform.findUser(id))?.name ?? null) : null;
      return { context: { external_id: id, external_name: name, kind } };
    },
  }),
];

const connectionsOf = (kind: OwnerKind): Operation[] => [
  defineOperation({
    ...noInput,
    name: `list${ownerNames[kind]}Connections`,
    caller: "platform",
    method: "get",
    path: `/${kind}/{external_id}/connections`,
    summary: "The owner's enabled connections with their status. Without tokens.",
    params: byExternalId,
    query: z.object({
      slug: slugSchema.optional(),
      include_disabled: z.enum(["true", "false"]).optional().meta({ description: "`true`: include removed connections." }),
    }),
    answer: wireAnswers.connections,
    holdsNoSecret: true,
    failures: [404],
    async handle({ platform }, { params, query }) {
      const owner = await getOwner(platform, kind, params.external_id);
      const all = await platform.connectionsOf(owner).list(query.slug ?? null);
      return { connections: all.filter(({ enabled }) => enabled || query.include_disabled === "true").map(serializeConnection) };
    },
  }),
  defineOperation({
    ...noInput,
    name: `get${ownerNames[kind]}Connection`,
    caller: "platform",
    method: "get",
    path: `/${kind}/{external_id}/connections/{slug}`,
    summary: "The owner's healthiest connection of a connector, with a live token. `enabled` is false if there is no connection.",
    params: byExternalId.extend({ slug: slugSchema }),
    query: connectionQuery,
    answer: wireAnswers.serverConnection,
    failures: [404, 409, 502],
    handle: async (caller, { params, query }) =>
      readOwners(caller, await getOwner(caller.platform, kind, params.external_id), params.slug, query),
  }),
  defineOperation({
    ...noInput,
    name: `get${ownerNames[kind]}ConnectionById`,
    caller: "platform",
    method: "get",
    path: `/${kind}/{external_id}/connection/{id}`,
    summary: "One of the owner's connections by its id, with a live token.",
    params: byExternalId.extend({ id: idSchema }),
    query: connectionQuery,
    answer: wireAnswers.singleConnection,
    failures: [404, 409, 502],
    async handle({ platform }, { params, query }) {
      const owner = await getOwner(platform, kind, params.external_id);
      return requireConnection(await readConnection(platform.connectionsOf(owner), { id: params.id }, query, true));
    },
  }),
];

const legacy: Operation[] = [
  defineOperation({
    ...noInput,
    name: "getConnectionOfUser",
    caller: "platform",
    method: "get",
    path: "/connections/{external_user_id}/{slug}",
    summary: "The path of 2020, for /users/{external_id}/connections/{slug}.",
    params: z.object({ external_user_id: externalIdSchema, slug: slugSchema }),
    query: connectionQuery,
    answer: wireAnswers.serverConnection,
    failures: [404, 409, 502],
    handle: async (caller, { params, query }) =>
      readOwners(caller, await getOwner(caller.platform, "users", params.external_user_id), params.slug, query),
  }),
];

/** The Platform API: what servers ask (contract, "Server endpoints"). */
export const platformOperations: readonly Operation[] = [
  ...provisioning,
  ...listOperations,
  ...owners,
  ...kinds.flatMap(connectionsOf),
  ...legacy,
  ...connectionActions,
  ...userActions,
  ...importOperations,
];

/** A known owner without the connection is told so with 200 and `enabled: false`, unlike the browser (contract, "Server endpoints"). */
async function readOwners({ context, platform }: Callers["platform"], owner: Owner, slug: string, query: z.output<typeof connectionQuery>) {
  const result = await readConnection(platform.connectionsOf(owner), { slug }, query, true);
  if (result.connection) return { connection: result.connection };
  const connector = await context.catalog.findConnector(slug);
  if (!connector) throw noSuchConnector(slug);
  const absent = { type: "no_connection" as const, id: null, enabled: false as const, owner: serializeOwner(owner), authorization: null };
  return { connection: { ...absent, connector: serializePublicConnector(connector), token_problem: result.problem } };
}

/** A new user of a group's id would take the group's place under /contexts. Throws BAD_USER_INPUT. */
async function assertNoGroup(platform: PlatformAccess, id: string): Promise<void> {
  if ((await platform.findUser(id)) || !(await platform.findGroup(id))) return;
  throw badUserInput(
    "context.external_id: is the id of a group, and groups have no user token: use the id of a user.",
    "context.external_id",
  );
}

async function getOwner(platform: PlatformAccess, kind: OwnerKind, id: string): Promise<Owner> {
  if (kind !== "groups" && (await platform.findUser(id))) return { kind: "user", id };
  if (kind !== "users" && (await platform.findGroup(id))) return { kind: "group", id };
  throw unknownOwner(kind);
}

const unknownOwner = (kind: OwnerKind) =>
  notFound(`No ${kind.slice(0, -1)} has this id: create ${kind === "groups" ? "a user in it" : "the user"} with POST /users first.`);
