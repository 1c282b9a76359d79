import type { z } from "zod";

const typeNames: Record<string, string> = {
  string: "a string",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "an object",
  record: "an object",
};

/** `a`, `a or b`, `a, b or c`. */
export const listWords = (words: readonly string[], last: "and" | "or"): string =>
  words.length < 2 ? words.join() : `${words.slice(0, -1).join(", ")} ${last} ${words.at(-1)}`;

/** What a schema without words of its own says of a value that it refuses: the end of a sentence that begins with the value's name. */
export const sayIssue: z.core.$ZodErrorMap = (issue) => {
  switch (issue.code) {
    case "invalid_type":
      return issue.input === undefined ? "is required" : `must be ${typeNames[issue.expected] ?? `a ${issue.expected}`}`;
    case "invalid_value":
      return `must be ${listWords(issue.values.map(String), "or")}`;
    case "invalid_format":
      return issue.format === "datetime" ? "must be a time such as 2026-01-31T12:00:00Z" : "has the wrong format";
    case "unrecognized_keys":
      return "is not a known field";
    case "too_small":
      return issue.minimum === 1 && issue.origin !== "number" ? "must not be empty" : `must be at least ${issue.minimum}`;
    case "too_big":
      return `must have at most ${issue.maximum} ${issue.origin === "string" ? "characters" : "entries"}`;
    default:
      return "is not valid";
  }
};
