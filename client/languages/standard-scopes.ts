/** Scopes of OpenID Connect Core 1.0, sections 5.4 and 11, which providers do not describe: their texts are ours, in each language. */
const STANDARD_SCOPES = ["openid", "profile", "email", "address", "phone", "offline_access"] as const;
export type StandardScope = (typeof STANDARD_SCOPES)[number];

const names: ReadonlySet<string> = new Set(STANDARD_SCOPES);
export const isStandardScope = (scope: string): scope is StandardScope => names.has(scope);
