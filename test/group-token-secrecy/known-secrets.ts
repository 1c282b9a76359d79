import { randomBytes } from "node:crypto";
import type { AuthorizationServer } from "../support/authorization-server.ts";

/** The secrets of groups, which no answer to a user may hold, and those of users who are in no group. */
export interface KnownSecrets {
  /** A new API key, remembered as a group's or as a user's own. */
  createKey(isGroups: boolean): string;
  /** Remembers what the provider issues meanwhile as a user's own, with every later refresh of it. */
  issueOwn<Result>(issue: () => Promise<Result>): Promise<Result>;
  ofGroups(): string[];
  /** Whether a text holds a group's secret, in any spelling that could pass unnoticed. */
  leaks(text: string): boolean;
  isOwn(token: unknown): boolean;
}

export function createKnownSecrets(provider: AuthorizationServer): KnownSecrets {
  const typed = new Set<string>();
  const own = new Set<string>();
  const ownGrants = new Set<object>();
  const isOwn = (secret: string): boolean => {
    const grant = provider.grantOf(secret);
    return own.has(secret) || (grant !== undefined && ownGrants.has(grant));
  };
  const ofGroups = (): string[] => [
    ...[...provider.issuedSecrets].filter((secret) => !isOwn(secret) && secret !== provider.client.clientSecret),
    ...typed,
  ];
  return {
    ofGroups,
    createKey(isGroups) {
      const key = `key_${randomBytes(32).toString("base64url")}`;
      (isGroups ? typed : own).add(key);
      return key;
    },
    async issueOwn(issue) {
      const before = new Set(provider.issuedSecrets);
      const result = await issue();
      for (const secret of [...provider.issuedSecrets].filter((secret) => !before.has(secret))) {
        own.add(secret);
        const grant = provider.grantOf(secret);
        if (grant) ownGrants.add(grant);
      }
      return result;
    },
    leaks: (text) => mayLeak(text) && ofGroups().some((secret) => spellingsOf(secret).some((spelling) => text.includes(spelling))),
    isOwn: (token) => typeof token === "string" && isOwn(token),
  };
}

/** A secret that begins otherwise is not searched for. */
export const isSearched = (secret: string): boolean => beginnings.some((head) => secret.startsWith(head));

const encodings = [
  (text: string) => text,
  (text: string) => encodeURIComponent(text),
  (text: string) => Buffer.from(text).toString("base64").replace(/=+$/, ""),
  (text: string) => Buffer.from(text).toString("hex"),
];
const spellingsOf = (secret: string): string[] => encodings.map((encode) => encode(secret));

/** How every secret here begins, in each spelling (of base64 whole triples): most texts need no closer look. */
const beginnings = ["access_", "refresh_", "code_", "key_"];
const heads = beginnings.flatMap((head) => [head, ...spellingsOf(head.slice(0, Math.floor(head.length / 3) * 3)).slice(2)]);
const mayLeak = (text: string): boolean => heads.some((head) => text.includes(head));
