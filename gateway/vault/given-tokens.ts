import { LRUCache } from "lru-cache";

/** What the memory of given tokens may take: 8 MiB. */
export const GIVEN_TOKENS_BYTES = 8_388_608;
/** Tokens that are remembered of one user. One who was given more may have been given any. */
const MAXIMUM_PER_USER = 64;
/** What a user and a fingerprint take, measured on V8. */
const BYTES_PER_USER = 400;
const BYTES_PER_TOKEN = 100;

/** Which tokens each user was given by this process. Only fingerprints are kept, in memory. */
export interface GivenTokens {
  /** Whether the user asks again for a token: it was given to them here, or may have been without this process knowing it. */
  has(userId: string, fingerprint: string, issuedAt: number): boolean;
  add(userId: string, fingerprint: string): void;
}

export interface GivenTokensOptions {
  /** Whether other processes may have given tokens to a user. */
  isShared: boolean;
  /** When this process started, in milliseconds: tokens that were issued before may have been given then. */
  startedAt: number;
}

export function createGivenTokens({ isShared, startedAt }: GivenTokensOptions, maximumBytes = GIVEN_TOKENS_BYTES): GivenTokens {
  let isComplete = !isShared;
  const users = new LRUCache<string, ReadonlySet<string>>({
    maxSize: maximumBytes,
    sizeCalculation: ({ size }) => BYTES_PER_USER + size * BYTES_PER_TOKEN,
    dispose: (_tokens, _userId, reason) => void (isComplete &&= reason !== "evict"),
  });
  return {
    has(userId, fingerprint, issuedAt) {
      const given = users.get(userId);
      return !isComplete || issuedAt < startedAt || given?.has(fingerprint) === true || given?.size === MAXIMUM_PER_USER;
    },
    add(userId, fingerprint) {
      const given = users.get(userId) ?? new Set();
      if (given.has(fingerprint)) return;
      if (given.size < MAXIMUM_PER_USER) users.set(userId, new Set([...given, fingerprint]));
    },
  };
}
