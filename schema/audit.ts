import { z } from "zod";
import type { AuditRecord } from "./audit-record.ts";
import { builder } from "./builder.ts";
import { requirePlatform } from "./context.ts";
import { forbidden } from "./errors.ts";
import { externalIdSchema, idSchema } from "./input.ts";
import { NodeInterface } from "./node.ts";
import { addPageFields, pageArgs, type PageNode, parsePageRequest, toPageNode } from "./page.ts";

const actorKinds: Record<string, { value: AuditRecord["actor"]["kind"]; description: string }> = {
  USER: { value: "user", description: "A signed-in user." },
  PLATFORM: { value: "platform", description: "A server, by an API key." },
  OPERATOR: { value: "operator", description: "The operator, at the command line or on the operator's page." },
  GATEWAY: { value: "gateway", description: "The gateway, by itself." },
};

const AuditActorKindType = builder.enumType("AuditActorKind", { description: "What kind of actor.", values: actorKinds });

const AuditActorType = builder.objectRef<AuditRecord["actor"]>("AuditActor").implement({
  description: "Who acted.",
  fields: (t) => ({
    kind: t.expose("kind", { type: AuditActorKindType, description: "A user, a server, the operator, or the gateway by itself." }),
    userId: t.exposeID("userId", {
      nullable: true,
      description: "The user's id, also for an operator; null once the user is erased.",
    }),
    person: t.exposeID("person", { nullable: true, description: "The user's random name in the audit. It is kept after an erasure." }),
    keyId: t.exposeID("keyId", {
      nullable: true,
      description: "The publishable key of a server, or of an operator who signed in on the operator's page.",
    }),
    sessionId: t.exposeID("sessionId", { nullable: true, description: "The user's session, if its token was the bearer." }),
  }),
});

const AuditOwnerType = builder.objectRef<NonNullable<AuditRecord["owner"]>>("AuditOwner").implement({
  description: "The owner of the connection, or the user, that an audit event is about.",
  fields: (t) => ({
    isGroup: t.boolean({ description: "Whether it is a group; else a user.", resolve: ({ kind }) => kind === "group" }),
    id: t.exposeID("id", { nullable: true, description: "The id in the platform's system; null once the user is erased." }),
    person: t.exposeID("person", { nullable: true, description: "The user's random name in the audit. It is kept after an erasure." }),
  }),
});

const AuditDetailType = builder.objectRef<{ name: string; value: string }>("AuditDetail").implement({
  description: "A further fact about an audit event.",
  fields: (t) => ({
    name: t.exposeString("name", { description: "The fact's name: `key`, `count`." }),
    value: t.exposeString("value", { description: "The fact's value, as text." }),
  }),
});

const AuditEventType = builder.objectRef<AuditRecord>("AuditEvent").implement({
  interfaces: [NodeInterface],
  description: "One audit event, or several equal reads of a token within a minute. It contains no token and no key.",
  fields: (t) => ({
    id: t.exposeID("id", { description: "The event's id." }),
    action: t.exposeString("action", { description: "The action, as `noun.verb`: `token.read`, `connection.disconnect`." }),
    outcome: t.exposeString("outcome", { description: "The outcome, as a code: `AccessToken`, `refreshed`, `invalid_grant`, `done`." }),
    count: t.exposeInt("count", { description: "The number of equal reads." }),
    firstAt: t.expose("firstAt", { type: "DateTime", description: "When it happened; of several reads, the first." }),
    lastAt: t.expose("lastAt", { type: "DateTime", description: "When it happened; of several reads, the last." }),
    actor: t.expose("actor", { type: AuditActorType, description: "Who acted." }),
    owner: t.expose("owner", {
      type: AuditOwnerType,
      nullable: true,
      description: "The owner of the connection, or the user, that it is about.",
    }),
    connectionId: t.exposeID("connectionId", { nullable: true, description: "The connection's id; null if it is not about a connection." }),
    connector: t.exposeID("connector", { nullable: true, description: "The connector's slug." }),
    fingerprint: t.exposeID("fingerprint", { nullable: true, description: "`AccessToken.fingerprint` of the token that was returned." }),
    purpose: t.exposeString("purpose", { nullable: true, description: "The purpose that the caller stated." }),
    requestId: t.exposeID("requestId", {
      nullable: true,
      description: "The `X-Request-Id` of the request; of several requests, that of the first.",
    }),
    address: t.exposeString("address", {
      nullable: true,
      description: "Where it came from; null when unknown, and once the user is erased.",
    }),
    agent: t.exposeString("agent", { nullable: true, description: "The `User-Agent`; null if unknown, and once the user is erased." }),
    details: t.field({
      type: [AuditDetailType],
      description: "Further facts.",
      resolve: ({ details }) => Object.entries(details).map(([name, value]) => ({ name, value: String(value) })),
    }),
  }),
});

const AuditEventEdgeType = builder.objectRef<{ cursor: string; node: AuditRecord }>("AuditEventEdge").implement({
  description: "An audit event in a list.",
  fields: (t) => ({
    cursor: t.exposeString("cursor", { description: "Its cursor: pass it as `after` to continue after it." }),
    node: t.expose("node", { type: AuditEventType, description: "The audit event." }),
  }),
});

const AuditEventPageType = builder.objectRef<PageNode<AuditRecord>>("AuditEventConnection").implement({
  description: "A page of the audit.",
  fields: (t) => ({ edges: t.expose("edges", { type: [AuditEventEdgeType], description: "The audit events, the newest first." }) }),
});
addPageFields(AuditEventPageType);

const actionSchema = z.string().regex(/^[a-z]{1,32}\.[a-z]{1,32}$/, "must be an action, such as token.read");

const AuditFilterInput = builder.inputType("AuditFilter", {
  description: "Filters for audit events. An event must match all of them.",
  fields: (t) => ({
    since: t.field({ type: "DateTime", description: "At this instant or later." }),
    until: t.field({ type: "DateTime", description: "Before this instant." }),
    user: t.id({ description: "What this user did, and what happened to their own connections.", validate: externalIdSchema }),
    connection: t.id({ description: "The connection's id.", validate: idSchema }),
    action: t.string({ description: "`AuditEvent.action`.", validate: actionSchema }),
  }),
});

builder.queryField("auditEvents", (t) =>
  t.field({
    type: AuditEventPageType,
    nullable: true,
    description:
      "Audit events: who read which token, who connected, and who acted. The newest first. An event is listed within a second. Servers only.",
    args: { ...pageArgs(), filter: t.arg({ type: AuditFilterInput, description: "Which events. Default: all." }) },
    resolve: async (_root, { filter, ...args }, context) => {
      const platform = requirePlatform(context);
      if (!platform.listAuditEvents) throw forbidden("This gateway keeps no audit.");
      const request = parsePageRequest(args);
      const { since, until, user, connection, action } = filter ?? {};
      const wanted = {
        since: since ?? undefined,
        until: until ?? undefined,
        userId: user ?? undefined,
        connectionId: connection ?? undefined,
        action: action ?? undefined,
      };
      return toPageNode(await platform.listAuditEvents(wanted, request), request, (record) => record);
    },
  }),
);
