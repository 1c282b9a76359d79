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
    if (!open) return unreadable("The line is encrypted: set XKIT_IMPORT_KEY to the private key of its recipient.");
    const opened = await open(text);
    return opened === null ? unreadable("The line cannot be decrypted with XKIT_IMPORT_KEY.") : readJson(opened);
  };
}

/** A line of JSON. */
export function readJson(text: string): Read {
  const data = safeParseJson(text);
  return data === undefined ? unreadable("The line is not JSON.") : { ok: true, data };
}
