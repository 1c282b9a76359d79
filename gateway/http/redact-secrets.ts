/** Shortest piece of a secret that is looked for, in bytes. A shorter secret is looked for as a whole. */
export const SHORTEST_PIECE = 8;

/** Shortest secret that is looked for in a text, in bytes: shorter ones would blot out ordinary words. */
const SHORTEST_SECRET = 4;

/** One byte of a text in one way to read it, as a character, and which part of the text it stands for. */
interface Unit {
  byte: string;
  start: number;
  end: number;
}

/** What a provider can make of a character: `%2F`, `\/`, `\u002f`. */
const percentEncoded = /^%([\da-f]{2})/i;
const jsonEscaped = /^\\(?:u([\da-f]{4})|(["\\/bfnrt]))/i;
const jsonEscapes: Readonly<Record<string, string>> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };

/**
 * A text in which every secret is `[redacted]`, and every piece of one of 8 bytes and more: as it is, and percent-encoded, escaped as in
 * JSON, or in base64, each also within another. The work grows with the lengths of the text and the secrets.
 */
export function redactSecrets(text: string, secrets: readonly string[]): string {
  const forms = secrets.flatMap(formsOf);
  if (forms.length === 0) return text;
  const isHidden = new Uint8Array(text.length);
  for (const units of readingsOf(text)) markForms(units, forms, isHidden);
  let hidden = "";
  for (let index = 0; index < text.length; index += 1) {
    if (!isHidden[index]) hidden += text[index] ?? "";
    else if (index === 0 || !isHidden[index - 1]) hidden += "[redacted]";
  }
  return hidden;
}

const bytesOf = (text: string): string => Buffer.from(text).toString("latin1");

/** A secret's bytes, and what base64 makes of them wherever in a longer text they stand. */
function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  if (bytes.length < SHORTEST_SECRET) return [];
  const encoded = [0, 1, 2].flatMap((skipped) => {
    const rest = bytes.subarray(skipped);
    return [rest.toString("base64").replaceAll("=", ""), rest.toString("base64url")];
  });
  return [...new Set([bytes.toString("latin1"), ...encoded])].filter((form) => form.length >= SHORTEST_SECRET);
}

/** The text as it is, and with its escapes undone, in either order. */
function readingsOf(text: string): Unit[][] {
  const plain: Unit[] = [];
  let end = 0;
  for (const character of text) {
    const start = end;
    end += character.length;
    for (const byte of bytesOf(character)) plain.push({ byte, start, end });
  }
  const [percent, json] = [decode(plain, readPercent), decode(plain, readJson)];
  return [plain, percent, json, decode(percent, readJson), decode(json, readPercent)];
}

type Read = (text: string) => { bytes: string; length: number } | null;

const readPercent: Read = (text) => {
  const [whole, digits] = percentEncoded.exec(text) ?? [];
  return whole && digits ? { bytes: String.fromCharCode(parseInt(digits, 16)), length: whole.length } : null;
};

const readJson: Read = (text) => {
  const [whole, digits, letter] = jsonEscaped.exec(text) ?? [];
  if (!whole) return null;
  if (letter) return { bytes: jsonEscapes[letter] ?? letter, length: whole.length };
  const [, next] = jsonEscaped.exec(text.slice(whole.length)) ?? [];
  const unit = parseInt(digits ?? "", 16);
  const isPair = unit >= 0xd800 && unit < 0xdc00 && next !== undefined;
  const character = String.fromCharCode(unit, ...(isPair ? [parseInt(next, 16)] : []));
  return { bytes: bytesOf(character), length: whole.length * (isPair ? 2 : 1) };
};

/** Longest escape that `Read` looks at: a surrogate pair, `\ud83d\ude00`. */
const LONGEST_ESCAPE = 12;

function decode(units: readonly Unit[], read: Read): Unit[] {
  const text = units.map(({ byte }) => byte).join("");
  const decoded: Unit[] = [];
  for (let index = 0; index < units.length;) {
    const found = read(text.slice(index, index + LONGEST_ESCAPE));
    const length = found?.length ?? 1;
    const [start, end] = [units[index]?.start ?? 0, units[index + length - 1]?.end ?? 0];
    for (const byte of found?.bytes ?? text[index] ?? "") decoded.push({ byte, start, end });
    index += length;
  }
  return decoded;
}

function markForms(units: readonly Unit[], forms: readonly string[], isHidden: Uint8Array): void {
  const text = units.map(({ byte }) => byte).join("");
  const mark = (from: number, length: number) => {
    for (const { start, end } of units.slice(from, from + length)) isHidden.fill(1, start, end);
  };
  const places = new Map<string, number[]>();
  for (let index = 0; index + SHORTEST_PIECE <= text.length; index += 1) {
    const piece = text.slice(index, index + SHORTEST_PIECE);
    const known = places.get(piece);
    if (known) known.push(index);
    else places.set(piece, [index]);
  }
  for (const form of forms) {
    if (form.length < SHORTEST_PIECE) for (let at = text.indexOf(form); at >= 0; at = text.indexOf(form, at + 1)) mark(at, form.length);
    for (let index = 0; index + SHORTEST_PIECE <= form.length; index += 1) {
      const piece = form.slice(index, index + SHORTEST_PIECE);
      for (const at of places.get(piece) ?? []) mark(at, SHORTEST_PIECE);
      places.delete(piece);
    }
  }
}
