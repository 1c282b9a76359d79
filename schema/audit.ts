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
      description: "A user's id, also where the user is an operator; null once the user is erased.",
    }),
    person: t.exposeID("person", { nullable: true, description: "The user's random name in the audit, which stays." }),
    keyId: t.exposeID("keyId", {
      nullable: true,
      description: "A server's publishable key, or the one by which an operator signed in at the operator's page.",
    }),
    sessionId: t.exposeID("sessionId", { nullable: true, description: "A user's session, where its token was the bearer." }),
  }),
});

const AuditOwnerType = builder.objectRef<NonNullable<AuditRecord["owner"]>>("AuditOwner").implement({
  description: "Whose connection an act was about, or whom.",
  fields: (t) => ({
    isGroup: t.boolean({ description: "Whether it is a group; else a user.", resolve: ({ kind }) => kind === "group" }),
    id: t.exposeID("id", { nullable: true, description: "The id in the platform's system; null once the user is erased." }),
    person: t.exposeID("person", { nullable: true, description: "A user's random name in the audit, which stays." }),
  }),
});

const AuditDetailType = builder.objectRef<{ name: string; value: string }>("AuditDetail").implement({
  description: "A further fact of an act.",
  fields: (t) => ({
    name: t.exposeString("name", { description: "What it says: `key`, `count`." }),
    value: t.exposeString("value", { description: "The fact, as text." }),
  }),
});

const AuditEventType = builder.objectRef<AuditRecord>("AuditEvent").implement({
  interfaces: [NodeInterface],
  description: "One act, or several equal readings of a token within a minute. No token and no key is in it.",
  fields: (t) => ({
    id: t.exposeID("id", { description: "Names it." }),
    action: t.exposeString("action", { description: "What was done, as `noun.verb`: `token.read`, `connection.disconnect`." }),
    outcome: t.exposeString("outcome", { description: "How it ended, as a code: `AccessToken`, `refreshed`, `invalid_grant`, `done`." }),
    count: t.exposeInt("count", { description: "How many equal readings there were." }),
    firstAt: t.expose("firstAt", { type: "DateTime", description: "When it was, or the first of them." }),
    lastAt: t.expose("lastAt", { type: "DateTime", description: "When the last of them was." }),
    actor: t.expose("actor", { type: AuditActorType, description: "Who acted." }),
    owner: t.expose("owner", { type: AuditOwnerType, nullable: true, description: "Whose connection it is, or whom it is about." }),
    connectionId: t.exposeID("connectionId", { nullable: true, description: "The connection's id; null where it is about none." }),
    connector: t.exposeID("connector", { nullable: true, description: "The connector's slug." }),
    fingerprint: t.exposeID("fingerprint", { nullable: true, description: "`AccessToken.fingerprint` of the token that was given." }),
    purpose: t.exposeString("purpose", { nullable: true, description: "Why, as the caller said." }),
    requestId: t.exposeID("requestId", { nullable: true, description: "The request's `X-Request-Id`; of several, the first one's." }),
    address: t.exposeString("address", {
      nullable: true,
      description: "Where it came from; null when unknown, and once the user is erased.",
    }),
    agent: t.exposeString("agent", { nullable: true, description: "The `User-Agent`; null when unknown, and once the user is erased." }),
    details: t.field({
      type: [AuditDetailType],
      description: "Further facts.",
      resolve: ({ details }) => Object.entries(details).map(([name, value]) => ({ name, value: String(value) })),
    }),
  }),
});

const AuditEventEdgeType = builder.objectRef<{ cursor: string; node: AuditRecord }>("AuditEventEdge").implement({
  description: "An act in a list.",
  fields: (t) => ({
    cursor: t.exposeString("cursor", { description: "Its place in the list: `after` goes on behind it." }),
    node: t.expose("node", { type: AuditEventType, description: "The act." }),
  }),
});

const AuditEventPageType = builder.objectRef<PageNode<AuditRecord>>("AuditEventConnection").implement({
  description: "A page of the audit.",
  fields: (t) => ({ edges: t.expose("edges", { type: [AuditEventEdgeType], description: "The acts, the newest first." }) }),
});
addPageFields(AuditEventPageType);

const actionSchema = z.string().regex(/^[a-z]{1,32}\.[a-z]{1,32}$/, "must be an action, as token.read");

const AuditFilterInput = builder.inputType("AuditFilter", {
  description: "Which acts: those to which all that is stated applies.",
  fields: (t) => ({
    since: t.field({ type: "DateTime", description: "At this instant or later." }),
    until: t.field({ type: "DateTime", description: "Before this instant." }),
    user: t.id({ description: "What this user did, and what was done with their own connections.", validate: externalIdSchema }),
    connection: t.id({ description: "The connection's id.", validate: idSchema }),
    action: t.string({ description: "`AuditEvent.action`.", validate: actionSchema }),
  }),
});

builder.queryField("auditEvents", (t) =>
  t.field({
    type: AuditEventPageType,
    nullable: true,
    description: "Who read which token, who connected, and who acted, the newest first. An act is listed within a second. Servers only.",
    args: { ...pageArgs(), filter: t.arg({ type: AuditFilterInput, description: "Which acts. Default: all." }) },
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
