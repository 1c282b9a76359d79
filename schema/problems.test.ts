import { describe, expect, it } from "vitest";
import { describeProblem, nameOfCode, toSentence } from "./problems.ts";

const UNKNOWN = "Slack could not be connected.";
/** RFC 6749 sections 4.1.2.1 and 5.2, RFC 8707, OpenID Connect Core section 3.1.2.6. */
const PROVIDER_CODES = `access_denied invalid_request unauthorized_client unsupported_response_type invalid_scope server_error
  temporarily_unavailable invalid_client invalid_grant unsupported_grant_type invalid_target
  login_required account_selection_required consent_required interaction_required`.split(/\s+/);
const GATEWAY_CODES =
  `account_mismatch account_unknown account_in_use disconnected moved internal interrupted token_rejected restored_backup
  issuer_mismatch state_mismatch missing_code invalid_callback
  unparsable redirected timeout aborted too_large unreachable connection_lost http_401 http_429 http_503`.split(/\s+/);
const titleOf = (code: string | null) => describeProblem("Slack", code, "attempt").title;

describe("an attempt to connect that failed", () => {
  it.each([...PROVIDER_CODES, ...GATEWAY_CODES])("has a sentence of its own for %s, and says what to do", (code) => {
    const { title, advice } = describeProblem("Slack", code, "attempt");
    expect(title).not.toBe(UNKNOWN);
    expect(advice).not.toBe("");
  });

  it.each(["something_new", "__proto__", "constructor", "toString", "http_418"])("names a code that is not known: %s", (code) => {
    expect(describeProblem("Slack", code, "attempt")).toMatchObject({ title: `Access to Slack was not granted (${code}).`, isAlarm: true });
    expect(nameOfCode(code)).toBeNull();
  });

  it.each(["call.0800.evil.example", "call-0800", "c".repeat(41), "a  b", null])("is described in our words alone for %s", (code) => {
    const problem = describeProblem("Slack", code, "attempt");
    expect(problem.title).toBe(UNKNOWN);
    expect(toSentence(problem)).not.toContain(code ?? "null");
    expect(nameOfCode(code)).toBeNull();
  });

  it("reads the same for every way in which the provider is away", () => {
    const codes = ["temporarily_unavailable", "timeout", "unreachable", "connection_lost", "unparsable", "http_500", "http_503"];
    expect(new Set(codes.map(titleOf))).toEqual(new Set(["Slack is not available right now."]));
  });

  it("is no alarm when the user has cancelled", () => {
    const codes = [...PROVIDER_CODES, ...GATEWAY_CODES, "user_cancelled_login", "user_canceled", "consent_declined"];
    const calm = codes.filter((code) => !describeProblem("Slack", code, "attempt").isAlarm);
    expect(calm).toEqual(["access_denied", "user_cancelled_login", "user_canceled", "consent_declined"]);
  });

  it.each(["invalid_client", "unauthorized_client", "invalid_scope", "invalid_request", "unsupported_grant_type", "invalid_target"])(
    "asks the reader to tell the operator with %s",
    (code) => expect(describeProblem("Slack", code, "attempt").advice).toContain("the people who run this app"),
  );
});

describe("a connection that was made", () => {
  it.each([...PROVIDER_CODES, ...GATEWAY_CODES, "expired", "short_lived", "unopened", null])(
    "is described by who can repair it, whatever the code: %s",
    (code) => {
      expect(describeProblem("Slack", code, "unavailable").advice).toContain("automatically");
      expect(describeProblem("Slack", code, "misconfigured").advice).toContain("the people who run this app");
      expect(describeProblem("Slack", code, "reconnect_required").advice).toContain("Reconnect");
    },
  );
});
