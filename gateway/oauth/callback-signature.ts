import { createHmac, timingSafeEqual } from "node:crypto";

/** Beside the signature itself, what is not signed: the one that Shopify has had before it. */
const UNSIGNED_PARAMETER = "signature";

/**
 * Whether a callback's parameter `name` is the HMAC-SHA256 of the others with the client secret, in hexadecimal: of `name=value`, form-encoded
 * and joined by `&` in the order of their names. False where a parameter comes twice. Takes the same time for every wrong signature.
 */
export function isSigned(callback: URLSearchParams, name: string, secret: string): boolean {
  const names = [...callback.keys()];
  if (new Set(names).size !== names.length) return false;
  const signed = new URLSearchParams([...callback].filter(([each]) => each !== name && each !== UNSIGNED_PARAMETER));
  signed.sort();
  const expected = createHmac("sha256", secret).update(signed.toString().replaceAll("+", "%20")).digest("hex");
  const given = Buffer.from(callback.get(name) ?? "");
  return given.length === expected.length && timingSafeEqual(given, Buffer.from(expected));
}
