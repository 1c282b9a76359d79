import { describe, expect, it } from "vitest";
import { parseJson } from "./json.ts";

describe("parseJson", () => {
  it("keeps every digit of an integer that a number would round", () => {
    expect(parseJson('{"id":9007199254740993,"ids":[-9007199254740993]}')).toEqual({ id: "9007199254740993", ids: ["-9007199254740993"] });
  });

  it.each(["9007199254740991", "0", "-1", "1.5", "1e3", "1e300", "0.1", "true", "null", '"9"', "[]", '{"a":{"b":[1]}}'])(
    "reads %s as JSON.parse does",
    (text) => {
      expect(parseJson(text)).toEqual(JSON.parse(text));
    },
  );

  it("takes the last of two members with one name", () => {
    expect(parseJson('{"access_token":"a","access_token":"b"}')).toEqual({ access_token: "b" });
  });

  it("sets no prototype", () => {
    expect(Object.getPrototypeOf(parseJson('{"__proto__":{"a":1}}'))).toBe(Object.prototype);
  });

  it.each(["", "{", "<html>", "{'a':1}", "[1,]", "01", "NaN"])("refuses %j", (text) => {
    expect(() => parseJson(text)).toThrow(SyntaxError);
  });

  it("reads what is nested ten thousand deep", () => {
    expect(parseJson("[".repeat(10_000) + "]".repeat(10_000))).toBeInstanceOf(Array);
  });
});
