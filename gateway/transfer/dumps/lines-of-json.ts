import { safeParseJson } from "../../runtime/json.ts";
import { createLineOpener, isSealedLine } from "../recipient.ts";
import { type Read, type ReadLine, unreadable } from "./read.ts";

/**
 * Reads lines of JSON, and those that `export` has sealed.
 * @param key the private key that opens sealed ones. Undefined: they are refused. Throws `RecipientKeyError`.
 */
export function createJsonReader(key?: string): ReadLine {
  const open = key === undefined ? null : createLineOpener(key);
  return async (text) => {
    if (!isSealedLine(text)) return readJson(text);
    if (!open) return unreadable("The line is sealed: set XKIT_IMPORT_KEY to the private key that it was sealed to.");
    const opened = await open(text);
    return opened === null ? unreadable("The line does not open with XKIT_IMPORT_KEY.") : readJson(opened);
  };
}

/** A line of JSON. */
export function readJson(text: string): Read {
  const data = safeParseJson(text);
  return data === undefined ? unreadable("The line is no JSON.") : { ok: true, data };
}
