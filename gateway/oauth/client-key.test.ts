import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { describe, expect, it } from "vitest";
import { PrivateKeyError } from "./assertion.ts";
import { parseClientKey } from "./client-key.ts";

const rsa = generateKeyPairSync("rsa", { modulusLength: 2_048 }).privateKey;
const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
const pemOf = (key: KeyObject, type: "pkcs8" | "pkcs1" | "sec1" = "pkcs8") => key.export({ type, format: "pem" }).toString();

const messageOf = (text: string, options?: Parameters<typeof parseClientKey>[1]): string => {
  try {
    parseClientKey(text, options);
  } catch (error) {
    if (error instanceof PrivateKeyError) return error.message;
    throw error;
  }
  throw new Error("The key was taken.");
};

describe("a client's private key", () => {
  it.each([
    ["PKCS #8 in PEM", pemOf(rsa), "RS256"],
    ["PKCS #1 in PEM", pemOf(rsa, "pkcs1"), "RS256"],
    ["SEC 1 in PEM", pemOf(ec.privateKey, "sec1"), "ES256"],
    ["PEM whose line breaks are spaces", pemOf(rsa).replaceAll("\n", " "), "RS256"],
    [String.raw`PEM whose line breaks are written as \n`, pemOf(rsa).replaceAll("\n", String.raw`\n`), "RS256"],
    ["a JWK", JSON.stringify(ec.privateKey.export({ format: "jwk" })), "ES256"],
    ["a JWK that says its algorithm", JSON.stringify({ ...rsa.export({ format: "jwk" }), alg: "PS384" }), "PS384"],
    ["Ed25519", pemOf(generateKeyPairSync("ed25519").privateKey), "EdDSA"],
    ["P-384", pemOf(generateKeyPairSync("ec", { namedCurve: "P-384" }).privateKey), "ES384"],
    ["P-521", pemOf(generateKeyPairSync("ec", { namedCurve: "P-521" }).privateKey), "ES512"],
  ])("is read as %s", async (_name, text, alg) => {
    const key = parseClientKey(text);
    expect(key.alg).toBe(alg);
    expect((await key.load()).usages).toEqual(["sign"]);
  });

  it("has the id of its JWK, or the one that is stated", () => {
    const jwk = JSON.stringify({ ...ec.privateKey.export({ format: "jwk" }), kid: "of-the-jwk" });
    expect(parseClientKey(jwk).kid).toBe("of-the-jwk");
    expect(parseClientKey(jwk, { kid: "stated" }).kid).toBe("stated");
    expect(parseClientKey(pemOf(rsa)).kid).toBeNull();
  });

  const encrypted = rsa.export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "planted" }).toString();
  const short = generateKeyPairSync("rsa", { modulusLength: 1_024 }).privateKey;
  it.each([
    ["nothing that is a key", "planted-secret", undefined, "must be a private key: PKCS #8 in PEM, or a JWK"],
    ["PEM that is cut", pemOf(rsa).replace(/\n.{64}\n/, "\n"), undefined, "must be a private key: PKCS #8 in PEM, or a JWK"],
    ["a JWK that is cut", JSON.stringify({ kty: "RSA", d: "AQAB" }), undefined, "must be a private key: PKCS #8 in PEM, or a JWK"],
    ["an encrypted key", encrypted, undefined, "is encrypted: remove its passphrase"],
    [
      "a public key",
      ec.publicKey.export({ type: "spki", format: "pem" }).toString(),
      undefined,
      "is a public key: the private one is needed",
    ],
    ["a public JWK", JSON.stringify(ec.publicKey.export({ format: "jwk" })), undefined, "is a public key: the private one is needed"],
    ["a short key", pemOf(short), undefined, "is an RSA key of 1024 bits: it must have at least 2048"],
    ["a key for X25519", pemOf(generateKeyPairSync("x25519").privateKey), undefined, "is of a type that no supported algorithm uses"],
    ["another algorithm", pemOf(ec.privateKey), { alg: "RS256" } as const, "cannot sign with RS256, only with ES256"],
  ])("is refused as %s", (_name, text, options, message) => {
    expect(messageOf(text, options)).toBe(message);
  });
});
