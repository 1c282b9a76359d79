import { createPrivateKey, type KeyObject } from "node:crypto";
import { importPKCS8 } from "jose";
import { PrivateKeyError } from "./assertion.ts";
import { safeParseObject } from "./json.ts";

/** The algorithms by which a client can sign (RFC 7518 section 3.1, RFC 8037 section 3.1). */
export const CLIENT_KEY_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"] as const;

export type ClientKeyAlgorithm = (typeof CLIENT_KEY_ALGORITHMS)[number];

/** The key by which a client proves itself (RFC 7523 section 2.2). It shows nothing of the private key. */
export interface ClientKey {
  readonly alg: ClientKeyAlgorithm;
  /** By which of the client's registered keys the provider verifies it. Null: it is not said. */
  readonly kid: string | null;
  /** The key itself, imported at its first use. */
  readonly load: () => Promise<CryptoKey>;
}

export interface ClientKeyOptions {
  /** Default: the JWK's. */
  readonly kid?: string | undefined;
  /** Default: the JWK's, else RS256, the curve's, or EdDSA. */
  readonly alg?: ClientKeyAlgorithm | undefined;
}

/** RFC 7518 section 3.3. */
const LEAST_RSA_BITS = 2_048;

const UNREADABLE = "must be a private key: PKCS #8 in PEM, or a JWK";

/**
 * Reads a private key: PKCS #8, PKCS #1 or SEC 1 in PEM, or a JWK (RFC 7517) as text. Line breaks may be spaces, or written as `\n`.
 * Throws `PrivateKeyError`, whose message says what is wrong and holds nothing of the key.
 */
export function parseClientKey(text: string, options: ClientKeyOptions = {}): ClientKey {
  const jwk = safeParseObject(text);
  const key = jwk === null ? readPem(text) : readJwk(jwk);
  const algorithms = algorithmsOf(key);
  const alg = options.alg ?? findAlgorithm(jwk?.["alg"]) ?? algorithms[0];
  if (alg === undefined) throw new PrivateKeyError("is of a type that no supported algorithm uses");
  if (!algorithms.includes(alg)) throw new PrivateKeyError(`cannot sign with ${alg}, only with ${algorithms.join(", ")}`);
  const kid = options.kid ?? (typeof jwk?.["kid"] === "string" ? jwk["kid"] : null);
  let loading: Promise<CryptoKey> | null = null;
  return { alg, kid, load: () => (loading ??= importPKCS8(key.export({ type: "pkcs8", format: "pem" }).toString(), alg)) };
}

const pem = /-----BEGIN (?<kind>[A-Z0-9 ]+)-----(?<body>[^-]*)-----END \k<kind>-----/;
const derTypes: Readonly<Record<string, "pkcs8" | "pkcs1" | "sec1">> = {
  "PRIVATE KEY": "pkcs8",
  "RSA PRIVATE KEY": "pkcs1",
  "EC PRIVATE KEY": "sec1",
};

function readPem(text: string): KeyObject {
  const { kind = "", body = "" } = pem.exec(text.replaceAll(String.raw`\n`, "\n"))?.groups ?? {};
  if (kind.startsWith("ENCRYPTED") || body.includes("ENCRYPTED")) throw new PrivateKeyError("is encrypted: remove its passphrase");
  if (kind.endsWith("PUBLIC KEY")) throw new PrivateKeyError("is a public key: the private one is needed");
  const type = Object.hasOwn(derTypes, kind) ? derTypes[kind] : undefined;
  if (type === undefined) throw new PrivateKeyError(UNREADABLE);
  return read(() => createPrivateKey({ key: Buffer.from(body.replaceAll(/\s+/g, ""), "base64"), format: "der", type }));
}

function readJwk(jwk: Record<string, unknown>): KeyObject {
  if (typeof jwk["kty"] === "string" && jwk["d"] === undefined) throw new PrivateKeyError("is a public key: the private one is needed");
  return read(() => createPrivateKey({ key: jwk, format: "jwk" }));
}

/** The parser's own message may quote the key. */
function read(parse: () => KeyObject): KeyObject {
  try {
    return parse();
  } catch {
    throw new PrivateKeyError(UNREADABLE);
  }
}

const byCurve: Readonly<Record<string, ClientKeyAlgorithm>> = { prime256v1: "ES256", secp384r1: "ES384", secp521r1: "ES512" };

/** Those that a key can sign by, the usual one first. Throws `PrivateKeyError` for a key that is too short. */
function algorithmsOf({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): ClientKeyAlgorithm[] {
  if (type === "ed25519") return ["EdDSA"];
  if (type === "ec") return [byCurve[details?.namedCurve ?? ""]].filter((alg) => alg !== undefined);
  if (type !== "rsa") return [];
  const bits = details?.modulusLength ?? 0;
  if (bits < LEAST_RSA_BITS) throw new PrivateKeyError(`is an RSA key of ${bits} bits: it must have at least ${LEAST_RSA_BITS}`);
  return ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"];
}

const findAlgorithm = (alg: unknown): ClientKeyAlgorithm | undefined => CLIENT_KEY_ALGORITHMS.find((known) => known === alg);
