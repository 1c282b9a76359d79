import { expect, it } from "vitest";
import { isUnavailable } from "./unavailable.ts";

const coded = (code: string) => Object.assign(new Error("from a driver"), { code });

it.each([
  "ECONNREFUSED",
  "ENOSPC",
  "EPIPE",
  "57P01",
  "08006",
  "53300",
  "25006",
  "25P04",
  "55000",
  "SQLITE_BUSY",
  "SQLITE_IOERR_WRITE",
  "SQLITE_FULL",
])("an error means that the store is unavailable: %s", (code) => {
  expect(isUnavailable(coded(code))).toBe(true);
});

it.each(["ERR_INVALID_ARG_TYPE", "23505", "42P01", "SQLITE_CONSTRAINT_UNIQUE", "SQLITE_ERROR", ""])(
  "an error means that the statement or the program is wrong: %s",
  (code) => {
    expect(isUnavailable(coded(code))).toBe(false);
  },
);
