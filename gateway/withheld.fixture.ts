import { getNamedType, type GraphQLField, type GraphQLObjectType, isAbstractType, isLeafType, isObjectType, isScalarType } from "graphql";
import { schema } from "../schema/index.ts";

/** How often a type may come back on one path: enough to walk out of every type by each of its fields and into itself again. */
const VISITS = 2;

export type OperationKind = "query" | "mutation" | "subscription";

/** Values for arguments, by name: several ways to ask for the same. An argument without one fails the enumeration. */
export type ArgumentValues = Record<string, readonly string[]>;

/** Every operation that reads one leaf of the schema, along every path to it, with every way to fill its arguments. */
export function enumerateOperations(kind: OperationKind, values: ArgumentValues): string[] {
  const root = { query: schema.getQueryType(), mutation: schema.getMutationType(), subscription: schema.getSubscriptionType() }[kind];
  return root ? [...selectionsOf(root, [], values)].map((selection) => `${kind} ${selection}`) : [];
}

function* selectionsOf(type: GraphQLObjectType, above: readonly string[], values: ArgumentValues): Generator<string> {
  if (above.filter((name) => name === type.name).length >= VISITS) return;
  for (const field of Object.values(type.getFields())) {
    const inner = [...fieldSelections(field, [...above, type.name], values)];
    for (const filled of argumentsOf(field, values)) for (const selection of inner) yield `{ ${field.name}${filled} ${selection} }`;
  }
}

function* fieldSelections(field: GraphQLField<unknown, unknown>, above: readonly string[], values: ArgumentValues): Generator<string> {
  const type = getNamedType(field.type);
  if (isLeafType(type)) yield "";
  else if (isObjectType(type)) yield* selectionsOf(type, above, values);
  else if (isAbstractType(type)) {
    for (const possible of schema.getPossibleTypes(type))
      for (const selection of selectionsOf(possible, above, values)) yield `{ ... on ${possible.name} ${selection} }`;
  }
}

/** With the first value of each required argument; and once more for each further value of one, and for each optional one. */
function argumentsOf({ args, name }: GraphQLField<unknown, unknown>, values: ArgumentValues): string[] {
  const known = args.map((argument) => {
    const own = values[`${name}.${argument.name}`] ?? values[argument.name];
    if (!own) throw new Error(`${name}(${argument.name}:) is new: say in withheld.test.ts what to ask with.`);
    return { name: argument.name, required: argument.type.toString().endsWith("!"), own };
  });
  const required = known.filter((argument) => argument.required).map((argument) => `${argument.name}: ${argument.own[0] ?? ""}`);
  const more = known.flatMap((argument) =>
    argument.own.slice(argument.required ? 1 : 0).map((value) => {
      const others = required.filter((text) => !text.startsWith(`${argument.name}: `));
      return [...others, `${argument.name}: ${value}`];
    }),
  );
  return [required, ...more].map((filled) => (filled.length > 0 ? `(${filled.join(", ")})` : ""));
}

/** Every field of a scalar type that could hold a token's bytes, as `Type.field`. */
export function textFields(): string[] {
  return Object.values(schema.getTypeMap())
    .filter((type) => isObjectType(type) && !type.name.startsWith("__"))
    .flatMap((type) => (isObjectType(type) ? Object.values(type.getFields()).map((field) => ({ type, field })) : []))
    .filter(({ field }) => {
      const named = getNamedType(field.type);
      return isScalarType(named) && !["Boolean", "Int", "Float", "DateTime"].includes(named.name);
    })
    .map(({ type, field }) => `${type.name}.${field.name}`)
    .toSorted();
}
