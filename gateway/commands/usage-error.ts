/** Wrong use of the command line. Exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** A command was right and failed all the same: what it names is not in the store, or its work did not succeed. Exit code 1. */
export class CommandError extends Error {
  override readonly name = "CommandError";
}

type Parsed<Value extends string> = { success: true; data: Value } | { success: false; error: { issues: { message: string }[] } };

/** An argument as its schema has parsed it. Throws `UsageError` that names it. */
export function requireArgument<Value extends string>(name: string, result: Parsed<Value>): Value {
  if (result.success) return result.data;
  throw new UsageError(`${name} ${result.error.issues[0]?.message ?? "is not valid"}.`);
}
