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
    description: "The user was sent to the provider or to a form, or has a code to enter.",
  },
  RETRIEVING_TOKENS: { value: "retrieving_tokens", description: "The user has granted access, and the gateway is fetching the tokens." },
  ACTIVE: { value: "active", description: "The connection gives tokens." },
  ERROR: { value: "error", description: "Only reconnecting helps. See errorMessage." },
};

const AuthorizationStatusType = builder.enumType("AuthorizationStatus", {
  description: "The state of a grant. ACTIVE and ERROR are final until the next reconnect.",
  values: statusValues,
});

export const ConnectedByType = builder.objectRef<NonNullable<Authorization["connectedBy"]>>("ConnectedBy").implement({
  description: "The user who connected.",
  fields: (t) => ({
    id: t.exposeID("id", { description: "The user's id in the platform's own system." }),
    name: t.exposeString("name", { nullable: true, description: "The user's display name when they connected." }),
  }),
});

const CollectFieldType = builder.objectRef<CollectField>("CollectField").implement({
  description: "A value that a connector asks the user for.",
  fields: (t) => ({
    name: t.exposeString("name", { description: "The field's name, for FieldInput.name." }),
    label: t.exposeString("label", { description: "The field's label." }),
    hint: t.string({ nullable: true, description: "What to enter, and where to find it.", resolve: ({ hint }) => hint ?? null }),
    suffix: t.exposeString("suffix", { nullable: true, description: "Text after the field, such as `.zendesk.com`." }),
    secret: t.exposeBoolean("secret", { description: "Whether to hide the value while it is typed." }),
    optional: t.boolean({ description: "Whether the field may be empty.", resolve: ({ optional }) => optional ?? false }),
    default: t.string({
      nullable: true,
      description: "The value that the field has at first. An optional field that is empty means this value.",
      resolve: ({ default: preset }) => preset ?? null,
    }),
    options: t.stringList({
      nullable: true,
      description: "The values to choose from; null if any text is allowed.",
      resolve: ({ options }) => (options ? [...options] : null),
    }),
  }),
});

const CollectFormType = builder.objectRef<NonNullable<Authorization["collect"]>>("CollectForm").implement({
  description: "The form that a user fills in before, or instead of, a visit to the provider.",
  fields: (t) => ({
    instructions: t.exposeString("instructions", { nullable: true, description: "Instructions, as Markdown." }),
    instructionsTree: t.field({
      type: "MarkdownTree",
      nullable: true,
      description: "The instructions as a parsed tree, safe to show.",
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
  description: "A code that the user enters at the provider (RFC 8628), in any browser. Show it only to the user who asked for it.",
  fields: (t) => ({
    userCode: t.exposeString("userCode", { description: "The code to enter." }),
    verificationUri: t.exposeString("verificationUri", { description: "The provider's page where the code is entered." }),
    verificationUriComplete: t.exposeString("verificationUriComplete", {
      nullable: true,
      description: "The same page with the code filled in; null if the provider has none.",
    }),
    expiresAt: t.expose("expiresAt", { type: "DateTime", description: "When the code expires. Connecting again gives a new one." }),
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
        "The connection that it belongs to. Once ACTIVE, this can be another connection than the one that was reconnected, if the user chose another account. Null if an upstream does not say.",
    }),
    status: t.expose("status", { type: AuthorizationStatusType, description: "The state of the grant." }),
    displayLabel: t.exposeString("displayLabel", { nullable: true, description: "The account at the provider, as a person knows it." }),
    errorCode: t.exposeString("errorCode", { nullable: true, description: "Why the status is ERROR, as a code: `access_denied`." }),
    errorMessage: t.exposeString("errorMessage", {
      nullable: true,
      description: "Why the status is ERROR, as a sentence for the user. For servers, it includes what the provider said.",
    }),
    connectedAt: t.expose("connectedAt", {
      type: "DateTime",
      nullable: true,
      description: "When it was last connected or reconnected; null before that, and if unknown.",
    }),
    connectedBy: t.field({
      type: ConnectedByType,
      nullable: true,
      description: "Who connected it; null before that, and if unknown. In a group, this may be another member.",
      resolve: ({ connectedBy }) => connectedBy,
    }),
    scopes: t.exposeStringList("scopes", { description: "The scopes that the user granted." }),
    missingScopes: t.exposeStringList("missingScopes", {
      description: "Scopes that were asked for, or that the connector asks for now, and that are not granted. Reconnecting asks for them.",
    }),
    expiresAt: t.expose("expiresAt", {
      type: "DateTime",
      nullable: true,
      description: "When the current access token expires; null if unknown. It is refreshed before that.",
    }),
    grantExpiresAt: t.field({
      type: "DateTime",
      nullable: true,
      description: "When the grant itself ends according to the provider, unless it is refreshed before; null if unknown.",
      resolve: ({ grantExpiresAt }) => grantExpiresAt ?? null,
    }),
    authorizeUrl: t.exposeString("authorizeUrl", {
      nullable: true,
      description: "While AWAITING_CALLBACK, in the answer to connect: the URL to send the browser to.",
    }),
    state: t.exposeString("state", {
      nullable: true,
      description:
        "While AWAITING_CALLBACK, in the answer to connect: the state that submitAuthorization needs, if there are fields to collect.",
    }),
    collect: t.field({
      type: CollectFormType,
      nullable: true,
      description: "The form for the user, while there are fields to collect.",
      resolve: ({ collect }) => collect,
    }),
    deviceCode: t.field({
      type: DeviceCodeType,
      nullable: true,
      description:
        "While AWAITING_CALLBACK, in the answers to connect and submitAuthorization: the code that the user enters at the provider. The page at authorizeUrl shows it too.",
      resolve: ({ deviceCode }) => deviceCode ?? null,
    }),
    accessToken: t.string({
      nullable: true,
      description:
        "A live access token, or null if there is none. Selecting this field may refresh the token; not selecting it costs nothing.",
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
    value: t.string({ required: true, description: "The value that the user entered." }),
  }),
});

builder.mutationField("submitAuthorization", (t) =>
  t.field({
    type: AuthorizationType,
    description: "Submits collected fields. The result is ACTIVE, ERROR, or AWAITING_CALLBACK with an authorizeUrl to open next.",
    args: {
      state: t.arg.string({ required: true, description: "Authorization.state.", validate: stateSchema }),
      fields: t.arg({
        type: [FieldInputType],
        required: true,
        description: "The fields. Every field that is not optional is required.",
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
    description: "An authorization, first as it is now and then at each change, until it is ACTIVE or ERROR.",
    args: { id: t.arg.id({ required: true, description: "Authorization.id.", validate: idSchema }) },
    subscribe: (_root, { id }, context) => requireUser(context).watchAuthorization(id),
    resolve: (authorization, _args, context) => authorizationNode(requireUser(context), authorization),
  }),
);
