import { z } from "zod";
import { badUserInput, GatewayError, LONGEST_MEMBER_NAME, notFound } from "../../schema/errors.ts";
import {
  fieldsSchema,
  idSchema,
  loginHintSchema,
  returnToSchema,
  scopesSchema,
  slugSchema,
  stateSchema,
  tokenKindSchema,
} from "../../schema/input.ts";
import type { Authorization, ConnectionWhere, Connector } from "../../schema/upstream.ts";
import { POPUP_DONE_PATH } from "../http/action-path.ts";
import { type Callers, noInput, defineOperation, type Operation, parse, strictObject } from "./operation.ts";
import { serializeAuthorization, serializeConnection, serializeViewer } from "./serialize.ts";
import { readConnection, requireConnection, connectionQuery } from "./read-connection.ts";
import { wireAnswers } from "./wire-answers.ts";

const bySlug = z.object({ slug: slugSchema });
const byId = z.object({ id: idSchema });
const userConnectionQuery = connectionQuery.extend({
  viewer: z
    .enum(["true", "false"])
    .optional()
    .meta({ description: "`true`: include whose the bearer is, before and after the token was read." }),
});

/** The user's connections (contract, "Browser endpoints"). */
export const connectionOperations: Operation[] = [
  defineOperation({
    ...noInput,
    name: "listConnections",
    caller: "user",
    method: "get",
    path: "/connections",
    summary: "The user's connections, the healthiest of each connector first. Without tokens.",
    query: z.object({ slug: slugSchema.optional() }),
    answer: wireAnswers.connections,
    holdsNoSecret: true,
    handle: async ({ connections }, { query }) => ({
      connections: (await connections.list(query.slug ?? null)).map(serializeConnection),
    }),
  }),
  defineOperation({
    ...noInput,
    name: "getConnection",
    caller: "user",
    method: "get",
    path: "/connections/{slug}",
    summary: "The healthiest connection of a connector, with a live token if available. 404 if it was never installed.",
    params: bySlug,
    query: userConnectionQuery,
    answer: wireAnswers.userConnection,
    failures: [404, 409, 502],
    handle: (caller, { params, query }) => readForUser(caller, params, query),
  }),
  defineOperation({
    ...noInput,
    name: "getConnectionById",
    caller: "user",
    method: "get",
    path: "/connection/{id}",
    summary: "One connection by its id, with a live token if available.",
    params: byId,
    query: userConnectionQuery,
    answer: wireAnswers.userConnection,
    failures: [404, 409, 502],
    handle: (caller, { params, query }) => readForUser(caller, params, query),
  }),
  defineOperation({
    ...noInput,
    name: "startConnection",
    caller: "user",
    method: "post",
    path: "/connections/{slug}",
    summary: "Starts connecting or reconnecting. Send this browser to `authorization.authorize_url`.",
    params: bySlug,
    body: strictObject({
      id: idSchema.nullish().meta({
        description:
          "The id of an existing connection, or a new UUID to add another. If the connector supports only one connection, the existing one is used.",
      }),
      return_to: returnToSchema
        .nullish()
        .meta({ description: "Where the browser goes at the end. Default: a page that closes the popup." }),
      scopes: scopesSchema
        .nullish()
        .meta({ description: "Scopes to ask for in addition to those already granted. The platform must allow them." }),
      kind: tokenKindSchema.nullish().meta({ description: "The kind of token that `scopes` are for, if one connection has several." }),
      login_hint: loginHintSchema
        .nullish()
        .meta({ description: "The email address of the user who is expected to sign in at the provider." }),
    }),
    status: 201,
    answer: wireAnswers.connection,
    failures: [404],
    handle: async ({ connections, origin }, { params, body }) => {
      const options = {
        id: body.id ?? null,
        returnTo: body.return_to ?? popupEndOf(origin),
        scopes: body.scopes ?? undefined,
        kind: body.kind ?? undefined,
        loginHint: body.login_hint ?? undefined,
      };
      return { connection: serializeConnection(await connections.start(params.slug, options)) };
    },
  }),
  defineOperation({
    ...noInput,
    name: "disconnect",
    caller: "user",
    method: "delete",
    path: "/connections/{slug}",
    summary: "Disconnects the healthiest connection of a connector. Returns it as it was before.",
    params: bySlug,
    answer: wireAnswers.connection,
    failures: [404],
    handle: async ({ connections }, { params }) => ({ connection: serializeConnection(await connections.disconnect(params)) }),
  }),
  defineOperation({
    ...noInput,
    name: "disconnectById",
    caller: "user",
    method: "delete",
    path: "/connection/{id}",
    summary: "Disconnects a connection by its id. Returns it as it was before.",
    params: byId,
    answer: wireAnswers.connection,
    failures: [404],
    handle: async ({ connections }, { params }) => ({ connection: serializeConnection(await connections.disconnect(params)) }),
  }),
];

/** One connection with its token and, where that is asked for, whose the bearer is: another gateway in front withholds by it. */
async function readForUser(
  { connections, viewer, stillAllowed }: Callers["user"],
  where: ConnectionWhere,
  query: z.output<typeof userConnectionQuery>,
) {
  const before = query.viewer === "true" ? serializeViewer(await viewer()) : null;
  const answer = requireConnection(await readConnection(connections, where, query, false));
  return before ? { ...answer, viewer: { before, after: (await stillAllowed()) ? before : null } } : answer;
}

/** The longest origin that is kept: a host name has at most 253 characters (RFC 1035). */
const LONGEST_ORIGIN = 270;

/** Where the popup of xkit.js ends, and which page is told when it cannot. */
const popupEndOf = (origin: string | null): string =>
  origin === null || origin.length > LONGEST_ORIGIN
    ? POPUP_DONE_PATH
    : `${POPUP_DONE_PATH}?${new URLSearchParams({ opener_origin: origin })}`;

/** What is behind them, while it is being made (contract, "Browser endpoints"). */
export const authorizationOperations: Operation[] = [
  defineOperation({
    ...noInput,
    name: "getAuthorization",
    caller: "user",
    method: "get",
    path: "/authorizations/{prototype_slug}/{id}",
    summary: "The state of an authorization. Without tokens.",
    params: z.object({ prototype_slug: slugSchema, id: idSchema }),
    answer: wireAnswers.authorization,
    failures: [404],
    async handle(caller, { params }) {
      const authorization = await caller.connections.findAuthorization(params.id);
      const connector = authorization && (await connectorOf(caller, authorization, params.prototype_slug));
      if (!authorization || connector?.slug !== params.prototype_slug) throw notFound("No authorization of yours has this id.");
      return { authorization: serializeAuthorization(authorization, connector) };
    },
  }),
  defineOperation({
    ...noInput,
    name: "submitAuthorization",
    caller: "user",
    method: "put",
    path: "/authorizations/{prototype_slug}",
    summary: "Submits collected fields. Each is a member of the body under its own name, next to `state`.",
    params: z.object({ prototype_slug: slugSchema }),
    body: z.object({ state: stateSchema }).catchall(z.string("must be a string")),
    answer: wireAnswers.authorization,
    failures: [404],
    async handle(caller, { params, body: { state, ...values } }) {
      const authorization = await submit(caller, state, values).catch(nameMember(Object.keys(values)));
      const connector = await connectorOf(caller, authorization, params.prototype_slug);
      if (!connector) throw notFound(({ refusals }) => refusals.removed);
      return { authorization: serializeAuthorization(authorization, connector) };
    },
  }),
];

const submittedSchema = z.object({ fields: fieldsSchema });

async function submit({ connections }: Callers["user"], state: string, values: Record<string, string>): Promise<Authorization> {
  const { fields } = parse(submittedSchema, { fields: Object.entries(values).map(([name, value]) => ({ name, value })) });
  return connections.submit(state, fields);
}

/** Rethrows a refusal of a field, which the port names by its place, with the member that held it. */
const nameMember =
  (names: readonly string[]) =>
  (error: unknown): never => {
    const place = error instanceof GatewayError && error.code === "BAD_USER_INPUT" ? /^fields\.(\d+)/.exec(error.facts.path ?? "") : null;
    const name = place === null ? undefined : names[Number(place[1])]?.slice(0, LONGEST_MEMBER_NAME);
    if (!(error instanceof GatewayError) || name === undefined) throw error;
    throw badUserInput(
      error.message.replace(/^fields\.\d+\.\w+(?=:)/, () => name),
      name,
    );
  };

/** The connector of an authorization: where the upstream does not tell which connection it is behind, the one that was named. */
async function connectorOf(
  { connections, context }: Callers["user"],
  { connectionId }: Authorization,
  named: string,
): Promise<Connector | null> {
  if (connectionId === null) return context.catalog.findConnector(named);
  return (await connections.find({ id: connectionId }))?.connector ?? null;
}
