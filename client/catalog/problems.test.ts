import { describe, expect, test } from "vitest";
import { ConnectError, XkitError, xkitError } from "../errors.ts";
import { authorizationProblem, problemOf } from "./problems.ts";

const UNKNOWN = "Slack could not be connected.";
/** RFC 6749 sections 4.1.2.1 and 5.2, RFC 8707, OpenID Connect Core section 3.1.2.6. */
const PROVIDER_CODES = `access_denied invalid_request unauthorized_client unsupported_response_type invalid_scope server_error
  temporarily_unavailable invalid_client invalid_grant unsupported_grant_type invalid_target
  login_required account_selection_required consent_required interaction_required`.split(/\s+/);
const GATEWAY_CODES = `account_mismatch account_unknown disconnected moved cancelled internal
  issuer_mismatch state_mismatch missing_code invalid_callback
  unparsable redirected timeout aborted too_large unreachable connection_lost http_401 http_429 http_503`.split(/\s+/);
const ERROR_CODES = `NETWORK UNAUTHENTICATED FORBIDDEN NOT_FOUND RATE_LIMITED TEMPORARILY_UNAVAILABLE UPSTREAM_UNAVAILABLE
  CONNECTOR_MISCONFIGURED BAD_USER_INPUT INTERNAL`.split(/\s+/);

const titleOf = (code: string | null) => authorizationProblem("Slack", code, "What the provider said.").title;

describe("an authorization's error", () => {
  test.each([...PROVIDER_CODES, ...GATEWAY_CODES])("%s has a sentence of its own, and says what to do", (code) => {
    const { title, advice, detail } = authorizationProblem("Slack", code, "What the provider said.");
    expect(title).not.toBe(UNKNOWN);
    expect(advice).not.toBe("");
    expect(detail).toBeUndefined();
  });

  test.each(["something_new", "__proto__", "constructor", "toString", "http_418", null])("%s is told in the provider's words", (code) => {
    expect(authorizationProblem("Slack", code, "What the provider said.")).toMatchObject({
      title: UNKNOWN,
      detail: "What the provider said.",
    });
  });

  test("reads the same where the provider is not there, however that shows", () => {
    const codes = ["temporarily_unavailable", "timeout", "unreachable", "connection_lost", "unparsable", "http_500", "http_503"];
    expect(new Set(codes.map(titleOf))).toEqual(new Set(["Slack is not available right now."]));
  });

  test.each(["invalid_client", "unauthorized_client", "invalid_scope", "invalid_request", "unsupported_grant_type", "invalid_target"])(
    "%s is for the operator, whom the reader is to tell",
    (code) => expect(authorizationProblem("Slack", code, null).advice).toContain("the people who run this app"),
  );
});

describe("an error that was thrown", () => {
  test.each(ERROR_CODES)("with the code %s has a sentence of its own", (code) => {
    expect(problemOf(xkitError(code, "What was said."), "Slack").title).not.toBe("Something went wrong.");
  });

  test("and says which input or which line of the log it is about, says that too", () => {
    const details = ["BAD_USER_INPUT", "INTERNAL", "NETWORK"].map((code) => problemOf(xkitError(code, "What was said."), "Slack").detail);
    expect(details).toEqual(["What was said.", "What was said.", undefined]);
  });

  test("while connecting is told as the authorization's", () => {
    expect(problemOf(new ConnectError("access_denied", "no"), "Slack")).toEqual(authorizationProblem("Slack", "access_denied", "no"));
  });

  test.each([new Error("Odd."), new XkitError("__proto__", "Odd."), xkitError("NEW_CODE", "Odd.")])(
    "and is not known keeps its words",
    (error) => {
      expect(problemOf(error, "Slack")).toMatchObject({ title: "Something went wrong.", detail: "Odd." });
    },
  );
});
