import type { Language } from "../client/languages/language.ts";
import { sentencesFor } from "../client/languages/sentences.ts";
import { isStandardScope } from "../client/languages/standard-scopes.ts";
import { builder } from "./builder.ts";
import type { Context } from "./context.ts";
import { slugSchema } from "./input.ts";
import { recallMarkdown } from "./markdown.ts";
import { NodeInterface } from "./node.ts";
import { connectorCategories, type ConnectorCategory } from "./connector-category.ts";
import type { Connector, OwnerConnections, Permission } from "./upstream.ts";

/** A connector beside the capability to list the viewer's connections of it; null when no user is signed in. */
export type ConnectorNode = Connector & { source: OwnerConnections | null };

export const connectorNode = (source: OwnerConnections | null, connector: Connector): ConnectorNode => ({ source, ...connector });

const categoryDescriptions: Record<ConnectorCategory, string> = {
  ai: "Models and agents.",
  calendar: "Calendars and appointments.",
  commerce: "Shops and orders.",
  communication: "Mail, chat and calls.",
  data: "Databases and analytics.",
  design: "Drawing and design.",
  development: "Code and its tools.",
  education: "Teaching and learning.",
  files: "Files and their storage.",
  finance: "Accounts and payments.",
  games: "Games and their players.",
  health: "Health and fitness.",
  marketing: "Campaigns and their audiences.",
  media: "Music, pictures and video.",
  people: "Employees and applicants.",
  productivity: "Notes, documents and tasks of one person.",
  projects: "Projects and the tasks of a team.",
  sales: "Customers and deals.",
  social: "Social networks.",
  support: "Questions of customers.",
};

const ConnectorCategoryType = builder.enumType("ConnectorCategory", {
  description: "The category of a connector.",
  values: Object.fromEntries(
    connectorCategories.map(
      (category) => [category.toUpperCase(), { value: category, description: categoryDescriptions[category] }] as const,
    ),
  ),
});

/** Providers describe their scopes in English. What is the same at all of them is ours, in each language. */
function textIn(language: Language, { scope, text }: Permission): string | null {
  return language === "en" || !isStandardScope(scope) ? text : sentencesFor(language).standardScopes[scope];
}

const PermissionType = builder.objectRef<Permission>("Permission").implement({
  description: "A scope that a connector asks for, or may ask for later.",
  fields: (t) => ({
    scope: t.exposeString("scope", { description: "The provider's name of the scope." }),
    text: t.string({
      nullable: true,
      description: "What it allows, in a few words; null if unknown.",
      resolve: (permission, _args, { language }) => textIn(language(), permission),
    }),
    isRequired: t.exposeBoolean("isRequired", {
      description: "Whether connecting asks for it. If false, a page of the platform may ask for it later.",
    }),
  }),
});

export const ConnectorType = builder.objectRef<ConnectorNode>("Connector").implement({
  interfaces: [NodeInterface],
  description: "A provider in the platform's catalog.",
  fields: (t) => ({
    slug: t.exposeID("slug", { description: "Its name in links and queries, such as `slack`." }),
    name: t.exposeString("name", { description: "Its display name." }),
    shortDescription: t.exposeString("shortDescription", { nullable: true, description: "One line for the catalog." }),
    description: t.exposeString("description", { nullable: true, description: "A description of what connecting it does, as Markdown." }),
    descriptionTree: t.field({
      type: "MarkdownTree",
      nullable: true,
      description: "The description as a parsed tree, safe to show.",
      resolve: ({ description, descriptionTree }) => (description === null ? null : (descriptionTree ?? recallMarkdown(description))),
    }),
    markUrl: t.exposeString("markUrl", { nullable: true, description: "Its logo." }),
    supportsMultipleConnections: t.exposeBoolean("supportsMultipleConnections", {
      description: "Whether one owner may have several connections of it.",
    }),
    connectorUrl: t.exposeString("connectorUrl", { description: "The page where the user connects, repairs or disconnects it." }),
    categories: t.field({
      type: [ConnectorCategoryType],
      description: "Its categories; empty if unknown.",
      resolve: ({ categories = [] }) => [...categories],
    }),
    searchTerms: t.stringList({
      description: "Other names that people search for, in lower case. The catalog's search uses them.",
      resolve: ({ searchTerms = [] }) => [...searchTerms],
    }),
    permissions: t.field({
      type: [PermissionType],
      description: "The scopes that it asks for at the provider; empty if unknown, and if it asks for none.",
      resolve: ({ permissions = [] }) => [...permissions],
    }),
  }),
});

const sourceOf = (context: Context) => context.user?.connections ?? null;

builder.queryField("connectors", (t) =>
  t.field({
    type: [ConnectorType],
    description: "The platform's catalog. Public. Each connector has the viewer's connections if a user is signed in.",
    resolve: async (_root, _args, context) => {
      const source = sourceOf(context);
      return (await context.catalog.listConnectors()).map((connector) => connectorNode(source, connector));
    },
  }),
);

builder.queryField("connector", (t) =>
  t.field({
    type: ConnectorType,
    nullable: true,
    description: "One connector of the catalog, or null. Public.",
    args: { slug: t.arg.id({ required: true, description: "The connector's slug.", validate: slugSchema }) },
    resolve: async (_root, { slug }, context) => {
      const connector = await context.catalog.findConnector(slug);
      return connector && connectorNode(sourceOf(context), connector);
    },
  }),
);
