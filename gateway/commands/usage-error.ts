/** Misuse of the command line. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

type Parsed<Value extends string> = { success: true; data: Value } | { success: false; error: { issues: { message: string }[] } };

/** An argument as its schema has parsed it. Throws `UsageError` that names it. */
export function requireArgument<Value extends string>(name: string, result: Parsed<Value>): Value {
  if (result.success) return result.data;
  throw new UsageError(`${name} ${result.error.issues[0]?.message ?? "is not valid"}.`);
}
