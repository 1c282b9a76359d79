import { describe, expect, it } from "vitest";
import { providerSchema } from "../providers/provider.ts";
import { type ErrorAnswer, findDeclaredError } from "./error-rules.ts";

const endpoints = { authorization_endpoint: "https://as.test/authorize", token_endpoint: "https://as.test/token" };
const find = (errors: readonly object[], answer: Partial<ErrorAnswer>) =>
  findDeclaredError(providerSchema.parse({ ...endpoints, errors }).protocol, { operation: "refresh", status: 400, body: {}, ...answer });

const operations = ["authorize", "exchange", "refresh", "check"] as const;

describe("a declared error", () => {
  it.each(operations)("acts on the operation that it names alone: %s", (on) => {
    const means = (operation: ErrorAnswer["operation"]) =>
      find([{ on, match: "asleep", means: "temporary" }], { operation, body: { error: "asleep" } });
    expect(operations.filter((operation) => means(operation) !== null)).toEqual([on]);
  });

  it.each(operations)("acts on every operation where it names none: %s", (operation) => {
    expect(find([{ match: "asleep", means: "temporary" }], { operation, body: { error: "asleep" } })).toBe("temporarily_unavailable");
  });

  it("means another thing by operation, and the first that fits decides", () => {
    const rules = [
      { on: "refresh", match: "gone", means: "revoked" },
      { on: "exchange", match: "gone", means: "misconfigured" },
      { match: "gone", means: "denied" },
    ];
    const means = (operation: ErrorAnswer["operation"]) => find(rules, { operation, body: { code: "gone" } });
    expect(operations.map(means)).toEqual(["access_denied", "invalid_client", "invalid_grant", "access_denied"]);
  });

  it.each([
    [{ status: 409 }, { status: 409 }, true],
    [{ status: 409 }, { status: 400 }, false],
    [{ path: "error.code", match: 190 }, { body: { error: { code: 190 } } }, true],
    [{ path: "error.code", match: 190 }, { body: { code: 190 } }, false],
    [{ path: "fault" }, { body: { fault: {} } }, true],
    [{ path: "fault" }, { body: { other: {} } }, false],
    [{ match: ["a", "b"] }, { body: { error: { reason: "b" } } }, true],
    [{ match: "b", status: 401 }, { status: 403, body: { error: "b" } }, false],
    [{}, { body: { error: "b" } }, false],
  ])("with %j fits %j: %s", (rule, answer, fits) => {
    expect(find([{ ...rule, means: "revoked" }], answer)).toBe(fits ? "invalid_grant" : null);
  });
});
