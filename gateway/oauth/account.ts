import { findAt } from "./path.ts";
import type { OAuthProvider } from "./provider.ts";

/** Whose account at the provider it is. `id` is the provider's, stable and unique there; `label` is for people to read. */
export interface Account {
  readonly id: string | null;
  readonly label: string | null;
}

/** Longest id or label kept, in characters; a longer one counts as absent. */
const MAX_ACCOUNT_TEXT = 320;

/** The account in a userinfo answer or in ID token claims, by the provider's declared paths; null when neither id nor label is there. */
export function accountFromClaims(provider: OAuthProvider, claims: unknown): Account | null {
  const id = findText(claims, provider.accountIdPaths);
  const label = findText(claims, provider.accountLabelPaths);
  return id === null && label === null ? null : { id, label };
}

function findText(claims: unknown, paths: readonly string[]): string | null {
  for (const path of paths) {
    const text = toText(findAt(claims, path));
    if (text !== null) return text;
  }
  return null;
}

function toText(value: unknown): string | null {
  if (typeof value === "number") return Number.isFinite(value) ? String(value) : null;
  if (typeof value !== "string") return null;
  const text = value.replaceAll(/\p{C}+/gu, " ").trim();
  return text === "" || text.length > MAX_ACCOUNT_TEXT ? null : text;
}
