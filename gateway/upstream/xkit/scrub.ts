/** Shortest secret that is looked for: a shorter one may be a part of an ordinary word. */
const SHORTEST_SECRET = 8;
/** Shortest value of a typed field that is looked for: a shorter one, as a subdomain, rightly stands in an account's name. */
const SHORTEST_FIELD = 16;

/**
 * Whether a token or a credential of a parsed answer stands anywhere in it but in its own place: as it is, or encoded. Looked at before the
 * answer is read, so that a list that carries tokens is seen, too.
 */
export function repeatsSecret(json: unknown): boolean {
  const secrets = secretsOf(json);
  if (secrets.length === 0) return false;
  const spellings = secrets.flatMap(spellingsOf);
  return otherTextsOf(json).some((text) => spellings.some((spelling) => text.includes(spelling)));
}

const isMembered = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

const isText = (value: unknown): value is string => typeof value === "string";

const secretsOf = (json: unknown): string[] =>
  membersOf(json).flatMap(([name, value]) => {
    if (!isPlace(name)) return [];
    if (isText(value)) return value.length >= SHORTEST_SECRET ? [value] : [];
    const fields = name === "credential" && isMembered(value) ? Object.values(value).filter(isText) : [];
    return fields.filter(({ length }) => length >= SHORTEST_FIELD);
  });

/** Every text but tokens and credentials in their own places, the names of members among them: metadata has names of the provider's. */
const otherTextsOf = (json: unknown): string[] =>
  membersOf(json, isPlace).flatMap(([name, value]) => (isText(value) ? [name, value] : [name]));

/** Where a token or a credential belongs. */
const isPlace = (name: string): boolean => name === "access_token" || name === "credential" || name === "authorization_header";

/** Every member at every depth, by name, but those that are left out, with all that they hold. Not recursive: an answer may be deep. */
function membersOf(json: unknown, isLeftOut: (name: string) => boolean = () => false): [string, unknown][] {
  const found: [string, unknown][] = [["", json]];
  for (const [, value] of found) {
    if (!isMembered(value)) continue;
    for (const member of Object.entries(value)) if (!isLeftOut(member[0])) found.push(member);
  }
  return found;
}

/** A secret as it is, as a part of an address, of JSON, and of base64, wherever it stands in that. */
function spellingsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const encoded = [0, 1, 2].flatMap((skipped) => {
    const rest = bytes.subarray(skipped);
    const whole = rest.subarray(0, rest.length - (rest.length % 3));
    return [whole.toString("base64"), whole.toString("base64url")];
  });
  const spellings = [secret, encodeURIComponent(bytes.toString()), JSON.stringify(secret).slice(1, -1), ...encoded];
  return [...new Set(spellings)].filter(({ length }) => length >= SHORTEST_SECRET);
}
