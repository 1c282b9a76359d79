import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { compactDecrypt, CompactEncrypt } from "jose";

/** How the key of each line is sealed (RFC 7518 section 4.1), by the type of the recipient's key, and how the line is (section 5.1). */
const RSA_ALGORITHM = "RSA-OAEP-256";
const ECDH_ALGORITHM = "ECDH-ES+A256KW";
const CONTENT_ENCRYPTION = "A256GCM";
/** Of an RSA key, in bits. */
const LEAST_RSA_BITS = 2_048;
/** A JWE in compact serialization (RFC 7516 section 3.1). */
const compactJwe = /^[\w-]+(?:\.[\w-]*){4}$/;

/** A key that nothing can be sealed to, or opened with. Says why, never the key. */
export class RecipientKeyError extends Error {
  override readonly name = "RecipientKeyError";
}

/** Seals lines, so that the recipient alone can read them: each as a JWE in compact serialization. */
export type SealLine = (text: string) => Promise<string>;

/** @param key a public key as PEM or JWK: X25519, EC, or RSA of 2048 bits or more. Throws `RecipientKeyError`. */
export function createLineSealer(key: string): SealLine {
  const publicKey = read(key, (parsed) => createPublicKey(parsed));
  const header = { alg: algorithmOf(publicKey), enc: CONTENT_ENCRYPTION };
  return (text) => new CompactEncrypt(new TextEncoder().encode(text)).setProtectedHeader(header).encrypt(publicKey);
}

export const isSealedLine = (text: string): boolean => compactJwe.test(text);

/** Opens a line; null where it does not open. @param key the private key as PEM or JWK. Throws `RecipientKeyError`. */
export function createLineOpener(key: string): (line: string) => Promise<string | null> {
  const privateKey = read(key, (parsed) => createPrivateKey(parsed));
  const rules = { keyManagementAlgorithms: [algorithmOf(privateKey)], contentEncryptionAlgorithms: [CONTENT_ENCRYPTION] };
  return async (line) => {
    try {
      const { plaintext } = await compactDecrypt(line, privateKey, rules);
      return new TextDecoder().decode(plaintext);
    } catch {
      return null;
    }
  };
}

type KeyInput = string | { key: Record<string, unknown>; format: "jwk" };

function read(text: string, parse: (input: KeyInput) => KeyObject): KeyObject {
  try {
    const trimmed = text.trim();
    return parse(trimmed.startsWith("{") ? { key: JSON.parse(trimmed), format: "jwk" } : trimmed);
  } catch {
    throw new RecipientKeyError("is not a readable key: use PEM or JWK");
  }
}

function algorithmOf({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): string {
  if (type === "x25519" || type === "ec") return ECDH_ALGORITHM;
  if (type === "rsa" && (details?.modulusLength ?? 0) >= LEAST_RSA_BITS) return RSA_ALGORITHM;
  throw new RecipientKeyError(`must be an X25519 or EC key, or an RSA key with at least ${LEAST_RSA_BITS} bits`);
}
