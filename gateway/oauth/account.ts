import type { OAuthProvider } from "./provider.ts";
import type { StatedValues } from "./stated-values.ts";

/** Whose account at the provider it is. `id` is the provider's, stable and unique there; `label` is for people to read. */
export interface Account {
  readonly id: string | null;
  readonly label: string | null;
  /** The path that held the id; null where there is none. */
  readonly idPath: string | null;
  /** The id at the path by which the account was known before; null: the answer holds none there, or no account is known. */
  readonly idAtKnownPath: string | null;
}

type AccountFacts = Pick<OAuthProvider, "accountIdPaths" | "accountLabelPaths">;

/** Longest id or label kept, in characters; a longer one counts as absent. */
const MAX_ACCOUNT_TEXT = 320;

/**
 * How the path of an id is stored beside it. Userinfo and the ID token state the same claims (OpenID Connect Core section 5.3.2), so that
 * a path has one name in both.
 */
export const idPathOf = (source: string): string => source.replace(/^(?:userinfo|id_token):/, "");

/**
 * The account that the provider's declared sources name; null when neither id nor label is stated.
 * `knownIdPath`: the path by which the account was known before.
 */
export function accountOf(provider: AccountFacts, stated: StatedValues, knownIdPath: string | null = null): Account | null {
  const textAt = (source: string): string | null => {
    const text = stated[source];
    return text === undefined || text.length > MAX_ACCOUNT_TEXT ? null : text;
  };
  const find = (sources: readonly string[]) => sources.find((source) => textAt(source) !== null) ?? null;
  const [idSource, labelSource] = [find(provider.accountIdPaths), find(provider.accountLabelPaths)];
  if (idSource === null && labelSource === null) return null;
  const knownSource = find(provider.accountIdPaths.filter((source) => idPathOf(source) === knownIdPath)) ?? knownIdPath;
  const [id, label, idAtKnownPath] = [idSource, labelSource, knownSource].map((source) => (source === null ? null : textAt(source)));
  return {
    id: id ?? null,
    label: label ?? null,
    idPath: idSource === null ? null : idPathOf(idSource),
    idAtKnownPath: idAtKnownPath ?? null,
  };
}
