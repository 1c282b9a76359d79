import {
  type ArgumentNode,
  type ASTNode,
  coerceInputValue,
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  type GraphQLError,
  isInputType,
  Kind,
  type ObjectFieldNode,
  print,
  typeFromAST,
  type VariableDefinitionNode,
  visit,
} from "graphql";
import type { Plugin } from "graphql-yoga";
import { badUserInput, httpStatusOf } from "../../schema/errors.ts";

/**
 * Values that GraphQL itself refuses, for their type, are told of as our own checks do: with the argument's path, as `where.slug`, and
 * without the value of a variable, which may be a secret.
 */
export const nameArguments: Plugin = {
  onValidate: ({ params }) => {
    return ({ result }) => {
      for (const error of result) nameLiteral(params.documentAST, error);
    };
  },
  onExecute: ({ args }) => ({
    onExecuteDone({ result, setResult }) {
      if (isFailed(result)) setResult({ ...result, errors: nameAll(args, result.errors) });
    },
  }),
  onSubscribe: ({ args }) => ({
    onSubscribeResult({ result, setResult }) {
      if (isFailed(result)) setResult({ ...result, errors: nameAll(args, result.errors) });
    },
  }),
};

type Failed = ExecutionResult & { errors: readonly GraphQLError[] };

const isFailed = (result: object): result is Failed => "errors" in result && Array.isArray(result.errors);

/** The errors of an execution, each with the path of its argument where it has one. */
export const nameAll = (args: ExecutionArgs, errors: readonly GraphQLError[]): GraphQLError[] =>
  errors.map((error) => nameOne(args, error));

function nameOne(args: ExecutionArgs, error: GraphQLError): GraphQLError {
  const [node] = error.nodes ?? [];
  if (node?.kind === Kind.VARIABLE_DEFINITION) return refuseVariable(args, node);
  nameLiteral(args.document, error);
  return error;
}

/** Adds the path of the argument that an error of GraphQL's points at. */
function nameLiteral(document: DocumentNode, error: GraphQLError): void {
  const [node] = error.nodes ?? [];
  if (!node || error.originalError || "path" in error.extensions) return;
  const path = findArgument(document, (candidate) => candidate === node);
  if (path) error.extensions["path"] = path.join(".");
}

/** A variable whose value does not fit its type, without the value. */
function refuseVariable({ schema, document, variableValues }: ExecutionArgs, definition: VariableDefinitionNode): GraphQLError {
  const { name } = definition.variable;
  const inside = findMisfit(definition, schema, variableValues?.[name.value]);
  const use = findArgument(document, (node) => node.kind === Kind.VARIABLE && node.name.value === name.value);
  const path = [...(use ?? [name.value]), ...inside].join(".");
  const error = badUserInput(`${path}: the value of $${name.value} must be a valid ${print(definition.type)}.`, path);
  error.extensions.http = { status: httpStatusOf.BAD_USER_INPUT };
  return error;
}

/** Where inside of a variable's value the first misfit is. */
function findMisfit({ type }: VariableDefinitionNode, schema: ExecutionArgs["schema"], value: unknown): readonly (string | number)[] {
  const inputType = typeFromAST(schema, type);
  const misfits: (readonly (string | number)[])[] = [];
  if (isInputType(inputType) && value !== undefined) coerceInputValue(value, inputType, (path) => void misfits.push(path));
  return misfits[0] ?? [];
}

/** The argument, and the input fields below it, that hold the first node that is wanted; null when none does. */
function findArgument(document: DocumentNode, isWanted: (node: ASTNode) => boolean): string[] | null {
  let found: string[] | null = null;
  const path: string[] = [];
  const isNamed = (node: ASTNode): node is ArgumentNode | ObjectFieldNode => node.kind === Kind.ARGUMENT || node.kind === Kind.OBJECT_FIELD;
  visit(document, {
    enter(node) {
      if (isNamed(node)) path.push(node.name.value);
      if (path.length > 0 && isWanted(node)) found ??= [...path];
    },
    leave(node) {
      if (isNamed(node)) path.pop();
    },
  });
  return found;
}
