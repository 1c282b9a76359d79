import { badUserInput } from "../../schema/errors.ts";
import type { ParsedFacts } from "./format.ts";
import { defaultKindOf } from "./provider.ts";

/** A kind of token of a connector, and the scopes that are asked for it. */
export interface TokenKindConfig {
  /** Null where the provider has one kind, without a name. */
  kind: string | null;
  scopes: string[];
  /** What users may be asked for: `scopes`, and what the operator allows besides. */
  allowedScopes: readonly string[];
}

/** A connector's kinds of token, the default first. */
export type TokenKinds = readonly [TokenKindConfig, ...TokenKindConfig[]];

/** What is asked for where a kind is named, and no scopes: those of the connector, or where it has none all that it allows. */
export const scopesOfKind = ({ scopes, allowedScopes }: TokenKindConfig): readonly string[] => (scopes.length > 0 ? scopes : allowedScopes);

/** Scopes as a connector states them: of the default kind, or by kind. */
export type WrittenScopes = readonly string[] | Readonly<Record<string, readonly string[]>>;

export interface WrittenKinds {
  facts: Pick<ParsedFacts, "tokens"> | null;
  /** Undefined: `usual`. */
  scopes: WrittenScopes | undefined;
  allowedScopes: WrittenScopes;
  /** What is asked of the default kind where nothing is stated. */
  usual: readonly string[];
}

const isList = (scopes: WrittenScopes): scopes is readonly string[] => Array.isArray(scopes);

/** The scopes that are stated of a kind; undefined where none are. */
function scopesOf(scopes: WrittenScopes, kind: string | null, defaultKind: string | null): readonly string[] | undefined {
  if (isList(scopes)) return kind === defaultKind ? scopes : undefined;
  return kind !== null && Object.hasOwn(scopes, kind) ? scopes[kind] : undefined;
}

/**
 * The kinds of token that a connector has: those whose scopes it states, and those that the provider gives unasked. The provider's default is
 * the connector's, unless the connector asks for no token of it.
 */
export function tokenKindsOf({ facts, scopes, allowedScopes, usual }: WrittenKinds): TokenKinds {
  const defaultKind = facts && defaultKindOf(facts);
  const further = Object.keys(facts?.tokens ?? {}).filter((name) => name !== defaultKind);
  const askedOf = (kind: string | null) => scopesOf(scopes ?? usual, kind, defaultKind);
  const allowedOf = (kind: string | null) => scopesOf(allowedScopes, kind, defaultKind) ?? [];
  const isGivenUnasked = (kind: string | null) => kind !== defaultKind && kind !== null && facts?.tokens[kind]?.scope_param === undefined;
  const toConfig = (kind: string | null): TokenKindConfig => {
    const asked = askedOf(kind) ?? [];
    return { kind, scopes: [...asked], allowedScopes: [...new Set([...asked, ...allowedOf(kind)])] };
  };
  const kinds = [defaultKind, ...further].filter(
    (kind) => askedOf(kind) !== undefined || allowedOf(kind).length > 0 || isGivenUnasked(kind),
  );
  const first = kinds.find((kind) => askedOf(kind) !== undefined) ?? defaultKind;
  return [toConfig(first), ...kinds.filter((kind) => kind !== first).map(toConfig)];
}

/** What is wrong with the scopes that a connector states by kind, beside the key that states it. */
export function wrongKindsIn(facts: Pick<ParsedFacts, "tokens"> | null, scopes: WrittenScopes): [path: string[], message: string][] {
  if (isList(scopes)) return [];
  const defaultKind = facts && defaultKindOf(facts);
  if (defaultKind === null) return [[[], "must be a list: the provider has one kind of token"]];
  return Object.keys(scopes).flatMap((kind): [string[], string][] => {
    const known = facts && Object.hasOwn(facts.tokens, kind) ? facts.tokens[kind] : undefined;
    if (known === undefined)
      return [[[kind], `is not a kind of token of the provider: it has ${Object.keys(facts?.tokens ?? {}).join(", ")}`]];
    const isAskable = kind === defaultKind || known.scope_param !== undefined;
    return isAskable ? [] : [[[kind], "is always given: the provider has no parameter for its scopes"]];
  });
}

/** The kind of token that a caller names; undefined is the default. Throws BAD_USER_INPUT that names the kinds there are. */
export function getTokenKind({ name, tokenKinds }: { name: string; tokenKinds: TokenKinds }, kind: string | undefined): TokenKindConfig {
  if (kind === undefined) return tokenKinds[0];
  const found = tokenKinds.find((each) => each.kind === kind);
  if (found) return found;
  const known = tokenKinds.flatMap((each) => each.kind ?? []);
  const message =
    known.length > 0 ? `${name} has tokens of these kinds: ${known.join(", ")}.` : `${name} has one kind of token: leave it out.`;
  throw badUserInput(`kind: ${message}`, "kind");
}
