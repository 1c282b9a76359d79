import type { Connection } from "../api/types.ts";

/** What a link to this page asks the user to allow: `?scopes=`, with spaces, of the connection that `?id=` names, or of any, and of `?kind=`. */
const parameters = ["scopes", "kind", "id"] as const;

/** The kind of token that the link to this page asks for. `search` is the query of the catalog's own address, as below. */
export const readKind = (search: string): string | null => new URLSearchParams(search).get("kind");

/** The scopes that the link to this page asks for and the connection does not have. The gateway judges them when connecting starts. */
export function readAsked(search: string, { id, authorization }: Connection): string[] {
  const searchParams = new URLSearchParams(search);
  const named = searchParams.get("id");
  if (named !== null && named !== id) return [];
  const asked = searchParams.get("scopes")?.split(" ").filter(Boolean) ?? [];
  // A connection names the scopes of its default kind alone.
  return asked.filter((scope) => readKind(search) || !authorization?.scopes.includes(scope));
}

/** Where the user comes back to once it is allowed: a provider may call what it grants otherwise. */
export function pageWithoutAsked(): string {
  const url = new URL(location.href);
  for (const name of parameters) url.searchParams.delete(name);
  return url.href;
}
