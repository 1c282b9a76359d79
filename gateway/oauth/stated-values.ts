import { findAt } from "./path.ts";

/** Values that came with a grant beside its tokens, by their sources: `token:team.id`. A source that states nothing is left out. */
export type StatedValues = Readonly<Record<string, string>>;

/** What can state a value: the token answer, the ID token's claims, a userinfo answer, the callback's parameters, the user's fields. */
export type Origin = "token" | "id_token" | "userinfo" | "callback" | "field";

/** Longest value that is read, in bytes. A longer one counts as absent. */
const MAXIMUM_VALUE_BYTES = 2_048;

/** Whether userinfo may state it. A source that names no origin is of userinfo or the ID token (OpenID Connect Core section 5.3.2). */
export const isOfUserInfo = (source: string): boolean => source.startsWith("userinfo:") || !source.includes(":");

const isClaim = (origin: Origin): boolean => origin === "userinfo" || origin === "id_token";

/** Where the source is found in an answer of this origin; null where it is of another. */
function pathIn(origin: Origin, source: string): string | null {
  if (source.startsWith(`${origin}:`)) return source.slice(origin.length + 1);
  return isClaim(origin) && !source.includes(":") ? source : null;
}

/** Reads those sources that an answer states: texts, numbers and booleans, never the whole answer. */
export function readStated(origin: Origin, answer: unknown, sources: readonly string[]): StatedValues {
  const stated: Record<string, string> = {};
  for (const source of sources) {
    const path = pathIn(origin, source);
    const text = path === null ? null : toText(findAt(answer, path));
    if (text !== null) stated[source] = text;
  }
  return stated;
}

/** A value that may be shown, as one line; null for one that is none, or longer than 2,048 bytes. */
export function toText(value: unknown): string | null {
  if (typeof value === "number") return Number.isFinite(value) ? String(value) : null;
  if (typeof value === "boolean") return String(value);
  if (typeof value !== "string") return null;
  const text = value.replaceAll(/\p{C}+/gu, " ").trim();
  return text === "" || Buffer.byteLength(text) > MAXIMUM_VALUE_BYTES ? null : text;
}
