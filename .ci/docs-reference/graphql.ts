/** The GraphQL contract as pages: one for queries, mutations, subscriptions, and one for types. */
import {
  getNamedType,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLNamedType,
  type GraphQLSchema,
  type GraphQLType,
  isEnumType,
  isInputObjectType,
  isIntrospectionType,
  isInterfaceType,
  isObjectType,
  isScalarType,
  isSpecifiedScalarType,
  isUnionType,
} from "graphql";
import { cell, table } from "./markdown.ts";

type Field = GraphQLField<unknown, unknown>;

const TYPES_PAGE = "types.md";
const operations = ["Query", "Mutation", "Subscription"] as const;

/** The pages by their names. */
export function graphqlPages(schema: GraphQLSchema): Map<string, string> {
  const roots = operations.map((name): [string, string] => {
    const root = schema.getType(name);
    const fields = isObjectType(root) ? Object.values(root.getFields()) : [];
    const title = { Query: "Queries", Mutation: "Mutations", Subscription: "Subscriptions" }[name];
    return [`${title.toLowerCase()}.md`, [`# ${title}`, ...fields.map((field) => operationSection(field))].join("\n\n")];
  });
  const types = Object.values(schema.getTypeMap()).filter(isOwn);
  const sorted = types.toSorted((a, b) => a.name.localeCompare(b.name));
  return new Map([...roots, [TYPES_PAGE, ["# Types", ...sorted.map((type) => typeSection(schema, type))].join("\n\n")]]);
}

const isOwn = (type: GraphQLNamedType): boolean =>
  !isIntrospectionType(type) && !isSpecifiedScalarType(type) && !operations.some((name) => name === type.name);

/** A type in words, with a link to what is its own. */
function linkOf(type: GraphQLType): string {
  const named = getNamedType(type);
  return isOwn(named) ? `[\`${String(type)}\`](${TYPES_PAGE}#${named.name.toLowerCase()})` : `\`${String(type)}\``;
}

const deprecation = (reason: string | null | undefined): string => (reason ? ` **Deprecated**: ${reason}` : "");

const lines = (text: string): string => text.trim().replaceAll(/\s*\n\s*/g, " ");

const inputList = (inputs: readonly (GraphQLArgument | GraphQLInputField)[]): string =>
  inputs
    .map(
      ({ name, type, description, deprecationReason }) =>
        `- \`${name}\`: ${linkOf(type)}. ${lines(`${description ?? ""}${deprecation(deprecationReason)}`)}`,
    )
    .join("\n");

function operationSection({ name, description, args, type, deprecationReason }: Field): string {
  return [
    `## ${name}`,
    `${description ?? ""}${deprecation(deprecationReason)}`,
    ...(args.length > 0 ? [inputList(args)] : []),
    `Answers ${linkOf(type)}.`,
  ].join("\n\n");
}

function fieldItem({ name, description, args, type, deprecationReason }: Field): string {
  const stated = args.length > 0 ? `${name}(${args.map((argument) => argument.name).join(", ")})` : name;
  return `- \`${stated}\`: ${linkOf(type)}. ${lines(`${description ?? ""}${deprecation(deprecationReason)}`)}`;
}

function typeSection(schema: GraphQLSchema, type: GraphQLNamedType): string {
  return [`## ${type.name}`, `*${kindOf(type)}.* ${type.description ?? ""}`, ...membersOf(schema, type)].join("\n\n");
}

function kindOf(type: GraphQLNamedType): string {
  if (isScalarType(type)) return "Scalar";
  if (isEnumType(type)) return "Enum";
  if (isUnionType(type)) return "Union";
  if (isInputObjectType(type)) return "Input";
  return isInterfaceType(type) ? "Interface" : "Object";
}

function membersOf(schema: GraphQLSchema, type: GraphQLNamedType): string[] {
  if (isEnumType(type)) {
    const rows = type.getValues().map(({ name, description }) => [`\`${name}\``, cell(description ?? "")]);
    return [table(["value", "meaning"], rows)];
  }
  if (isUnionType(type)) return [`One of ${type.getTypes().map(linkOf).join(", ")}.`];
  if (isInputObjectType(type)) return [inputList(Object.values(type.getFields()))];
  if (!isObjectType(type) && !isInterfaceType(type)) return [];
  const interfaces = type.getInterfaces().map(linkOf);
  const objects = isInterfaceType(type) ? schema.getImplementations(type).objects.map(linkOf) : [];
  return [
    ...(interfaces.length > 0 ? [`It is ${interfaces.join(" and ")}.`] : []),
    ...(objects.length > 0 ? [`Of this interface: ${objects.join(", ")}.`] : []),
    Object.values(type.getFields()).map(fieldItem).join("\n"),
  ];
}
