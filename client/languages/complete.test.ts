/** Every sentence that an end user reads is of a language's file. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseAst } from "rolldown/parseAst";
import { describe, expect, it } from "vitest";
import * as de from "./de.ts";
import * as en from "./en.ts";

const read = (folder: string, ending: string): [name: string, source: string][] => {
  const path = fileURLToPath(new URL(folder, import.meta.url));
  const isOne = (name: string) => name.endsWith(ending) && !name.includes(".test.");
  return readdirSync(path)
    .filter(isOne)
    .map((name) => [name, readFileSync(`${path}${name}`, "utf8")]);
};

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

/** Each node of a syntax tree. */
function* nodesOf(value: unknown): Generator<Record<string, unknown>> {
  if (Array.isArray(value)) for (const one of value) yield* nodesOf(one);
  else if (isObject(value)) {
    if (typeof value["type"] === "string") yield value;
    for (const child of Object.values(value)) yield* nodesOf(child);
  }
}

const hasWords = (text: unknown): boolean => typeof text === "string" && /\p{L}{2}/u.test(text);
/** Attributes that are read out or shown. */
const SPOKEN = new Set(["aria-label", "aria-description", "placeholder", "title", "alt"]);

function literalsIn(source: string): string[] {
  return [...nodesOf(parseAst(source, { lang: "tsx" }))].flatMap((node) => {
    if (node["type"] === "JSXText" && hasWords(node["value"])) return [String(node["value"]).trim()];
    const { name, value } = node;
    const isSpoken = node["type"] === "JSXAttribute" && isObject(name) && SPOKEN.has(String(name["name"]));
    return isSpoken && isObject(value) && hasWords(value["value"]) ? [String(value["value"])] : [];
  });
}

/** What `html` writes between its tags. */
function wordsIn(source: string): string[] {
  return [...nodesOf(parseAst(source, { lang: "ts" }))].flatMap((node) => {
    const { type, tag, quasi } = node;
    if (type !== "TaggedTemplateExpression" || !isObject(tag) || tag["name"] !== "html" || !isObject(quasi)) return [];
    const quasis = Array.isArray(quasi["quasis"]) ? quasi["quasis"] : [];
    const text = quasis.map((one: { value: { raw: string } }) => one.value.raw).join("…");
    return (
      text
        .replaceAll(/<[^>]*>/g, "|")
        // Attributes, in a template of their own.
        .replaceAll(/[\w-]+="[^"]*"|autofocus/g, "")
        .split("|")
        .filter(hasWords)
        .map((words) => words.trim())
    );
  });
}

describe("no sentence is written", () => {
  it.each(read("../catalog/", ".tsx"))("in the catalog's %s", (_name, source) => expect(literalsIn(source)).toEqual([]));

  /** Of the sign-in link, which is for developers. */
  const pages = read("../../gateway/connect/", ".ts").filter(([name]) => name !== "sign-in.ts");
  it.each(pages)("in the pages' %s", (_name, source) => expect(wordsIn(source)).toEqual([]));
});

/** Every sentence by its place, functions called with what names itself. */
function sentencesOf(value: unknown, path: string): [path: string, sentence: string][] {
  if (typeof value === "string") return [[path, value]];
  if (typeof value === "function") return sentencesOf(value("§", "§", "§"), path);
  return isObject(value) ? Object.entries(value).flatMap(([name, one]) => sentencesOf(one, `${path}.${name}`)) : [];
}

describe("German", () => {
  const english = new Map(sentencesOf(en, "en"));
  /** The same in both languages. */
  const same = new Set(["(optional)", "Team §", "Filter", "Design", "Marketing", "Integration"]);

  it("is not English", () => {
    const left = sentencesOf(de, "en").filter(([path, sentence]) => english.get(path) === sentence && !same.has(sentence));
    expect(left).toEqual([]);
  });

  it("addresses its reader formally, and quotes as German does", () => {
    const all = sentencesOf(de, "de").map(([, sentence]) => sentence);
    expect(all.filter((sentence) => /\b(du|dein\w*|dich|dir)\b/.test(sentence))).toEqual([]);
    expect(all.filter((sentence) => /[“”"].*[“”"]|\w\.\.\.|\p{L}…/u.test(sentence) && !sentence.includes("„"))).toEqual([]);
  });
});
