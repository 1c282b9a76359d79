import { importPKCS8, SignJWT } from "jose";

/** How a provider wants the assertion to be made that stands for a client or a user (RFC 7523 section 3). Texts may hold `{placeholders}`. */
export interface AssertionTemplate {
  readonly alg: string;
  /** The private key: PKCS #8 in PEM. */
  readonly key: string;
  readonly kid: string | null;
  readonly claims: Readonly<Record<string, string>>;
  readonly lifetimeSeconds: number;
}

/** The private key cannot be read. */
export class PrivateKeyError extends Error {}

/** Makes an assertion. What holds a value that is not known is left out. Throws `PrivateKeyError`. */
export async function createAssertion(
  template: AssertionTemplate,
  values: Readonly<Record<string, string>>,
  nowMs: number,
): Promise<string> {
  const issuedAt = Math.floor(nowMs / 1000);
  const filled = Object.entries(template.claims).map(([name, text]) => [name, fill(text, values)] as const);
  const kid = template.kid === null ? null : fill(template.kid, values);
  const key = await importKey(fill(template.key, values) ?? "", template.alg);
  return new SignJWT(Object.fromEntries(filled.filter(([, value]) => value !== null)))
    .setProtectedHeader({ alg: template.alg, typ: "JWT", ...(kid !== null && { kid }) })
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + template.lifetimeSeconds)
    .sign(key);
}

/** A key that was copied out of a JSON file has its line breaks as `\n`, and a text field drops them. */
function importKey(text: string, alg: string) {
  const pem = text.replaceAll(String.raw`\n`, "\n").trim();
  return importPKCS8(pem, alg).catch((cause: unknown) => {
    throw new PrivateKeyError("The private key cannot be read.", { cause });
  });
}

/** Null where a value is not known, or empty. */
function fill(template: string, values: Readonly<Record<string, string>>): string | null {
  let isComplete = true;
  const filled = template.replaceAll(/\{(\w+)\}/g, (_match, name: string) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    isComplete &&= value !== undefined && value !== "";
    return value ?? "";
  });
  return isComplete ? filled : null;
}
