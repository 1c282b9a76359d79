import { getNamedType, type GraphQLField, type GraphQLObjectType, isAbstractType, isLeafType, isObjectType, isScalarType } from "graphql";
import { schema } from "../../schema/index.ts";

/** How often a type may come back on one path: enough to walk out of every type by each of its fields and into itself again. */
const VISITS = 2;

export type OperationKind = "query" | "mutation" | "subscription";

/** Values for arguments, by name: several ways to ask for the same. An argument without one fails the enumeration. */
export type ArgumentValues = Record<string, readonly string[]>;

/** What asks along one path of the schema. */
export interface Operation {
  kind: OperationKind;
  root: string;
  text: string;
  /** The names of its fields, from the root to the first that holds a value. */
  path: readonly string[];
  /** The fields at its end, as `Type.field`. */
  leaves: readonly string[];
}

type Selection = Pick<Operation, "text" | "path" | "leaves">;

/**
 * Every path of the schema to every value, with every way to fill its arguments. What takes no arguments is read together with its
 * neighbours, save at the root.
 */
export function enumerateOperations(kind: OperationKind, values: ArgumentValues): Operation[] {
  const type = { query: schema.getQueryType(), mutation: schema.getMutationType(), subscription: schema.getSubscriptionType() }[kind];
  return [...(type ? selectionsOf(type, [], values) : [])].map(({ text, ...selection }) => ({
    ...selection,
    kind,
    root: selection.path[0] ?? "",
    text: `${kind} ${text}`,
  }));
}

/** The root fields of a kind. */
export const rootsOf = (kind: OperationKind, values: ArgumentValues): string[] =>
  [...new Set(enumerateOperations(kind, values).map(({ root }) => root))].toSorted();

function* selectionsOf(type: GraphQLObjectType, above: readonly string[], values: ArgumentValues): Generator<Selection> {
  if (above.filter((name) => name === type.name).length >= VISITS) return;
  const fields = Object.values(type.getFields());
  const plain = above.length > 0 ? fields.filter(({ args, type }) => args.length === 0 && isLeafType(getNamedType(type))) : [];
  const [first] = plain;
  if (first) {
    const names = plain.map(({ name }) => name);
    yield { text: `{ ${names.join(" ")} }`, path: [first.name], leaves: names.map((name) => `${type.name}.${name}`) };
  }
  for (const field of fields.filter((field) => !plain.includes(field))) {
    const inner = [...fieldSelections(type, field, [...above, type.name], values)];
    for (const filled of argumentsOf(field, values))
      for (const { text, path, leaves } of inner) yield { text: `{ ${field.name}${filled} ${text} }`, path: [field.name, ...path], leaves };
  }
}

function* fieldSelections(
  parent: GraphQLObjectType,
  field: GraphQLField<unknown, unknown>,
  above: readonly string[],
  values: ArgumentValues,
): Generator<Selection> {
  const type = getNamedType(field.type);
  if (isLeafType(type)) yield { text: "", path: [], leaves: [`${parent.name}.${field.name}`] };
  else if (isObjectType(type)) yield* selectionsOf(type, above, values);
  else if (isAbstractType(type)) {
    for (const possible of schema.getPossibleTypes(type))
      for (const selection of selectionsOf(possible, above, values))
        yield { ...selection, text: `{ ... on ${possible.name} ${selection.text} }` };
  }
}

/** With the first value of each required argument; and once more for each further value of one, and for each optional one. */
function argumentsOf({ args, name }: GraphQLField<unknown, unknown>, values: ArgumentValues): string[] {
  const known = args.map((argument) => {
    const own = values[`${name}.${argument.name}`] ?? values[argument.name];
    if (!own) throw new Error(`${name}(${argument.name}:) is new: say in world.ts what to ask with.`);
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

/** Whether an answer's data goes as far as the end of a path: to a value, be it null. */
export function reaches(data: unknown, path: readonly string[]): boolean {
  const [name, ...rest] = path;
  if (name === undefined) return true;
  if (Array.isArray(data)) return data.some((each) => reaches(each, path));
  if (typeof data !== "object" || data === null) return false;
  return Object.entries(data).some(([key, value]) => key === name && reaches(value, rest));
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
