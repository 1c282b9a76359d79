import { describe, expect, it } from "vitest";
import { refusals as en } from "../../client/languages/en.ts";
import { describeRule, labelRule, readValue } from "./variable-value.ts";

const host = { ...labelRule, may: "host" } as const;
const zendesk = { ...labelRule, strip: ".zendesk.com" };

describe("a value that is one label of a host name", () => {
  it.each([
    "acme",
    " Acme ",
    "acme.zendesk.com",
    "https://acme.zendesk.com/",
    "https://acme.zendesk.com/agent?x=1#y",
    "acme.zendesk.com/agent",
  ])("is trimmed out of what was pasted: %j", (text) => {
    expect(readValue(zendesk, text)).toBe("acme");
  });

  it.each([
    "",
    "-a",
    "a b",
    "a.b",
    "a@b",
    "a:1",
    "https://user@acme.zendesk.com/",
    "https://acme.zendesk.com:8443/",
    "https://acme.evil.example/",
    "{x}",
  ])("is nothing else: %j", (text) => {
    expect(readValue(zendesk, text)).toBeNull();
  });
});

describe("a value that is a whole host", () => {
  it.each([
    ["gitlab.acme.com", "gitlab.acme.com"],
    ["https://GitLab.acme.com/", "gitlab.acme.com"],
    ["https://na1.salesforce.com", "na1.salesforce.com"],
  ])("is a public name, without its scheme and path: %j", (text, name) => {
    expect(readValue(host, text)).toBe(name);
  });

  it.each([
    "localhost",
    "a.localhost",
    "https://localhost/",
    "127.0.0.1",
    "10.0.0.8",
    "[::1]",
    "https://[::1]/",
    "0x7f.1",
    "2130706433",
    "https://2130706433/",
    "169.254.169.254",
  ])("is no loopback name and no address: %j", (text) => {
    expect(readValue(host, text)).toBeNull();
  });

  it.each([
    "intranet",
    "gitlab.local",
    "metadata.google.internal",
    "nas.home.arpa",
    "git.corp",
    "a.com:8080",
    "a.com@b",
    "a..com",
    "a.com.",
  ])("is no name of a private network, and has no port: %j", (text) => {
    expect(readValue(host, text)).toBeNull();
  });

  it("may be private where the operator lists it", () => {
    const rule = { ...host, allowedHosts: ["gitlab.corp", "10.0.0.8"] };
    expect(readValue(rule, "https://gitlab.corp/")).toBe("gitlab.corp");
    expect(readValue(rule, "10.0.0.8")).toBe("10.0.0.8");
    expect(readValue(rule, "other.corp")).toBeNull();
  });
});

describe("a value that is a path segment or a parameter", () => {
  it("is kept as it is, within its bounds", () => {
    expect(readValue({ ...labelRule, may: "path" }, "a/B c")).toBe("a/B c");
    for (const text of [".", "..", "a\u0000", "x".repeat(256)]) expect(readValue({ ...labelRule, may: "path" }, text)).toBeNull();
    expect(readValue({ ...labelRule, may: "param" }, "x".repeat(2_048))).toHaveLength(2_048);
    expect(readValue({ ...labelRule, may: "param" }, "x".repeat(2_049))).toBeNull();
    expect(readValue({ ...labelRule, may: "param", isSecret: true }, "x".repeat(8_192))).toHaveLength(8_192);
    expect(readValue({ ...labelRule, may: "param", isSecret: true }, "x".repeat(8_193))).toBeNull();
  });
});

describe("enum and pattern", () => {
  it("hold the value after it was trimmed", () => {
    const rule = { ...host, enum: ["accounts.zoho.com", "accounts.zoho.eu"] };
    expect(readValue(rule, "https://accounts.zoho.eu")).toBe("accounts.zoho.eu");
    expect(readValue(rule, "https://accounts.evil.example")).toBeNull();
    expect(describeRule(en, "Data center", rule)).toBe("Data center must be one of accounts.zoho.com, accounts.zoho.eu.");
    expect(readValue({ ...labelRule, may: "path", pattern: /^\d+$/ }, "12")).toBe("12");
    expect(readValue({ ...labelRule, may: "path", pattern: /^\d+$/ }, "12/..")).toBeNull();
  });
});
