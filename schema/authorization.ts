import { sentencesFor } from "../client/languages/sentences.ts";
import { builder } from "./builder.ts";
import { requireUser } from "./context.ts";
import { fieldsSchema, idSchema, parseTokenRequest, stateSchema, tokenArgs } from "./input.ts";
import { recallMarkdown } from "./markdown.ts";
import { NodeInterface } from "./node.ts";
import { tokenOrNull } from "./outcomes.ts";
import type { Authorization, AuthorizationStatus, CollectField, DeviceCode, OwnerConnections } from "./upstream.ts";

/** An authorization beside the capability it was read with. */
export type AuthorizationNode = Authorization & { source: OwnerConnections };

export const authorizationNode = (source: OwnerConnections, authorization: Authorization): AuthorizationNode => ({
  ...authorization,
  source,
});

const statusValues: Record<string, { value: AuthorizationStatus; description: string }> = {
  AWAITING_CALLBACK: {
    value: "awaiting_callback",
    description: "The user has been sent to the provider, to a form, or has a code to enter.",
  },
  RETRIEVING_TOKENS: { value: "retrieving_tokens", description: "The provider has agreed; its tokens are being fetched." },
  ACTIVE: { value: "active", description: "Tokens can be had." },
  ERROR: { value: "error", description: "Only reconnecting helps; see errorMessage." },
};

const AuthorizationStatusType = builder.enumType("AuthorizationStatus", {
  description: "How far a grant has come. ACTIVE and ERROR are final until the next reconnect.",
  values: statusValues,
});

export const ConnectedByType = builder.objectRef<NonNullable<Authorization["connectedBy"]>>("ConnectedBy").implement({
  description: "The user who connected.",
  fields: (t) => ({
    id: t.exposeID("id", { description: "The user's id in the platform's own system." }),
    name: t.exposeString("name", { nullable: true, description: "The user's friendly name when they connected." }),
  }),
});

const CollectFieldType = builder.objectRef<CollectField>("CollectField").implement({
  description: "A value that a connector asks of the user.",
  fields: (t) => ({
    name: t.exposeString("name", { description: "What FieldInput.name must be." }),
    label: t.exposeString("label", { description: "What to call it on screen." }),
    hint: t.string({ nullable: true, description: "What to enter, and where to find it.", resolve: ({ hint }) => hint ?? null }),
    suffix: t.exposeString("suffix", { nullable: true, description: "What follows the value on screen, as `.zendesk.com`." }),
    secret: t.exposeBoolean("secret", { description: "Whether to hide it while it is typed." }),
    optional: t.boolean({ description: "Whether the field may be empty.", resolve: ({ optional }) => optional ?? false }),
    default: t.string({
      nullable: true,
      description: "What to fill it in with at first. It is also what an optional field means that stays empty.",
      resolve: ({ default: preset }) => preset ?? null,
    }),
    options: t.stringList({
      nullable: true,
      description: "What can be chosen; null where any text can be typed.",
      resolve: ({ options }) => (options ? [...options] : null),
    }),
  }),
});

const CollectFormType = builder.objectRef<NonNullable<Authorization["collect"]>>("CollectForm").implement({
  description: "What a connector asks of the user before, or instead of, a visit to the provider.",
  fields: (t) => ({
    instructions: t.exposeString("instructions", { nullable: true, description: "What to do, as Markdown." }),
    instructionsTree: t.field({
      type: "MarkdownTree",
      nullable: true,
      description: "The instructions, parsed: what can be shown as it is.",
      resolve: ({ instructions, instructionsTree }) => (instructions === null ? null : (instructionsTree ?? recallMarkdown(instructions))),
    }),
    saveLabel: t.string({
      description: "The button's label.",
      // One that the operator has not written is ours, in each language.
      resolve: ({ saveLabel }, _args, { language }) =>
        saveLabel === sentencesFor("en").pages.form.save ? sentencesFor(language()).pages.form.save : saveLabel,
    }),
    fields: t.field({ type: [CollectFieldType], description: "The fields, in order.", resolve: ({ fields }) => fields }),
  }),
});

const DeviceCodeType = builder.objectRef<DeviceCode>("DeviceCode").implement({
  description: "A code that the user enters at the provider (RFC 8628), in any browser. Show it to the user who asked for it alone.",
  fields: (t) => ({
    userCode: t.exposeString("userCode", { description: "What to enter." }),
    verificationUri: t.exposeString("verificationUri", { description: "The page of the provider where it is entered." }),
    verificationUriComplete: t.exposeString("verificationUriComplete", {
      nullable: true,
      description: "The same page with the code filled in; null where the provider has none.",
    }),
    expiresAt: t.expose("expiresAt", { type: "DateTime", description: "When it ends. Connecting again brings a new one." }),
  }),
});

export const AuthorizationType = builder.objectRef<AuthorizationNode>("Authorization").implement({
  interfaces: [NodeInterface],
  description: "The grant behind a connection.",
  fields: (t) => ({
    id: t.exposeID("id", { description: "Its own id, new with every reconnect." }),
    connectionId: t.exposeID("connectionId", {
      nullable: true,
      description:
        "The connection that it is of. Once ACTIVE it can be another one than was reconnected, where the user came back with another account; null where an upstream does not tell.",
    }),
    status: t.expose("status", { type: AuthorizationStatusType, description: "How far it has come." }),
    displayLabel: t.exposeString("displayLabel", { nullable: true, description: "The account at the provider, as a person knows it." }),
    errorCode: t.exposeString("errorCode", { nullable: true, description: "Why the status is ERROR, as a code: `access_denied`." }),
    errorMessage: t.exposeString("errorMessage", {
      nullable: true,
      description: "Why the status is ERROR, in the reader's words: an end user's, or to servers with what the provider said.",
    }),
    connectedAt: t.expose("connectedAt", {
      type: "DateTime",
      nullable: true,
      description: "When it was last connected or reconnected; null before that, and when unknown.",
    }),
    connectedBy: t.field({
      type: ConnectedByType,
      nullable: true,
      description: "Who connected it; null before that, and when unknown. In a group it may be another member.",
      resolve: ({ connectedBy }) => connectedBy,
    }),
    scopes: t.exposeStringList("scopes", { description: "What the user granted." }),
    missingScopes: t.exposeStringList("missingScopes", {
      description: "What was asked for, or is asked for since, and is not granted. Reconnecting asks for it.",
    }),
    expiresAt: t.expose("expiresAt", {
      type: "DateTime",
      nullable: true,
      description: "When the current access token expires; null when unknown. It is refreshed before that.",
    }),
    grantExpiresAt: t.field({
      type: "DateTime",
      nullable: true,
      description: "When the grant itself ends as the provider tells, unless it is refreshed before; null when unknown.",
      resolve: ({ grantExpiresAt }) => grantExpiresAt ?? null,
    }),
    authorizeUrl: t.exposeString("authorizeUrl", {
      nullable: true,
      description: "While AWAITING_CALLBACK, in the answer of connect: where to send the browser.",
    }),
    state: t.exposeString("state", {
      nullable: true,
      description: "While AWAITING_CALLBACK, in the answer of connect: what submitAuthorization needs where fields are to be collected.",
    }),
    collect: t.field({
      type: CollectFormType,
      nullable: true,
      description: "What to ask of the user, while fields are to be collected.",
      resolve: ({ collect }) => collect,
    }),
    deviceCode: t.field({
      type: DeviceCodeType,
      nullable: true,
      description:
        "While AWAITING_CALLBACK, in the answers of connect and submitAuthorization: the code that the user enters at the provider. The page at authorizeUrl shows it as well.",
      resolve: ({ deviceCode }) => deviceCode ?? null,
    }),
    accessToken: t.string({
      nullable: true,
      description: "A live access token, or null when there is none to be had. Selecting it may refresh; not selecting it costs nothing.",
      args: tokenArgs(),
      resolve: ({ source, connectionId }, args) =>
        connectionId === null ? null : tokenOrNull(source, { id: connectionId }, parseTokenRequest(args)),
    }),
  }),
});

export const FieldInputType = builder.inputType("FieldInput", {
  description: "One collected field.",
  fields: (t) => ({
    name: t.string({ required: true, description: "CollectField.name." }),
    value: t.string({ required: true, description: "What the user typed." }),
  }),
});

builder.mutationField("submitAuthorization", (t) =>
  t.field({
    type: AuthorizationType,
    description: "Hands in collected fields. The answer is ACTIVE, ERROR, or AWAITING_CALLBACK with an authorizeUrl to go to next.",
    args: {
      state: t.arg.string({ required: true, description: "Authorization.state.", validate: stateSchema }),
      fields: t.arg({
        type: [FieldInputType],
        required: true,
        description: "Every field asked for that is not optional.",
        validate: fieldsSchema,
      }),
    },
    resolve: async (_root, { state, fields }, context) => {
      const connections = requireUser(context);
      return authorizationNode(connections, await connections.submit(state, fields));
    },
  }),
);

builder.subscriptionField("authorizationStatus", (t) =>
  t.field({
    type: AuthorizationType,
    description: "An authorization now, and each time it changes until it is ACTIVE or ERROR.",
    args: { id: t.arg.id({ required: true, description: "Authorization.id.", validate: idSchema }) },
    subscribe: (_root, { id }, context) => requireUser(context).watchAuthorization(id),
    resolve: (authorization, _args, context) => authorizationNode(requireUser(context), authorization),
  }),
);
