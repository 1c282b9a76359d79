import { parse } from "lossless-json";
import { z } from "zod";

const integer = /^-?\d+$/;

/** An integer that a number would round stays the text that it was: it is an id. */
const parseNumber = (text: string): number | string => (integer.test(text) && !Number.isSafeInteger(Number(text)) ? text : Number(text));

/**
 * Parses what a provider sent. Integers beyond 2^53 come as text, digit by digit; of members with one name the last counts, as with
 * `JSON.parse`. Throws `SyntaxError`.
 */
export function parseJson(text: string): unknown {
  try {
    return parse(text, null, { parseNumber, onDuplicateKey: ({ newValue }) => newValue });
  } catch {
    // Also for what is nested too deep for a parser that recurs.
    return JSON.parse(text);
  }
}

const object = z.record(z.string(), z.unknown());

/** A JSON object, else null: arrays, texts, numbers and null are none. */
export function findObject(value: unknown): Record<string, unknown> | null {
  const parsed = object.safeParse(value);
  return parsed.success ? parsed.data : null;
}

/** The JSON object that a provider sent as a text; null where it is none. */
export function safeParseObject(text: string): Record<string, unknown> | null {
  try {
    return findObject(parseJson(text));
  } catch {
    return null;
  }
}
