import { describe, expect, test } from "vitest";
import { ConnectError, XkitError, xkitError } from "../api/errors.ts";
import { cancelled } from "../connecting/connect-window.ts";
import { catalog as english } from "../languages/en.ts";
import { problemOf } from "./problems.ts";

const ERROR_CODES = `NETWORK UNAUTHENTICATED FORBIDDEN NOT_FOUND RATE_LIMITED TEMPORARILY_UNAVAILABLE UPSTREAM_UNAVAILABLE
  CONNECTOR_MISCONFIGURED BAD_USER_INPUT INTERNAL`.split(/\s+/);

describe("an error that was thrown", () => {
  test.each(ERROR_CODES)("with the code %s has a sentence of its own", (code) => {
    expect(problemOf(english, xkitError(code, "What was said."), "Slack").title).not.toBe("Something went wrong.");
  });

  test("and says which input or which line of the log it is about, says that too", () => {
    const details = ["BAD_USER_INPUT", "INTERNAL", "NETWORK"].map(
      (code) => problemOf(english, xkitError(code, "What was said."), "Slack").detail,
    );
    expect(details).toEqual(["What was said.", "What was said.", undefined]);
  });

  test("while connecting is told in the gateway's words", () => {
    const problem = { title: "Access was not granted.", advice: "Connect again.", isAlarm: false };
    expect(problemOf(english, new ConnectError("access_denied", "no", problem), "Slack")).toEqual(problem);
  });

  test("while connecting is never told in a provider's words", () => {
    const error = new ConnectError("something_new", "Call 0800 to go on.");
    expect(problemOf(english, error, "Slack")).toMatchObject({ title: "Slack could not be connected.", isAlarm: true });
    expect(JSON.stringify(problemOf(english, error, "Slack"))).not.toMatch(/0800[ .]/);
  });

  test("because the user did not finish connecting is no alarm", () => {
    expect(problemOf(english, cancelled(), "Slack")).toMatchObject({ title: "Slack was not connected.", isAlarm: false });
  });

  test.each([new Error("Odd."), new XkitError("__proto__", "Odd."), xkitError("NEW_CODE", "Odd.")])(
    "and is not known keeps its words",
    (error) => {
      expect(problemOf(english, error, "Slack")).toMatchObject({ title: "Something went wrong.", detail: "Odd." });
    },
  );
});
