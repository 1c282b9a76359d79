import { createCipheriv, createDecipheriv, hash, randomBytes } from "node:crypto";

/** AES-256-GCM (NIST SP 800-38D): 32-byte key, 12-byte nonce, 16-byte tag. */
const ALGORITHM = "aes-256-gcm";
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const VERSION = "s1";

export interface SealingKey {
  /** Letters, digits, `-` and `_`. */
  id: string;
  secret: Buffer;
}

/** Seals secrets for the store. A failed opening throws; nothing is ever guessed. */
export interface Sealer {
  /** Text to an envelope that names its key. `context` (owner, row, column) is bound in and must be the same at opening. */
  seal(text: string, context: string): string;
  /** Throws `SealError` for an unknown key, a changed envelope or another context. */
  open(envelope: string, context: string): string;
  /** The ring: the first key seals. */
  readonly keyIds: readonly string[];
}

/** An envelope could not be opened. Names the key, never the content. */
export class SealError extends Error {
  override readonly name = "SealError";
}

/**
 * Creates a sealer from a key ring: the first key seals, every key opens.
 * Throws `TypeError` for an empty ring, a repeated id or a key that is not 32 bytes.
 */
export function createSealer(keys: readonly SealingKey[]): Sealer {
  const [current] = keys;
  if (!current) throw new TypeError("createSealer needs at least one key.");
  const ring = new Map(keys.map((key) => [key.id, key.secret]));
  if (ring.size !== keys.length) throw new TypeError("createSealer needs distinct key ids.");
  for (const { id, secret } of keys) {
    if (secret.length !== KEY_BYTES) throw new TypeError(`Sealing key ${id} must be ${KEY_BYTES} bytes, not ${secret.length}.`);
  }

  return {
    seal(text, context) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv(ALGORITHM, current.secret, nonce, { authTagLength: TAG_BYTES });
      cipher.setAAD(Buffer.from(context));
      const sealed = Buffer.concat([nonce, cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]);
      return `${VERSION}.${current.id}.${sealed.toString("base64url")}`;
    },

    open(envelope, context) {
      const { keyId, body: sealed } = parseEnvelope(envelope, VERSION);
      if (sealed.length < NONCE_BYTES + TAG_BYTES) throw new SealError(NO_ENVELOPE);
      const secret = ring.get(keyId);
      if (!secret)
        throw new SealError(`A stored secret is sealed with the key "${keyId}", which XKIT_ENCRYPTION_KEYS does not have: add it.`);
      const decipher = createDecipheriv(ALGORITHM, secret, sealed.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
      decipher.setAAD(Buffer.from(context));
      decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
      try {
        return decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES), undefined, "utf8") + decipher.final("utf8");
      } catch {
        throw new SealError(
          `A stored secret cannot be decrypted with the key "${keyId}": the key is another one, or the row was changed or moved.`,
        );
      }
    },

    keyIds: keys.map(({ id }) => id),
  };
}

/** A version, the id of a key, and bytes. Throws `SealError`. */
export function parseEnvelope(envelope: string, version: string): { keyId: string; body: Buffer } {
  const [actual, keyId, body = "", ...rest] = envelope.split(".");
  if (actual !== version || !keyId || rest.length > 0) throw new SealError(NO_ENVELOPE);
  return { keyId, body: Buffer.from(body, "base64url") };
}

/** The id of the key that an envelope was sealed with. Throws `SealError`. */
export const keyIdOf = (envelope: string): string => parseEnvelope(envelope, VERSION).keyId;

const NO_ENVELOPE = "A stored secret is not in this gateway's format.";

/** base64url SHA-256: how a random secret (state, session, API key) is kept when it must only be recognised. */
export const hashSecret = (secret: string): string => hash("sha256", secret, "base64url");

/** 32 random bytes as base64url: 43 characters. */
export const createSecret = (): string => randomBytes(32).toString("base64url");

/** A new sealing key as `id:base64`, as XKIT_ENCRYPTION_KEYS takes it. */
export const createSealingKey = (id: string): string => `${id}:${randomBytes(KEY_BYTES).toString("base64")}`;
