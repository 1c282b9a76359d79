import { generateKeyPairSync, randomBytes, sign } from "node:crypto";

/** A key and a certificate that vouches for itself, as `node:https` takes them. */
export interface TestCertificate {
  key: string;
  cert: string;
}

const SEQUENCE = 0x30;
const SET = 0x31;
const ECDSA_WITH_SHA256 = Buffer.from("06082a8648ce3d040302", "hex");
const COMMON_NAME = Buffer.from("0603550403", "hex");
const SUBJECT_ALT_NAME = Buffer.from("0603551d11", "hex");
/** `[2]` in GeneralName is a DNS name (RFC 5280 section 4.2.1.6). */
const DNS_NAME = 0x82;

/** A self-signed certificate for a host name, good for a day (RFC 5280 section 4.1). */
export function createCertificate(host: string): TestCertificate {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const algorithm = der(SEQUENCE, ECDSA_WITH_SHA256);
  const name = der(SEQUENCE, der(SET, der(SEQUENCE, COMMON_NAME, der(0x0c, Buffer.from(host)))));
  const now = Date.now();
  const life = der(SEQUENCE, time(now - 3_600_000), time(now + 86_400_000));
  const alternative = der(SEQUENCE, SUBJECT_ALT_NAME, der(0x04, der(SEQUENCE, der(DNS_NAME, Buffer.from(host)))));
  const extensions = der(0xa3, der(SEQUENCE, alternative));
  const version = der(0xa0, der(0x02, Buffer.from([2])));
  const serial = der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)]));
  const spki = publicKey.export({ type: "spki", format: "der" });
  const body = der(SEQUENCE, version, serial, algorithm, name, life, name, spki, extensions);
  const signature = der(0x03, Buffer.from([0]), sign("sha256", body, privateKey));
  const certificate = der(SEQUENCE, body, algorithm, signature);
  return { key: String(privateKey.export({ type: "pkcs8", format: "pem" })), cert: toPem(certificate) };
}

/** Tag, length, content (X.690 section 8.1). */
function der(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  if (content.length < 0x80) return Buffer.concat([Buffer.from([tag, content.length]), content]);
  const length = Buffer.from(content.length.toString(16).padStart(content.length > 0xff ? 4 : 2, "0"), "hex");
  return Buffer.concat([Buffer.from([tag, 0x80 | length.length]), length, content]);
}

/** UTCTime, as `260131120000Z`. */
function time(instant: number): Buffer {
  const digits = new Date(instant).toISOString().replaceAll(/[-:T]|\.\d+/g, "");
  return der(0x17, Buffer.from(digits.slice(2)));
}

const toPem = (certificate: Buffer): string =>
  `-----BEGIN CERTIFICATE-----\n${(certificate.toString("base64").match(/.{1,64}/g) ?? []).join("\n")}\n-----END CERTIFICATE-----\n`;
