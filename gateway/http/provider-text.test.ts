import { describe, expect, it } from "vitest";
import { redactProviderText, toErrorCode } from "./provider-text.ts";

describe("redactProviderText", () => {
  it("keeps plain words", () => {
    expect(redactProviderText("Token has been expired or revoked.", [])).toBe("Token has been expired or revoked.");
  });

  it("turns control characters, line breaks and quotation marks into spaces", () => {
    expect(redactProviderText('a\u0000\n\u001b[31m "b"\u202e', [])).toBe("a [31m b");
  });

  it("keeps at most 200 characters", () => {
    expect(redactProviderText("word ".repeat(100), [])).toHaveLength(200);
  });

  it("hides what was sent, plain and percent-encoded", () => {
    expect(redactProviderText("refused s3/cret and s3%2Fcret", ["s3/cret"])).toBe("refused [redacted] and [redacted]");
  });

  it("hides what looks like a token, or like a piece of one", () => {
    expect(redactProviderText("token 1//0gAbCdEfGhIjKlMnOpQr is bad", [])).toBe("token [redacted] is bad");
  });

  it.each([
    ["without a digit", "key_bQxWvGhTzLmNpRsKdFyJcA"],
    ["in lower case", "abcdefabcdefabcdefab"],
    ["of digits alone", "12345678901234567890"],
    ["in two parts", "abCDefGHij-KLmnOPqrST"],
    ["behind a word", "refresh_token=qWeRtYuIoPaSdFgHjKlZ"],
  ])("hides a token that it has not heard of: %s", (_, token) => {
    expect(redactProviderText(`token ${token} is bad`, [])).toBe("token [redacted] is bad");
  });

  it.each(["//accounts.example/oauth/authorize", "userNotFoundWithinDirectory", "TEMPORARILY_UNAVAILABLE", "offline_access+read.write"])(
    "keeps the name %s",
    (name) => {
      expect(redactProviderText(`see ${name} for more`, [])).toBe(`see ${name} for more`);
    },
  );

  it("hides a secret that is longer than what is kept", () => {
    const secret = "a-secret-with-words-and-1-digit-".repeat(50);
    expect(redactProviderText(`no ${secret}`, [secret])).toBe("no [redacted]");
  });

  it("is fast with a hostile text", () => {
    const startedAt = performance.now();
    redactProviderText("a".repeat(1_000_000), ["secret"]);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });

  it.each([undefined, "", "  \n "])("answers null for %j", (text) => {
    expect(redactProviderText(text, [])).toBeNull();
  });
});

describe("toErrorCode", () => {
  it.each(["invalid_grant", "AADSTS700082", "oauth.error:12", "temporarily_unavailable"])("keeps %s", (code) => {
    expect(toErrorCode(code, ["some-secret"])).toBe(code);
  });

  it.each([
    "two words",
    "<b>",
    "x".repeat(65),
    "",
    "the-secret-itself",
    "has-the-secret-itself-in-it",
    "secret-it",
    "bQxWvGhTzLmNpRsKdFyJcA",
  ])("replaces %j", (code) => {
    expect(toErrorCode(code, ["the-secret-itself"])).toBe("unknown_error");
  });
});
