import {
  defaultFieldResolver,
  type GraphQLError,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  isIntrospectionType,
  isNonNullType,
  isObjectType,
} from "graphql";
import { badUserInput, type GatewayError } from "./errors.ts";

/** Most objects that an answer may hold. Connections lead to connectors and back: each round multiplies them. */
export const MAXIMUM_ANSWER_OBJECTS = 10_000;
/** Most characters that the texts of an answer may have: an alias repeats a text in every object. */
export const MAXIMUM_ANSWER_CHARACTERS = 8 * 1024 * 1024;

/** What an answer holds so far. */
export interface Tally {
  objects: number;
  characters: number;
  /** Why the answer is refused. */
  refusal: GatewayError | null;
}

/** A context that an answer is counted in. */
export interface Answering {
  tally?: Tally;
}

const refusals = new WeakSet<Error>();

/** Whether an error of an execution says that its whole answer is refused. */
export const refusesAnswer = ({ originalError }: GraphQLError): boolean => originalError !== undefined && refusals.has(originalError);

/**
 * Makes every field of the schema count what it answers. Once the answer is too large a field fails with BAD_USER_INPUT, and no other
 * one does any work; `refusesAnswer` knows the error. Operations need a context, in which their answer is counted.
 */
export function limitAnswers(schema: GraphQLSchema): GraphQLSchema {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || isIntrospectionType(type)) continue;
    for (const field of Object.values(type.getFields())) {
      const { resolve = defaultFieldResolver } = field;
      field.resolve = (source, args, context, info) => {
        const tally = tallyOf(context, info);
        if (tally.refusal) return skip(tally.refusal, info);
        const value: unknown = resolve(source, args, context, info);
        return value instanceof Promise ? value.then((settled: unknown) => add(tally, settled, info)) : add(tally, value, info);
      };
    }
  }
  return schema;
}

/** Each request has a context, and each event of a subscription is an answer of its own. */
function tallyOf(context: Answering, { schema, parentType }: GraphQLResolveInfo): Tally {
  const known = parentType === schema.getSubscriptionType() ? undefined : context.tally;
  return known ?? (context.tally = { objects: 0, characters: 0, refusal: null });
}

function add(tally: Tally, value: unknown, info: GraphQLResolveInfo): unknown {
  if (tally.refusal) return skip(tally.refusal, info);
  if (Array.isArray(value)) for (const item of value) count(tally, item);
  else count(tally, value);
  const message = objectionTo(tally);
  if (message === null) return value;
  tally.refusal = badUserInput(message, "query");
  refusals.add(tally.refusal);
  throw tally.refusal;
}

/** One error is enough: a field that can be null adds none. */
function skip(refusal: GatewayError, { returnType }: GraphQLResolveInfo): null {
  if (isNonNullType(returnType)) throw refusal;
  return null;
}

function count(tally: Tally, value: unknown): void {
  if (typeof value === "string") tally.characters += value.length;
  else if (typeof value === "object" && value !== null) tally.objects += 1;
}

function objectionTo({ objects, characters }: Tally): string | null {
  if (objects > MAXIMUM_ANSWER_OBJECTS)
    return `query: the answer would hold more than ${MAXIMUM_ANSWER_OBJECTS} objects: ask for the connections of one connector by its slug, and not for connections within connections.`;
  if (characters > MAXIMUM_ANSWER_CHARACTERS)
    return `query: the answer would hold more than ${MAXIMUM_ANSWER_CHARACTERS} characters: ask for fewer fields, or for one connector by its slug.`;
  return null;
}
