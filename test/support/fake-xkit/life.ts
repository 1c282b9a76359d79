import { createHash } from "node:crypto";
import type { Tokens } from "./state.ts";

const MARGIN_SECONDS = 60;
const MARGIN_SHARE = 1 / 10;

/** Contract, "Tokens". */
export const fingerprintOf = (token: string): string => createHash("sha256").update(token).digest().subarray(0, 16).toString("base64url");

const lifeOf = ({ issuedAt, expiresAt }: Tokens): number | null => (expiresAt === null ? null : (expiresAt - issuedAt) / 1000);
const leftOf = ({ expiresAt }: Tokens, now: number): number => (expiresAt === null ? 0 : (expiresAt - now) / 1000);
const marginOf = (life: number): number => Math.min(MARGIN_SECONDS, life * MARGIN_SHARE);

/** What is needed by default is the margin. Nothing can be promised of a life that is not stated. */
export function hasLife(tokens: Tokens, minimumTtl: number | null, now: number): boolean {
  const life = lifeOf(tokens);
  if (life === null) return !minimumTtl;
  const left = leftOf(tokens, now);
  return left > 0 && left >= (minimumTtl ?? marginOf(life));
}

/** The largest possible `minimumTtl`, in seconds. */
export function maximumTtlOf(tokens: Tokens, now: number): number {
  const life = lifeOf(tokens);
  if (life === null) return 0;
  return Math.floor(tokens.refreshToken === null ? leftOf(tokens, now) : life - marginOf(life));
}

/** It has expired, and there is nothing to refresh it with. */
export const isOver = ({ refreshToken, expiresAt }: Tokens, now: number): boolean =>
  refreshToken === null && expiresAt !== null && expiresAt <= now;
