/** What a text says as JSON; undefined where it is none. */
export function safeParseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Where a text stops being JSON, as an index; its length where it ends too early. Null where that is not known. */
export function findJsonFault(text: string): number | null {
  const message = parserMessageOf(text);
  if (isUnexpectedToken(message)) return findUnexpectedToken(text);
  if (message === "Unexpected end of JSON input") return text.length;
  const [, position] = / JSON at position (\d+)/.exec(message) ?? [];
  return position === undefined ? null : Number(position);
}

/** V8 says no position for these. The beginnings of the text that have the token are refused for it, and the shorter ones are not. */
function findUnexpectedToken(text: string): number {
  let [without, including] = [0, text.length];
  while (including - without > 1) {
    const middle = Math.floor((without + including) / 2);
    if (isUnexpectedToken(parserMessageOf(text.slice(0, middle)))) including = middle;
    else without = middle;
  }
  return without;
}

const isUnexpectedToken = (message: string): boolean => message.startsWith("Unexpected token ");

/** It can quote the text. */
function parserMessageOf(text: string): string {
  try {
    JSON.parse(text);
    return "";
  } catch (error) {
    return error instanceof Error ? error.message : "";
  }
}
