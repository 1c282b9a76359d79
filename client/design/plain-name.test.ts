import { expect, it } from "vitest";
import { plainName } from "./plain-name.ts";

it("has nothing that is invisible or turns the direction of text, and keeps what scripts and emoji need", () => {
  expect(plainName("a\u202Emoc.elgoog@nimda\u202C")).toBe("amoc.elgoog@nimda");
  expect(plainName("\u2067A\u2069\u200b\ufeff \u0007B\u00ad")).toBe("A B");
  expect(plainName("\u202e\u200b")).toBeNull();
  for (const name of ["محمد علي", "می\u200cخواهم", "👩‍👩‍👧‍👦 Family", "א\u200fB", "Zoë"]) expect(plainName(name)).toBe(name);
});
