import { parse } from "lossless-json";

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
