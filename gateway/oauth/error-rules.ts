import { findObject } from "./json.ts";
import { findAt } from "./path.ts";
import type { OAuthProvider } from "./provider.ts";
import type { ErrorRule } from "./provider-requests.ts";

/** The code of RFC 6749 (sections 4.1.2.1 and 5.2) that says what a rule means. */
const codes: Readonly<Record<ErrorRule["means"], string>> = {
  revoked: "invalid_grant",
  denied: "access_denied",
  misconfigured: "invalid_client",
  temporary: "temporarily_unavailable",
};

/** An answer with an error, and what it answers. */
export interface ErrorAnswer {
  readonly operation: Exclude<ErrorRule["on"], "any">;
  readonly status: number;
  /** The answer's members; of a callback its parameters. */
  readonly body: Readonly<Record<string, unknown>>;
}

/** The standard's code for an error of the provider's own, by the first of its rules that fits; null where none does. */
export function findDeclaredError({ errors }: Pick<OAuthProvider, "errors">, answer: ErrorAnswer): string | null {
  const rule = errors.find((each) => fits(each, answer));
  return rule === undefined ? null : codes[rule.means];
}

function fits({ on, status, path, match }: ErrorRule, answer: ErrorAnswer): boolean {
  if (on !== "any" && on !== answer.operation) return false;
  if (status !== undefined && status !== answer.status) return false;
  const values = path === undefined ? membersOf(answer.body) : [findAt(answer.body, path)];
  if (match === null) return path === undefined ? status !== undefined : values[0] !== undefined;
  return values.some((value) => isText(value) && match.includes(String(value)));
}

/** `{"status":"BAD_REFRESH_TOKEN"}`, `{"error":{"code":190}}`. */
const membersOf = (body: ErrorAnswer["body"]): unknown[] => [...Object.values(body), ...Object.values(findObject(body["error"]) ?? {})];

const isText = (value: unknown): value is string | number => typeof value === "string" || typeof value === "number";
