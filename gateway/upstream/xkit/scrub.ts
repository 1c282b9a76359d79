/** Shortest secret that is looked for: a shorter one may be a part of an ordinary word. */
const SHORTEST_SECRET = 8;
/** Shortest value of a typed field that is looked for: a shorter one, as a subdomain, rightly stands in an account's name. */
const SHORTEST_FIELD = 16;

/**
 * Whether a token or a credential of a parsed answer stands anywhere in it but in its own place: as it is, or encoded. Looked at before the
 * answer is read, so that a list that carries tokens is seen, too.
 */
export function repeatsSecret(json: unknown): boolean {
  const { secrets, texts } = sort(json);
  if (secrets.length === 0) return false;
  const all = texts.join(SEPARATOR);
  return secrets.some((secret) => spellingsOf(secret).some((spelling) => all.includes(spelling)));
}

/** Between texts that are looked through at once. */
const SEPARATOR = "\0";

const isMembered = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

const isText = (value: unknown): value is string => typeof value === "string";

/** Where a token or a credential belongs. */
const isPlace = (name: string): boolean => name === "access_token" || name === "credential" || name === "authorization_header";

/** The secrets in a place of theirs. */
function secretsAt(name: string, value: unknown): string[] {
  if (isText(value)) return value.length >= SHORTEST_SECRET ? [value] : [];
  const fields = name === "credential" && isMembered(value) ? Object.values(value).filter(isText) : [];
  return fields.filter(({ length }) => length >= SHORTEST_FIELD);
}

/**
 * Every secret, and every text but those in places of secrets, the names of members among them: metadata has names of the provider's. Not
 * recursive: an answer may be deep.
 */
function sort(json: unknown): { secrets: string[]; texts: string[] } {
  const secrets: string[] = [];
  const texts: string[] = [];
  const found: { value: unknown; isHidden: boolean }[] = [{ value: json, isHidden: false }];
  for (const { value: holder, isHidden: isHolderHidden } of found) {
    if (!isMembered(holder)) continue;
    for (const name of Object.keys(holder)) {
      const value = holder[name];
      const isSecret = isPlace(name);
      if (isSecret) secrets.push(...secretsAt(name, value));
      const isHidden = isHolderHidden || isSecret;
      if (!isHidden) texts.push(name);
      if (!isText(value)) found.push({ value, isHidden });
      else if (!isHidden) texts.push(value);
    }
  }
  return { secrets, texts };
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
