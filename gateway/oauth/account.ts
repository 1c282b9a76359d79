import type { OAuthProvider } from "./provider.ts";
import type { StatedValues } from "./stated-values.ts";

/** Whose account at the provider it is. `id` is the provider's, stable and unique there; `label` is for people to read. */
export interface Account {
  /** With the realm that it is unique in, as `acme/5`, where the provider has realms. */
  readonly id: string | null;
  readonly label: string | null;
  /** The path that held the id; null where there is none. */
  readonly idPath: string | null;
  /** The id at the path by which the account was known before; null: the answer holds none there, or no account is known. */
  readonly idAtKnownPath: string | null;
}

type AccountFacts = Pick<OAuthProvider, "accountIdPaths" | "accountRealm" | "accountLabelPaths">;

/** Longest id or label kept, in characters; a longer one counts as absent. */
const MAX_ACCOUNT_TEXT = 320;

/** Stands between the sources of an id's parts. */
const PATH_SEPARATOR = " + ";

/**
 * How the path of an id is stored beside it. Userinfo and the ID token state the same claims (OpenID Connect Core section 5.3.2), so that
 * a path has one name in both.
 */
const nameOf = (source: string): string => source.replace(/^(?:userinfo|id_token):/, "");

/** The sources that name an account together: those of its realm, and its id's. */
const partsOf = ({ accountRealm }: Pick<AccountFacts, "accountRealm">, source: string): string[] => [
  ...(accountRealm ?? []).filter((part) => part !== source),
  source,
];

const pathOf = (parts: readonly string[]): string => parts.map(nameOf).join(PATH_SEPARATOR);

/** The paths by which a provider's accounts are known, as they are stored. */
export const idPathsOf = (provider: Pick<AccountFacts, "accountIdPaths" | "accountRealm">): string[] =>
  provider.accountIdPaths.map((source) => pathOf(partsOf(provider, source)));

/** What a stored path is made of, to read an answer at it again. */
export const sourcesOfPath = (path: string): string[] => path.split(PATH_SEPARATOR);

/**
 * The account that the provider's declared sources name; null when neither id nor label is stated.
 * `knownIdPath`: the path by which the account was known before.
 */
export function accountOf(provider: AccountFacts, stated: StatedValues, knownIdPath: string | null = null): Account | null {
  const textAt = (source: string): string | null => {
    const text = stated[source];
    return text === undefined || text.length > MAX_ACCOUNT_TEXT ? null : text;
  };
  const idAt = (parts: readonly string[]) => joinId(parts.map(textAt));
  const find = (candidates: readonly (readonly string[])[]) => candidates.find((parts) => idAt(parts) !== null) ?? null;
  const idParts = find(provider.accountIdPaths.map((source) => partsOf(provider, source)));
  const label = provider.accountLabelPaths.map(textAt).find((text) => text !== null) ?? null;
  if (idParts === null && label === null) return null;
  const knownParts = knownIdPath === null ? null : find(readingsOf(provider, knownIdPath));
  return {
    id: idParts && idAt(idParts),
    label,
    idPath: idParts && pathOf(idParts),
    idAtKnownPath: knownParts && idAt(knownParts),
  };
}

/** The declared sources that a stored path stands for, and the path as it is. */
function readingsOf({ accountIdPaths, accountRealm }: AccountFacts, path: string): string[][] {
  const parts = sourcesOfPath(path);
  const declared = [...accountIdPaths, ...(accountRealm ?? [])];
  const variants = parts.map((part) => [...declared.filter((source) => nameOf(source) === part), part]);
  return variants.reduce<string[][]>((all, sources) => all.flatMap((before) => sources.map((source) => [...before, source])), [[]]);
}

/** An id is as it is stated. Where a realm is beside it, no two of both make the same text. Realms are hosts, whose case does not matter. */
function joinId(values: readonly (string | null)[]): string | null {
  const stated = values.filter((value) => value !== null);
  const id = stated.pop();
  if (id === undefined || stated.length + 1 < values.length) return null;
  return stated.length === 0 ? id : [...stated.map((part) => part.toLowerCase()), id].map(encodeURIComponent).join("/");
}
