import { describe, expect, it } from "vitest";
import { isLong } from "../../test/support/long.ts";
import { redactSecrets, SHORTEST_PIECE } from "./redact-secrets.ts";

/** A generator of numbers in [0, 1) that gives the same ones in every run (mulberry32). */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const ALPHABETS = [
  "abcdefghijklmnopqrstuvwxyz",
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=",
  "0123456789",
  `!"#$%&'()*+,-./:;<=>?@[\\]^_{|}~ aZ9`,
  "äöüé€漢字😀aZ9\u0001\n",
].map((characters) => Array.from(characters));

const percentAll = (text: string) => [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
const unicodeAll = (text: string) => text.replaceAll(/[^]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
const json = (text: string) => JSON.stringify(text).slice(1, -1);
const base64 = (text: string) => Buffer.from(text).toString("base64");
const SPELLINGS: Readonly<Record<string, (text: string) => string>> = {
  plain: (text) => text,
  "percent-encoded": encodeURIComponent,
  "percent-encoded as a form": (text) => new URLSearchParams([["", text]]).toString().slice(1).replaceAll("+", "%20"),
  "percent-encoded throughout": percentAll,
  "escaped as in JSON": json,
  "escaped as in JSON throughout": unicodeAll,
  "in base64": base64,
  "in base64url": (text) => Buffer.from(text).toString("base64url"),
  "in base64 behind other bytes": (text) => base64(`id:${text}`),
  "in base64, percent-encoded": (text) => encodeURIComponent(base64(text)),
  "percent-encoded within JSON": (text) => json(encodeURIComponent(text)),
  "escaped as in JSON, percent-encoded": (text) => encodeURIComponent(json(text)),
};

/** Pieces that must not be left: 8 characters, or as much of base64 as 8 bytes fill wherever they stand. */
const piecesOf = (spelled: string, isBase64: boolean): string[] => {
  const length = isBase64 ? Math.ceil((SHORTEST_PIECE * 4) / 3) + 1 : SHORTEST_PIECE;
  return Array.from({ length: Math.max(0, spelled.length - length + 1) }, (_, at) => spelled.slice(at, at + length));
};

describe("redactSecrets", () => {
  it.each(Object.entries(SPELLINGS))("leaves no piece of many secrets, whole or in part, when they are %s", (name, spell) => {
    const random = createRandom(name.length);
    const pick = <Value>(values: readonly Value[]): Value | undefined => values[Math.floor(random() * values.length)];
    for (let count = 0; count < (isLong ? 2_000 : 400); count += 1) {
      const alphabet = pick(ALPHABETS) ?? [];
      const characters = Array.from({ length: SHORTEST_PIECE + Math.floor(random() * 40) }, () => pick(alphabet) ?? "");
      const from = Math.floor(random() * (characters.length - SHORTEST_PIECE + 1));
      const to = from + SHORTEST_PIECE + Math.floor(random() * (characters.length - from - SHORTEST_PIECE + 1));
      const secret = characters.join("");
      const piece = spell(characters.slice(from, to).join(""));
      const hidden = redactSecrets(`Refused: ${piece}, sorry.`, ["another secret", secret]);
      const left = piecesOf(piece, name.includes("base64")).filter((each) => hidden.includes(each));
      expect({ secret, piece, hidden, left }).toMatchObject({ left: [] });
      expect(hidden).toContain("[redacted]");
    }
  });

  it("keeps what is no secret", () => {
    const text = "The refresh token of 50% \\ of users is invalid. See https://docs.example/%20a?b=1";
    expect(redactSecrets(text, ["c4t-on-a-mat-9", "7"])).toBe(text);
  });

  it("hides a short secret as a whole, and none that is shorter than four characters", () => {
    expect(redactSecrets("key ab12c of abc", ["ab12c", "abc"])).toBe("key [redacted] of abc");
  });

  it("is fast with the longest texts and secrets", () => {
    const startedAt = performance.now();
    const hidden = redactSecrets("a".repeat(2_000), ["a".repeat(65_536), "ab".repeat(32_768)]);
    expect(hidden).toBe("[redacted]");
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });
});
