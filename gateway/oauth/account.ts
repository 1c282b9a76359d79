import { findAt } from "./path.ts";
import type { OAuthProvider } from "./provider.ts";

/** Whose account at the provider it is. `id` is the provider's, stable and unique there; `label` is for people to read. */
export interface Account {
  readonly id: string | null;
  readonly label: string | null;
  /** The path that held the id; null where there is none. */
  readonly idPath: string | null;
  /** The id at the path by which the account was known before; null: the answer holds none there, or no account is known. */
  readonly idAtKnownPath: string | null;
}

/** Longest id or label kept, in characters; a longer one counts as absent. */
const MAX_ACCOUNT_TEXT = 320;

/**
 * The account in a userinfo answer or in ID token claims, by the provider's declared paths; null when neither id nor label is there.
 * `knownIdPath`: the path by which the account was known before.
 */
export function accountFromClaims(provider: OAuthProvider, claims: unknown, knownIdPath: string | null = null): Account | null {
  const textAt = (path: string) => toText(findAt(claims, path));
  const find = (paths: readonly string[]) => paths.find((path) => textAt(path) !== null) ?? null;
  const [idPath, labelPath] = [find(provider.accountIdPaths), find(provider.accountLabelPaths)];
  if (idPath === null && labelPath === null) return null;
  const [id, label, idAtKnownPath] = [idPath, labelPath, knownIdPath].map((path) => (path === null ? null : textAt(path)));
  return { id: id ?? null, label: label ?? null, idPath, idAtKnownPath: idAtKnownPath ?? null };
}

function toText(value: unknown): string | null {
  if (typeof value === "number") return Number.isFinite(value) ? String(value) : null;
  if (typeof value !== "string") return null;
  const text = value.replaceAll(/\p{C}+/gu, " ").trim();
  return text === "" || text.length > MAX_ACCOUNT_TEXT ? null : text;
}
